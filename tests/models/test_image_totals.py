"""The totals of images: equal to a count of the rows after every kind of write."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from django.db import connection, transaction
from django.utils import timezone

from collections_app.models import Collection, Image, ImageMonth, ImageTotal, IndexState, Team, User
from collections_app.services.indexing.worker import IndexWorker
from collections_app.services.library.image_totals import drop_total_triggers, ensure_image_totals
from collections_app.services.library.trash import purge_trash, restore_images, trash_collection, trash_images
from collections_app.services.sharing.teams import delete_team
from tests.sample_team import SampleTeam, put_pictures

Totals = dict[tuple[object, ...], tuple[int, int]]


def read_totals() -> Totals:
    """Add up the rows of each kind. Kinds without images are left out."""
    images: Counter[tuple[object, ...]] = Counter()
    sizes: Counter[tuple[object, ...]] = Counter()
    for row in ImageTotal.objects.all():
        state = (row.index_state, row.index_model_key, row.second_model_key)
        kind = (row.collection_id, row.uploader_id, row.is_trashed, *state)
        images[kind] += row.image_count
        sizes[kind] += row.byte_size
    return {kind: (images[kind], sizes[kind]) for kind in images if images[kind] or sizes[kind]}


def count_rows() -> Totals:
    images: Counter[tuple[object, ...]] = Counter()
    sizes: Counter[tuple[object, ...]] = Counter()
    for row in Image.objects.all():
        is_trashed = row.trashed_at is not None
        state = (row.index_state, row.index_model_key, row.second_model_key)
        kind = (row.collection_id, row.uploader_id or 0, is_trashed, *state)
        images[kind] += 1
        sizes[kind] += row.byte_size
    return {kind: (images[kind], sizes[kind]) for kind in images}


def read_months() -> Counter[tuple[object, ...]]:
    months: Counter[tuple[object, ...]] = Counter()
    for row in ImageMonth.objects.all():
        months[row.collection_id, row.is_trashed, row.month] += row.image_count
    return +months


def count_months() -> Counter[tuple[object, ...]]:
    return Counter(
        (row.collection_id, row.trashed_at is not None, f"{row.timeline_at:%Y-%m}") for row in Image.objects.all()
    )


def assert_totals_are_right() -> None:
    assert read_totals() == count_rows()
    assert read_months() == count_months()


def move_everything(sample: SampleTeam) -> None:
    other = Collection.objects.create(team=sample.team, name="Hedge", creator=sample.owner)
    Image.objects.update(collection=other)


WRITES: dict[str, Callable[[SampleTeam], object]] = {
    "uploads": lambda sample: put_pictures(sample, 3),
    "indexing": lambda _: IndexWorker().drain(),
    "another model": lambda _: Image.objects.all().record_index_state(second_model_key="another"),
    "failures": lambda _: Image.objects.all().record_index_state(index_state=IndexState.FAILED),
    "another size": lambda _: Image.objects.update(byte_size=7),
    "a title, which is not counted": lambda _: Image.objects.update(title="Rose"),
    "a date of the picture": lambda _: Image.objects.update(taken_at=datetime(2019, 2, 3)),
    "a move": move_everything,
    "trash": lambda sample: trash_images(images=Image.objects.all(), trasher=sample.owner),
    "a collection in the trash": lambda sample: trash_collection(collection=sample.collection, trasher=sample.owner),
    "a deleted account": lambda sample: User.objects.get(pk=sample.owner.pk).delete(),
    "a deleted team": lambda sample: delete_team(team=sample.team),
    "a deleted collection": lambda sample: Collection.objects.get(pk=sample.collection.pk).delete(),
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("write", WRITES)
def test_totals_are_right_after(write: str, sample: SampleTeam) -> None:
    put_pictures(sample, 2)
    WRITES[write](sample)
    assert_totals_are_right()


@pytest.mark.django_db(transaction=True)
def test_totals_are_right_after_a_purge_and_a_restore(sample: SampleTeam) -> None:
    put_pictures(sample, 2)
    trash_images(images=Image.objects.all(), trasher=sample.owner)
    restore_images(images=Image.objects.filter(pk=sample.image.pk))
    purge_trash(images=Image.objects.trashed())
    assert_totals_are_right()
    assert ImageTotal.objects.in_team(sample.team).sum_images() == 1


@pytest.mark.django_db(transaction=True)
def test_change_that_is_rolled_back_is_not_counted(sample: SampleTeam) -> None:
    with transaction.atomic():
        Image.objects.update(trashed_at=timezone.now())
        transaction.set_rollback(True)
    assert_totals_are_right()


@pytest.mark.django_db(transaction=True)
def test_simultaneous_writers_are_all_counted(sample: SampleTeam) -> None:
    """They move pictures between two collections in both directions."""
    put_pictures(sample, 5)
    other = Collection.objects.create(team=sample.team, name="Hedge", creator=sample.owner)
    images = list(Image.objects.values_list("pk", flat=True))

    def move(number: int) -> None:
        try:
            for turn in range(8):
                image = Image.objects.filter(pk=images[number])
                with transaction.atomic():
                    image.update(collection=(sample.collection, other)[(number + turn) % 2])
                    image.update(byte_size=turn + 1)
        finally:
            connection.close()

    with ThreadPoolExecutor(5) as pool:
        list(pool.map(move, range(5)))
    assert_totals_are_right()


@pytest.mark.django_db(transaction=True)
def test_many_transactions_leave_few_rows(sample: SampleTeam) -> None:
    """PostgreSQL writes rows for each transaction, and every 64th merges them."""
    for number in range(200):
        Image.objects.update(byte_size=number + 1)
    assert ImageTotal.objects.count() < 150
    assert_totals_are_right()


@pytest.mark.django_db(transaction=True)
def test_images_are_counted_again_after_migrations(sample: SampleTeam) -> None:
    drop_total_triggers(using="default")
    put_pictures(sample, 2)
    assert read_totals() != count_rows()
    assert read_months() != count_months()

    ensure_image_totals(using="default")

    assert_totals_are_right()
    put_pictures(sample, 4)
    assert_totals_are_right()


@pytest.mark.django_db
def test_totals_of_a_team_are_those_of_its_collections(sample: SampleTeam) -> None:
    other = Team.objects.create(name="Foresters")
    assert ImageTotal.objects.in_team(sample.team).measure() == (1, sample.image.byte_size)
    assert ImageTotal.objects.in_team(other).measure() == (0, 0)
