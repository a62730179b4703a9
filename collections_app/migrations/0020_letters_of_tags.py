"""Build the index of names again, which folds more letters. apps.py does that after every migration."""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('collections_app', '0019_duplicate_groups'),
    ]

    operations = []
