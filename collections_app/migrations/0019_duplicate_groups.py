"""Store duplicate groups, and the pictures of dismissed groups as rows. Pictures are compared by the worker later."""

import django.db.models.deletion
from django.db import migrations, models


_CHUNK = 500


def store_rows(apps, schema_editor):
    """Ids of deleted pictures are left out."""
    Image = apps.get_model("collections_app", "Image")
    Dismissal = apps.get_model("collections_app", "DuplicateDismissal")
    Link = Dismissal.images.through
    for dismissal in Dismissal.objects.only("image_ids").iterator(chunk_size=_CHUNK):
        ids = sorted(set(dismissal.image_ids))
        for start in range(0, len(ids), _CHUNK):
            existing = Image.objects.filter(pk__in=ids[start : start + _CHUNK]).values_list("pk", flat=True)
            Link.objects.bulk_create(
                Link(duplicatedismissal_id=dismissal.pk, image_id=image_id) for image_id in existing
            )


def store_lists(apps, schema_editor):
    Dismissal = apps.get_model("collections_app", "DuplicateDismissal")
    for dismissal in Dismissal.objects.iterator(chunk_size=_CHUNK):
        dismissal.image_ids = list(dismissal.images.order_by("pk").values_list("pk", flat=True))
        dismissal.save(update_fields=["image_ids"])


class Migration(migrations.Migration):
    dependencies = [
        ("collections_app", "0018_job_machine_percent"),
    ]

    operations = [
        migrations.CreateModel(
            name="ComparedImage",
            fields=[
                (
                    "image",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="comparison",
                        serialize=False,
                        to="collections_app.image",
                    ),
                ),
                ("perceptual_hash", models.BigIntegerField(null=True)),
                ("band_0", models.IntegerField(null=True)),
                ("band_1", models.IntegerField(null=True)),
                ("band_2", models.IntegerField(null=True)),
                ("facts", models.BigIntegerField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="DuplicateGroup",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("pixels", models.BigIntegerField()),
                ("byte_size", models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="TeamComparison",
            fields=[
                (
                    "team",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="collections_app.team",
                    ),
                ),
                ("lease", models.UUIDField(null=True)),
                ("leased_until", models.DateTimeField(null=True)),
                ("model_key", models.CharField(blank=True, max_length=200)),
                ("median_distance", models.FloatField(null=True)),
                ("until_measured", models.BigIntegerField(default=0)),
            ],
        ),
        migrations.AddField(
            model_name="duplicatedismissal",
            name="images",
            field=models.ManyToManyField(related_name="+", to="collections_app.image"),
        ),
        migrations.RunPython(store_rows, store_lists),
        migrations.AlterField(model_name="duplicatedismissal", name="image_ids", field=models.JSONField(default=list)),
        migrations.RemoveField(
            model_name="duplicatedismissal",
            name="image_ids",
        ),
        migrations.AddField(
            model_name="image",
            name="compared_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddIndex(
            model_name="image",
            index=models.Index(
                condition=models.Q(("compared_at", None), models.Q(("index_state", "pending"), _negated=True)),
                fields=["id"],
                name="image_to_compare",
            ),
        ),
        migrations.AddIndex(
            model_name="image",
            index=models.Index(
                condition=models.Q(("compared_at", None), models.Q(("index_state", "pending"), _negated=True)),
                fields=["collection", "id"],
                name="image_to_compare_in_team",
            ),
        ),
        migrations.AddField(
            model_name="comparedimage",
            name="team",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="collections_app.team"
            ),
        ),
        migrations.AddField(
            model_name="duplicategroup",
            name="keeper",
            field=models.OneToOneField(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="collections_app.image"
            ),
        ),
        migrations.AddField(
            model_name="duplicategroup",
            name="team",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="collections_app.team"
            ),
        ),
        migrations.AddField(
            model_name="comparedimage",
            name="group",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="members",
                to="collections_app.duplicategroup",
            ),
        ),
        migrations.AddIndex(
            model_name="duplicategroup",
            index=models.Index(fields=["team", "-pixels", "-byte_size", "keeper"], name="duplicate_group_order"),
        ),
        migrations.AddIndex(
            model_name="duplicategroup",
            index=models.Index(
                condition=models.Q(("keeper__isnull", True)), fields=["id"], name="duplicate_group_no_keeper"
            ),
        ),
        migrations.AddIndex(
            model_name="comparedimage",
            index=models.Index(fields=["team", "band_0"], name="compared_band_0"),
        ),
        migrations.AddIndex(
            model_name="comparedimage",
            index=models.Index(fields=["team", "band_1"], name="compared_band_1"),
        ),
        migrations.AddIndex(
            model_name="comparedimage",
            index=models.Index(fields=["team", "band_2"], name="compared_band_2"),
        ),
        migrations.AddIndex(
            model_name="comparedimage",
            index=models.Index(fields=["team", "perceptual_hash", "band_0"], name="compared_hash"),
        ),
        migrations.AddIndex(
            model_name="comparedimage",
            index=models.Index(
                condition=models.Q(("group__isnull", False)), fields=["group", "image"], name="compared_group"
            ),
        ),
    ]
