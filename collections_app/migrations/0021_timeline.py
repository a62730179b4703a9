"""Add what the timeline reads: the dates that order it, sortable names, and totals of months.

apps.py creates the triggers that write the totals, and counts the images, after all migrations.
"""

import collections_app.models.wall_clock
import django.db.models.deletion
import django.db.models.functions.comparison
import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('collections_app', '0020_letters_of_tags'),
    ]

    operations = [
        migrations.CreateModel(
            name='ImageMonth',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('is_trashed', models.BooleanField()),
                ('month', models.CharField(max_length=7)),
                ('slot', models.BigIntegerField(default=0)),
                ('image_count', models.IntegerField()),
            ],
        ),
        migrations.AddField(
            model_name='image',
            name='sort_name',
            field=models.GeneratedField(db_persist=True, expression=django.db.models.functions.text.Lower(django.db.models.functions.comparison.Coalesce(django.db.models.functions.comparison.NullIf('title', models.Value('')), 'original_name')), help_text='The title or the file name, in lower case. SQLite changes ASCII letters only.', output_field=models.TextField()),
        ),
        migrations.AddField(
            model_name='image',
            name='timeline_at',
            field=models.GeneratedField(db_persist=True, expression=django.db.models.functions.comparison.Coalesce('taken_at', 'created_at', output_field=models.DateTimeField()), help_text='The local time when the picture was taken. Without one, the time of the upload, in UTC.', output_field=collections_app.models.wall_clock.WallClockField()),
        ),
        migrations.AddIndex(
            model_name='image',
            index=models.Index(condition=models.Q(('trashed_at', None)), fields=['collection', 'timeline_at', 'id'], name='image_in_timeline'),
        ),
        migrations.AddIndex(
            model_name='image',
            index=models.Index(condition=models.Q(('trashed_at', None)), fields=['collection', 'sort_name', 'id'], name='image_by_sort_name'),
        ),
        migrations.AddField(
            model_name='imagemonth',
            name='collection',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='image_months', to='collections_app.collection'),
        ),
        migrations.AddConstraint(
            model_name='imagemonth',
            constraint=models.UniqueConstraint(fields=('collection', 'is_trashed', 'month', 'slot'), name='image_month_once_per_collection'),
        ),
    ]
