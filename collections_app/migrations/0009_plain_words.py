"""Help texts and labels in plain words; a recent search says when it was searched."""

import django.db.models.deletion
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('collections_app', '0008_standard_names'),
    ]

    operations = [
        migrations.RenameField(
            model_name='recentsearch',
            old_name='asked_at',
            new_name='searched_at',
        ),
        migrations.AlterField(
            model_name='image',
            name='index_sha256',
            field=models.CharField(blank=True, help_text='SHA-256 of the indexed file.', max_length=64),
        ),
        migrations.AlterField(
            model_name='image',
            name='perceptual_hash',
            field=models.BigIntegerField(blank=True, editable=False, help_text='64 bits that describe the picture. 0: the picture has too little detail.', null=True),
        ),
        migrations.AlterField(
            model_name='image',
            name='public_id',
            field=models.UUIDField(default=uuid.uuid4, editable=False, help_text='The id in public links.', unique=True),
        ),
        migrations.AlterField(
            model_name='indexjob',
            name='priority',
            field=models.SmallIntegerField(choices=[(0, "A person's change"), (1, 'A repair'), (2, 'A rebuild of the index')], default=0),
        ),
        migrations.AlterField(
            model_name='publiclink',
            name='password',
            field=models.CharField(blank=True, help_text='Hashed. Empty: the link has no password.', max_length=128),
        ),
        migrations.AlterField(
            model_name='recentsearch',
            name='query',
            field=models.CharField(help_text='The query string of the address.', max_length=2000),
        ),
        migrations.AlterField(
            model_name='relevancejudgment',
            name='query',
            field=models.CharField(help_text='The text, in lower case.', max_length=500),
        ),
        migrations.AlterField(
            model_name='savedsearch',
            name='query',
            field=models.TextField(help_text='The query string of the address.'),
        ),
        migrations.AlterField(
            model_name='savedsearch',
            name='team',
            field=models.ForeignKey(blank=True, help_text='The team it is shared with.', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='searches', to='collections_app.team'),
        ),
        migrations.AlterField(
            model_name='share',
            name='role',
            field=models.CharField(choices=[('editor', 'Can edit'), ('viewer', 'Can view')], max_length=10),
        ),
        migrations.AlterField(
            model_name='user',
            name='email',
            field=models.EmailField(max_length=254, unique=True, verbose_name='email address'),
        ),
        migrations.AlterField(
            model_name='user',
            name='is_active',
            field=models.BooleanField(default=True, help_text='Clear this instead of deleting the account.'),
        ),
        migrations.AlterField(
            model_name='user',
            name='remembers_searches',
            field=models.BooleanField(default=True, help_text='Whether the search history is on.'),
        ),
    ]
