"""The index has got new fields to filter by: queue every picture, so that its vector is taken over with them."""

from django.db import migrations


_CHUNK = 1000


def queue_indexed_images(apps, schema_editor):
    """They are called searchable again once they are; no vector is made anew, since model and file stay the same."""
    image, job = apps.get_model("collections_app", "Image"), apps.get_model("collections_app", "IndexJob")
    ids = list(image.objects.filter(index_state="indexed").order_by("pk").values_list("pk", flat=True))
    for chunk in (ids[start : start + _CHUNK] for start in range(0, len(ids), _CHUNK)):
        job.objects.bulk_create([job(image_id=pk, priority=1) for pk in chunk], ignore_conflicts=True)
        image.objects.filter(pk__in=chunk).update(index_state="pending")


class Migration(migrations.Migration):

    dependencies = [
        ("collections_app", "0002_teams_shares_trash"),
    ]

    operations = [
        migrations.RunPython(queue_indexed_images, migrations.RunPython.noop),
    ]
