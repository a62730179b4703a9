"""What commands print about their outcome: a table of numbers, and the pictures that could not be indexed."""

from collections.abc import Mapping

from django.core.management.base import OutputWrapper
from django.db.models import Exists, OuterRef

from collections_app.models import Image, IndexJob

_SHOWN_JOBS = 20


def print_counts(counts: Mapping[str, int], out: OutputWrapper) -> None:
    for name, count in counts.items():
        out.write(f"{name:<21}{count:>9}")


def print_failed_jobs(out: OutputWrapper) -> int:
    """Print the first failed index jobs, and return how many there are.

    Jobs of searchable pictures, which only another model than the active one could not encode, do not count.
    """
    searchable = Image.objects.indexed().filter(pk=OuterRef("image_id"))
    failed = IndexJob.objects.failed().exclude(Exists(searchable)).order_by("pk")
    for job in failed[:_SHOWN_JOBS]:
        out.write(f"Image {job.image_id}: {job.error}")
    return failed.count()
