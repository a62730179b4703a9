"""Add the id of the request that queued an index job or uploaded a ZIP file."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('collections_app', '0027_backups'),
    ]

    operations = [
        migrations.AddField(
            model_name='indexjob',
            name='request_id',
            field=models.CharField(blank=True, max_length=64, default=''),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='archiveimport',
            name='request_id',
            field=models.CharField(blank=True, editable=False, max_length=64, default=''),
            preserve_default=False,
        ),
    ]
