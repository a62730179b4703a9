"""The totals of tags: equal to a count of the rows after every kind of write."""

from collections import Counter
from collections.abc import Callable

import pytest
from django.db import transaction

from collections_app.models import Image, TagTotal
from collections_app.services.library.bulk_changes import tag_in_bulk
from collections_app.services.library.image_totals import drop_total_triggers, ensure_image_totals
from collections_app.services.library.trash import restore_images, trash_images
from tests.models.test_image_totals import WRITES as IMAGE_WRITES
from tests.sample_team import SampleTeam, put_pictures

TagCounts = dict[tuple[int, str], int]


def read_totals() -> TagCounts:
    counts: TagCounts = Counter()
    for row in TagTotal.objects.all():
        counts[row.collection_id, row.tag] += row.image_count
    return {tag: count for tag, count in counts.items() if count}


def count_rows() -> TagCounts:
    images = Image.objects.not_trashed().values_list("collection", "tags")
    return dict(Counter((collection, tag) for collection, tags in images for tag in set(tags)))


def trash_and_restore(sample: SampleTeam) -> None:
    trash_images(images=Image.objects.all(), trasher=sample.owner)
    restore_images(images=Image.objects.all())


def tag_all(sample: SampleTeam) -> None:
    ids = list(Image.objects.values_list("pk", flat=True))
    tag_in_bulk(image_ids=ids, tags=["rose", "new"], max_tags=9, user=sample.owner)


WRITES: dict[str, Callable[[SampleTeam], object]] = {
    **IMAGE_WRITES,
    "other tags": lambda _: Image.objects.update(tags=["red", "tall"]),
    "no tags": lambda _: Image.objects.update(tags=[]),
    "tags in bulk": tag_all,
    "trash and back": trash_and_restore,
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("write", WRITES)
def test_totals_are_those_of_the_rows(write: str, sample: SampleTeam) -> None:
    put_pictures(sample, 3)
    Image.objects.filter(pk=sample.image.pk).update(tags=["rose", "red"])
    Image.objects.exclude(pk=sample.image.pk).update(tags=["red"])
    assert read_totals() == count_rows() != {}
    WRITES[write](sample)
    assert read_totals() == count_rows()


@pytest.mark.django_db(transaction=True)
def test_write_that_is_rolled_back_is_not_counted(sample: SampleTeam) -> None:
    with transaction.atomic():
        Image.objects.update(tags=["rose"])
        transaction.set_rollback(True)
    assert read_totals() == {}


@pytest.mark.django_db(transaction=True)
def test_tags_are_counted_again_after_migrations(sample: SampleTeam) -> None:
    drop_total_triggers(using="default")
    Image.objects.update(tags=["rose", "red"])
    put_pictures(sample, 1)
    assert read_totals() != count_rows()
    ensure_image_totals(using="default")
    assert read_totals() == count_rows()


@pytest.mark.django_db(transaction=True)
def test_many_tagging_transactions_leave_few_rows(sample: SampleTeam) -> None:
    """PostgreSQL writes rows for each transaction, and every 64th merges them."""
    for number in range(200):
        Image.objects.update(tags=["rose", f"{number % 2}"])
    assert TagTotal.objects.count() < 600
    assert read_totals() == count_rows()
