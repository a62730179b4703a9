"""`taken_at` becomes the local time at the place. New columns store its offset from UTC, its precision and its edit."""

from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import migrations, models
from django.db.models.functions import TruncSecond
from django.utils import timezone

import collections_app.models.wall_clock

_CHUNK = 1000


def convert_to_wall_clocks(apps, schema_editor):
    """Replace each moment by what a clock in the site's time zone showed. The column stores this time as UTC."""
    dated = apps.get_model("collections_app", "Image").objects.filter(taken_at__isnull=False)
    zone = ZoneInfo(settings.TIME_ZONE)
    if zone.key == "UTC":
        dated.update(has_taken_time=True)
        return
    dated.update(has_taken_time=True, taken_at=TruncSecond("taken_at", tzinfo=zone))
    queue_index_jobs(apps)


def convert_to_moments(apps, schema_editor):
    """Undo `convert_to_wall_clocks`, except that fractions of a second are lost."""
    zone = ZoneInfo(settings.TIME_ZONE)
    if zone.key == "UTC":
        return
    image = apps.get_model("collections_app", "Image")
    for ids in split_ids(image.objects.filter(taken_at__isnull=False)):
        rows = list(image.objects.filter(pk__in=ids).only("taken_at"))
        for row in rows:
            row.taken_at = timezone.make_aware(row.taken_at.replace(tzinfo=None), zone)
        image.objects.bulk_update(rows, ["taken_at"])
    queue_index_jobs(apps)


def queue_index_jobs(apps):
    """The index stores the dates too. Model and file stay the same, so nothing is encoded again."""
    image, job = apps.get_model("collections_app", "Image"), apps.get_model("collections_app", "IndexJob")
    for ids in split_ids(image.objects.filter(taken_at__isnull=False, index_state="indexed")):
        job.objects.bulk_create([job(image_id=pk, priority=1) for pk in ids], ignore_conflicts=True)


def split_ids(images):
    ids = list(images.order_by("pk").values_list("pk", flat=True))
    return [ids[start : start + _CHUNK] for start in range(0, len(ids), _CHUNK)]


class Migration(migrations.Migration):

    dependencies = [
        ("collections_app", "0012_undo_steps"),
    ]

    operations = [
        migrations.AddField(
            model_name="image",
            name="taken_offset_minutes",
            field=models.SmallIntegerField(blank=True, editable=False, help_text="How far that local time was ahead of UTC, if known.", null=True),
        ),
        migrations.AddField(
            model_name="image",
            name="has_taken_time",
            field=models.BooleanField(editable=False, help_text="Whether more than the day is known. Empty without a date.", null=True),
        ),
        migrations.AddField(
            model_name="image",
            name="date_edited_at",
            field=models.DateTimeField(editable=False, help_text="When a person last changed the date. Then no file replaces it.", null=True),
        ),
        migrations.RunPython(convert_to_wall_clocks, convert_to_moments),
        # The column stays the same.
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField(
                    model_name="image",
                    name="taken_at",
                    field=collections_app.models.wall_clock.WallClockField(blank=True, help_text="The local time at the place.", null=True),
                ),
            ],
        ),
    ]
