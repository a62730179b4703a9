"""Models, fields and constraints get the field's standard names; every row stays."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("collections_app", "0007_perceptual_hash"),
    ]

    operations = [
        migrations.RenameModel(old_name="Mark", new_name="RelevanceJudgment"),
        migrations.RenameField(model_name="relevancejudgment", old_name="marked_at", new_name="judged_at"),
        migrations.RemoveConstraint(model_name="relevancejudgment", name="mark_once_per_person_and_query"),
        migrations.AddConstraint(
            model_name="relevancejudgment",
            constraint=models.UniqueConstraint(
                fields=["user", "query", "image"], name="judgment_once_per_person_and_query"
            ),
        ),
        migrations.RenameModel(old_name="DistinctImages", new_name="DuplicateDismissal"),
        # The index names the field in its condition, which a rename does not follow.
        migrations.RemoveIndex(model_name="indexjob", name="index_job_alive"),
        migrations.RenameField(model_name="indexjob", old_name="dead", new_name="is_failed"),
        migrations.AddIndex(
            model_name="indexjob",
            index=models.Index(
                fields=["priority", "id"], condition=models.Q(is_failed=False), name="index_job_waiting"
            ),
        ),
        migrations.AlterField(
            model_name="duplicatedismissal",
            name="team",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="duplicate_dismissals",
                to="collections_app.team",
            ),
        ),
        migrations.AlterField(
            model_name="relevancejudgment",
            name="image",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="judgments", to="collections_app.image"
            ),
        ),
        migrations.AlterField(
            model_name="relevancejudgment",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="judgments", to=settings.AUTH_USER_MODEL
            ),
        ),
    ]
