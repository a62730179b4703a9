"""Each chunk of a bulk action records how to undo it."""

import django.db.models.deletion
import django.utils.timezone
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('collections_app', '0011_archives'),
    ]

    operations = [
        migrations.CreateModel(
            name='UndoStep',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('action_id', models.UUIDField(db_index=True, default=uuid.uuid4)),
                ('kind', models.CharField(choices=[('trash', 'Trash'), ('move', 'Move'), ('tag', 'Tag'), ('date', 'Date')], max_length=10)),
                ('previous', models.JSONField()),
                ('created_at', models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='undo_steps', to=settings.AUTH_USER_MODEL)),
            ],
        ),
    ]
