import django.db.models.deletion
from django.db import migrations, models


def compare_groups_again(apps, schema_editor):
    """The rule for the picture to keep has changed, so the keepers of the stored groups may be others."""
    compared = apps.get_model("collections_app", "ComparedImage").objects.filter(group__isnull=False)
    apps.get_model("collections_app", "Image").objects.filter(pk__in=compared.values("pk")).update(compared_at=None)


class Migration(migrations.Migration):

    dependencies = [
        ('collections_app', '0022_favourite'),
    ]

    operations = [
        migrations.AddField(
            model_name='image',
            name='processing',
            field=models.PositiveSmallIntegerField(editable=False, help_text='How much the file was processed since the camera: 0 is a raw file.', null=True),
        ),
        migrations.CreateModel(
            name='TagTotal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('tag', models.CharField(max_length=200)),
                ('slot', models.BigIntegerField(default=0)),
                ('image_count', models.IntegerField()),
                ('collection', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='tag_totals', to='collections_app.collection')),
            ],
            options={
                'indexes': [models.Index(fields=['collection', 'tag', 'image_count'], name='tag_total_by_collection')],
                'constraints': [models.UniqueConstraint(fields=('collection', 'tag', 'slot'), name='tag_total_once_per_tag')],
            },
        ),
        migrations.RunPython(compare_groups_again, migrations.RunPython.noop),
    ]
