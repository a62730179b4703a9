"""Add the totals of images, and indexes for reading pages of pictures from any place.

apps.py creates the triggers that write the totals, and counts the images, after all migrations.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('collections_app', '0016_stored_names'),
    ]

    operations = [
        migrations.CreateModel(
            name='ImageTotal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uploader_id', models.BigIntegerField(default=0)),
                ('is_trashed', models.BooleanField()),
                ('index_state', models.CharField(choices=[('pending', 'Waiting'), ('indexed', 'Searchable'), ('failed', 'Failed')], max_length=10)),
                ('index_model_key', models.CharField(max_length=200)),
                ('slot', models.BigIntegerField(default=0)),
                ('image_count', models.IntegerField()),
                ('byte_size', models.BigIntegerField()),
            ],
        ),
        migrations.RemoveIndex(
            model_name='image',
            name='image_not_indexed',
        ),
        migrations.RemoveIndex(
            model_name='image',
            name='image_sizes',
        ),
        migrations.AlterField(
            model_name='image',
            name='uploader',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='uploads', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddIndex(
            model_name='image',
            index=models.Index(condition=models.Q(('trashed_at', None)), fields=['collection', 'created_at', 'id'], name='image_in_collection'),
        ),
        migrations.AddIndex(
            model_name='image',
            index=models.Index(condition=models.Q(('trashed_at__isnull', False)), fields=['collection', 'trashed_at', 'id'], name='image_in_trash'),
        ),
        migrations.AddIndex(
            model_name='image',
            index=models.Index(condition=models.Q(('index_state', 'failed'), ('trashed_at', None)), fields=['collection', 'created_at', 'id'], name='image_failed'),
        ),
        migrations.AddIndex(
            model_name='image',
            index=models.Index(fields=['uploader', 'created_at', 'id'], name='image_by_uploader'),
        ),
        migrations.AddField(
            model_name='imagetotal',
            name='collection',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='image_totals', to='collections_app.collection'),
        ),
        migrations.AddIndex(
            model_name='imagetotal',
            index=models.Index(fields=['index_state', 'index_model_key'], name='image_total_by_state'),
        ),
        migrations.AddIndex(
            model_name='imagetotal',
            index=models.Index(fields=['uploader_id'], name='image_total_by_uploader'),
        ),
        migrations.AddConstraint(
            model_name='imagetotal',
            constraint=models.UniqueConstraint(fields=('collection', 'uploader_id', 'is_trashed', 'index_state', 'index_model_key', 'slot'), name='image_total_once_per_kind'),
        ),
    ]
