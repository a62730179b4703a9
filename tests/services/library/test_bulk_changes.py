"""Bulk actions: few statements in short transactions, complete chunks, and an undo that survives interruptions."""

import time
from collections.abc import Callable
from datetime import datetime
from itertools import pairwise

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from collections_app.errors import QuotaExceeded
from collections_app.imaging import TakenDate
from collections_app.models import BulkAction, Collection, Image, IndexJob, Team, UndoStep, User
from collections_app.models.concurrent_writes import FIRST_CHUNK_SIZE, split_into_chunks, write_in_chunks
from collections_app.services.library.bulk_changes import (
    BulkResult,
    change_dates_in_bulk,
    delete_old_undo_steps,
    move_in_bulk,
    tag_in_bulk,
    trash_in_bulk,
    undo_bulk_action,
)
from collections_app.services.library.collections import create_collection
from collections_app.services.library.dates import DateChange
from collections_app.services.library.trash import (
    purge_trash,
    restore_in_chunks,
    trash_collection,
    trash_images_of_trashed_collections,
)
from tests.sample_team import SampleTeam

pytestmark = pytest.mark.django_db(transaction=True)

COUNT = 4 * FIRST_CHUNK_SIZE


@pytest.fixture
def many(sample: SampleTeam) -> list[int]:
    """Rows without files: these actions do not read files."""
    Image.objects.bulk_create(
        Image(
            collection=sample.collection,
            uploader=sample.owner,
            file=f"originals/{number}.jpg",
            original_name=f"{number}.jpg",
            tags=["garden", f"row {number % 7}"],
            sha256=f"{number:064x}",
            byte_size=1000,
            format="JPEG",
            width=10,
            height=10,
        )
        for number in range(COUNT)
    )
    IndexJob.objects.all().delete()
    return list(Image.objects.filter(format="JPEG").values_list("pk", flat=True))


def tag(ids: list[int], user: User) -> BulkResult:
    return tag_in_bulk(image_ids=ids, tags=["summer"], max_tags=30, user=user)


def trash(ids: list[int], user: User) -> BulkResult:
    return trash_in_bulk(image_ids=ids, user=user)


def move(ids: list[int], user: User) -> BulkResult:
    target = Collection.objects.get(name="Elsewhere")
    return move_in_bulk(image_ids=ids, target=target, user=user)


ACTIONS = pytest.mark.parametrize("action", [tag, trash, move], ids=lambda action: action.__name__)


@pytest.fixture(autouse=True)
def elsewhere(sample: SampleTeam) -> Collection:
    return create_collection(team=sample.owner.personal_team, name="Elsewhere", creator=sample.owner)


def read_state() -> list[tuple[object, ...]]:
    return list(Image.objects.order_by("pk").values_list("pk", "collection", "trashed_at", "trasher", "tags"))


@ACTIONS
def test_action_and_undo_queue_every_picture_and_restore_its_state(
    sample: SampleTeam, many: list[int], action: Callable[[list[int], User], BulkResult]
) -> None:
    before = read_state()
    result = action(many, sample.owner)
    assert result.count == COUNT
    assert set(IndexJob.objects.values_list("image_id", flat=True)) >= set(many)
    assert read_state() != before

    IndexJob.objects.all().delete()
    undone = undo_bulk_action(action_id=result.action_id, user=sample.owner)
    assert undone is not None
    assert undone.count == COUNT
    assert set(IndexJob.objects.values_list("image_id", flat=True)) >= set(many)
    assert read_state() == before
    assert undo_bulk_action(action_id=result.action_id, user=sample.owner) is None


@ACTIONS
def test_no_transaction_covers_more_than_one_chunk(
    sample: SampleTeam, many: list[int], action: Callable[[list[int], User], BulkResult]
) -> None:
    with CaptureQueriesContext(connection) as queries:
        action(many, sample.owner)
    begins = [query for query in queries.captured_queries if query["sql"].startswith("BEGIN")]
    assert len(begins) >= 3


@pytest.mark.skipif(connection.vendor != "sqlite", reason="Other databases lock rows, not the whole file.")
def test_other_writers_get_a_pause_after_each_full_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("time.sleep", pauses.append)
    for _ in split_into_chunks(range(5), size=2):
        pass
    assert len(pauses) == 2
    with transaction.atomic():
        list(split_into_chunks(range(5), size=2))
    assert len(pauses) == 2


def test_interrupted_action_keeps_its_finished_chunks_and_their_undo(
    sample: SampleTeam, many: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = read_state()
    create = UndoStep.objects.create

    def fail_at_the_second_chunk(**values: object) -> UndoStep:
        if UndoStep.objects.exists():
            raise KeyboardInterrupt
        return create(**values)

    monkeypatch.setattr(UndoStep.objects, "create", fail_at_the_second_chunk)
    with pytest.raises(KeyboardInterrupt):
        trash(many, sample.owner)
    monkeypatch.undo()

    assert Image.objects.trashed().count() == FIRST_CHUNK_SIZE
    assert IndexJob.objects.count() == FIRST_CHUNK_SIZE
    undo_bulk_action(action_id=UndoStep.objects.get().action_id, user=sample.owner)
    assert read_state() == before


def test_rights_are_checked_for_each_picture_when_it_is_changed(sample: SampleTeam, many: list[int]) -> None:
    before = read_state()
    for person in (sample.viewer, sample.outsider):
        assert [action(many, person).count for action in (tag, trash, move)] == [0, 0, 0]
    assert read_state() == before


def test_another_person_cannot_undo_an_action(sample: SampleTeam, many: list[int]) -> None:
    result = trash(many, sample.owner)
    assert undo_bulk_action(action_id=result.action_id, user=sample.viewer) is None
    assert Image.objects.trashed().count() == COUNT


def test_undo_changes_only_pictures_that_the_person_may_still_change(sample: SampleTeam, many: list[int]) -> None:
    result = tag(many, sample.owner)
    sample.team.memberships.filter(user=sample.owner).delete()
    undone = undo_bulk_action(action_id=result.action_id, user=sample.owner)
    assert undone is not None
    assert undone.count == 0


def test_move_that_does_not_fit_moves_nothing(
    sample: SampleTeam, many: list[int], settings: Settings, elsewhere: Collection
) -> None:
    Team.objects.filter(pk=elsewhere.team_id).update(max_images=COUNT - 1)
    before = read_state()
    result = move(many, sample.owner)
    assert isinstance(result.error, QuotaExceeded)
    assert result.count == 0
    assert read_state() == before


def test_undo_of_a_move_that_no_longer_fits_can_be_repeated(sample: SampleTeam, many: list[int]) -> None:
    result = move(many, sample.owner)
    Team.objects.filter(pk=sample.team.pk).update(max_images=FIRST_CHUNK_SIZE + 1)
    undone = undo_bulk_action(action_id=result.action_id, user=sample.owner)
    assert undone is not None
    assert isinstance(undone.error, QuotaExceeded)
    assert undone.count == FIRST_CHUNK_SIZE

    Team.objects.filter(pk=sample.team.pk).update(max_images=0)
    undone = undo_bulk_action(action_id=result.action_id, user=sample.owner)
    assert undone is not None
    assert undone.count == COUNT - FIRST_CHUNK_SIZE


def test_old_undo_steps_are_deleted(sample: SampleTeam, many: list[int]) -> None:
    trash(many, sample.owner)
    delete_old_undo_steps()
    assert UndoStep.objects.exists()
    UndoStep.objects.update(created_at="2020-01-01T00:00:00Z")
    delete_old_undo_steps()
    assert not UndoStep.objects.exists()


def test_collection_is_trashed_restored_and_purged_in_chunks(sample: SampleTeam, many: list[int]) -> None:
    assert trash_collection(collection=sample.collection, trasher=sample.owner) == COUNT + 1
    assert restore_in_chunks(images=Image.objects.filter(collection=sample.collection)) == COUNT + 1
    trash(many, sample.owner)
    assert purge_trash(images=Image.objects.trashed()) == COUNT
    assert Image.objects.count() == 1


def test_maintenance_finishes_the_trashing_of_a_collection(sample: SampleTeam, many: list[int]) -> None:
    Collection.objects.filter(pk=sample.collection.pk).update(trashed_at="2026-01-01T00:00:00Z")
    assert trash_images_of_trashed_collections() == COUNT + 1
    assert not Image.objects.not_trashed().exists()


def test_items_are_written_in_chunks_that_at_most_double(db: None) -> None:
    sizes = list(write_in_chunks(range(500), len))
    assert sum(sizes) == 500
    assert sizes[0] == FIRST_CHUNK_SIZE
    assert all(size <= 2 * before for before, size in pairwise(sizes))


def test_chunk_is_smaller_after_a_slow_one(db: None) -> None:
    sizes: list[int] = []

    def write(chunk: list[int]) -> None:
        sizes.append(len(chunk))
        time.sleep(0.2)

    list(write_in_chunks(range(FIRST_CHUNK_SIZE + 30), write))
    assert sizes[1] < sizes[0]


def test_chunks_hold_all_items_in_order() -> None:
    assert list(split_into_chunks(range(5), size=2)) == [[0, 1], [2, 3], [4]]
    assert list(split_into_chunks([])) == []


def test_undo_keeps_tags_that_others_added_meanwhile(sample: SampleTeam) -> None:
    image = Image.objects.filter(pk=sample.image.pk)
    result = tag([sample.image.pk], sample.owner)
    tag_in_bulk(image_ids=[sample.image.pk], tags=["winter"], max_tags=30, user=sample.owner)
    undo_bulk_action(action_id=result.action_id, user=sample.owner)
    assert image.get().tags == ["winter"]


def test_undo_of_a_move_leaves_pictures_where_others_moved_them(sample: SampleTeam) -> None:
    third = create_collection(team=sample.owner.personal_team, name="Third", creator=sample.owner)
    result = move([sample.image.pk], sample.owner)
    move_in_bulk(image_ids=[sample.image.pk], target=third, user=sample.owner)
    undone = undo_bulk_action(action_id=result.action_id, user=sample.owner)
    assert undone is not None
    assert undone.count == 0
    assert Image.objects.get(pk=sample.image.pk).collection == third


def test_undo_restores_no_picture_that_was_trashed_again(sample: SampleTeam) -> None:
    ids = [sample.image.pk]
    result = trash(ids, sample.owner)
    restore_in_chunks(images=Image.objects.all())
    trash(ids, sample.owner)
    undo_bulk_action(action_id=result.action_id, user=sample.owner)
    assert Image.objects.trashed().filter(pk__in=ids).exists()


def test_undo_keeps_a_date_that_was_changed_again(sample: SampleTeam) -> None:
    ids, days = [sample.image.pk], [datetime(2020, 1, 2), datetime(2021, 3, 4)]
    first, _second = [
        change_dates_in_bulk(
            image_ids=ids, change=DateChange(taken=TakenDate(value=day, has_time=True)), user=sample.owner
        )
        for day in days
    ]
    undo_bulk_action(action_id=first.action_id, user=sample.owner)
    assert Image.objects.get(pk=sample.image.pk).taken_at == days[1]


@pytest.mark.parametrize("kind", [BulkAction.TAG, BulkAction.MOVE])
def test_steps_of_an_older_version_can_be_undone(kind: BulkAction, sample: SampleTeam, elsewhere: Collection) -> None:
    """They map pictures to all their former tags, or former collections to their pictures."""
    image, origin = sample.image, sample.collection
    Image.objects.filter(pk=image.pk).update(tags=["a", "b"], collection=elsewhere)
    previous = {str(image.pk): ["a"]} if kind == BulkAction.TAG else {str(origin.pk): [image.pk]}
    step = UndoStep.objects.create(kind=kind, user=sample.owner, previous=previous)
    undo_bulk_action(action_id=step.action_id, user=sample.owner)
    image.refresh_from_db()
    expected = (["a"], elsewhere) if kind == BulkAction.TAG else (["a", "b"], origin)
    assert (image.tags, image.collection) == expected
