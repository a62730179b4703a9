"""Uploaded ZIP files wait in a table until the worker unpacks them."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('collections_app', '0010_outgoing_mail'),
    ]

    operations = [
        migrations.CreateModel(
            name='ArchiveImport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('original_name', models.CharField(max_length=255)),
                ('file_name', models.CharField(blank=True, help_text='In the storage; empty once it is deleted.', max_length=200)),
                ('byte_size', models.PositiveBigIntegerField()),
                ('language', models.CharField(help_text='The language of the report.', max_length=20)),
                ('state', models.CharField(choices=[('waiting', 'Waiting'), ('running', 'Being unpacked'), ('done', 'Done'), ('failed', 'Stopped')], default='waiting', max_length=10)),
                ('entry_count', models.PositiveIntegerField()),
                ('position', models.PositiveIntegerField(default=0)),
                ('unpacked_bytes', models.PositiveBigIntegerField(default=0)),
                ('added', models.PositiveIntegerField(default=0)),
                ('known', models.PositiveIntegerField(default=0)),
                ('refused', models.PositiveIntegerField(default=0)),
                ('report', models.JSONField(blank=True, default=dict)),
                ('message', models.TextField(blank=True, help_text='Why it waits or was stopped.')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('run_after', models.DateTimeField(default=django.utils.timezone.now)),
                ('attempts', models.PositiveSmallIntegerField(default=0, help_text='Of the entry at this position.')),
                ('lease', models.UUIDField(blank=True, null=True)),
                ('leased_until', models.DateTimeField(blank=True, null=True)),
                ('collection', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='collections_app.collection')),
                ('uploader', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='archive_imports', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('state__in', ('waiting', 'running'))), fields=['run_after', 'id'], name='archive_import_waiting'), models.Index(condition=models.Q(('finished_at__isnull', False)), fields=['finished_at'], name='archive_import_finished')],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['waiting', 'running', 'done', 'failed'])), name='archive_import_state_known')],
            },
        ),
    ]
