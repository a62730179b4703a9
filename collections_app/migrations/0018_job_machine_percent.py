"""Add the share of the machine that each index job may take."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('collections_app', '0017_image_totals'),
    ]

    operations = [
        migrations.AddField(
            model_name='indexjob',
            name='machine_percent',
            field=models.PositiveSmallIntegerField(default=100),
        ),
    ]
