import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('collections_app', '0020_letters_of_tags'),
    ]

    operations = [
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
                'constraints': [models.UniqueConstraint(fields=('collection', 'tag', 'slot'), name='tag_total_once_per_tag')],
            },
        ),
    ]
