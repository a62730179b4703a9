"""Changes of many pictures: the statements of each transaction, interruptions, and changes at the same time."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from collections_app.models import Collection, Image, IndexJob, Membership, Role, Team, UndoStep, User
from collections_app.services.indexing.worker import IndexWorker
from collections_app.services.library.bulk_changes import (
    change_dates_in_bulk,
    move_in_bulk,
    tag_in_bulk,
    trash_in_bulk,
    undo_bulk_action,
)
from collections_app.services.library.collections import create_collection
from collections_app.services.library.dates import DateChange
from collections_app.services.library.files import delete_files
from collections_app.services.library.trash import (
    delete_collection,
    purge_trash,
    restore_in_chunks,
    trash_collection,
    trash_images,
)
from collections_app.services.sharing.accounts import delete_account
from collections_app.services.sharing.teams import create_team, delete_team
from tests.sample_team import SampleTeam
from tests.services.indexing.agreement import assert_index_agrees
from tests.services.library.s3_server import NO_DELETION_OF_MANY, faulty_s3

pytestmark = pytest.mark.django_db(transaction=True)

FEW, MANY = 10, 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A collection with pictures, and the owner of its team, who uploaded them."""

    owner: User
    team: Team
    collection: Collection
    ids: list[int]


def make_place(size: int) -> Place:
    """Make rows without files, each with other tags and another date: these actions do not read files."""
    owner = User.objects.create_user(f"owner-of-{size}@example.com")
    team = create_team(name="Gardeners", owner=owner)
    collection = create_collection(team=team, name="Garden", creator=owner)
    Image.objects.bulk_create(
        Image(
            collection=collection,
            uploader=owner,
            file=f"originals/{size}/{number}.jpg",
            original_name=f"{number}.jpg",
            tags=[f"row {number}"],
            taken_at=datetime(2000 + number % 20, 5, 6, 7, 8, 9),
            has_taken_time=True,
            sha256=f"{number:064x}",
            byte_size=1000,
            format="JPEG",
            width=10,
            height=10,
        )
        for number in range(size)
    )
    IndexJob.objects.all().delete()
    ids = list(Image.objects.filter(collection=collection).values_list("pk", flat=True))
    return Place(owner=owner, team=team, collection=collection, ids=ids)


def tag(place: Place) -> object:
    return tag_in_bulk(image_ids=place.ids, tags=["summer"], max_tags=30, user=place.owner)


def shift(place: Place) -> object:
    return change_dates_in_bulk(image_ids=place.ids, change=DateChange(shift=timedelta(hours=25)), user=place.owner)


def move(place: Place) -> object:
    target, _ = Collection.objects.get_or_create(team=place.owner.personal_team, name="Elsewhere")
    return move_in_bulk(image_ids=place.ids, target=target, user=place.owner)


def trash(place: Place) -> object:
    return trash_in_bulk(image_ids=place.ids, user=place.owner)


def undo(place: Place) -> object:
    step = UndoStep.objects.latest("pk")
    return undo_bulk_action(action_id=step.action_id, user=place.owner)


def trash_place(place: Place) -> object:
    return trash_collection(collection=place.collection, trasher=place.owner)


def restore(place: Place) -> object:
    return restore_in_chunks(images=Image.objects.in_trash_of(place.owner))


def purge(place: Place) -> object:
    teams = Team.objects.editable_by(place.owner)
    return purge_trash(images=Image.objects.trashed().filter(collection__team__in=teams))


def delete_place(place: Place) -> None:
    delete_collection(collection=place.collection)


def delete_whole_team(place: Place) -> None:
    delete_team(team=place.team)


def delete_uploader(place: Place) -> None:
    delete_account(user=User.objects.get(pk=place.owner.pk))


HISTORIES: dict[str, tuple[Callable[[Place], object], ...]] = {
    "tag": (tag,),
    "undo of tag": (tag, undo),
    "shift": (shift,),
    "undo of shift": (shift, undo),
    "move": (move,),
    "undo of move": (move, undo),
    "trash": (trash,),
    "undo of trash": (trash, undo),
    "trash collection": (trash_place,),
    "restore": (trash_place, restore),
    "purge": (trash, purge),
    "delete collection": (delete_place,),
    "delete team": (delete_whole_team,),
    "delete account of the uploader": (delete_uploader,),
    "delete account of the trasher": (trash, delete_uploader),
    "delete account with pictures": (move, delete_uploader),
}


def count_statements(act: Callable[[], object]) -> int:
    """Return the most statements of one transaction."""
    with CaptureQueriesContext(connection) as queries:
        act()
    counts = [0]
    for query in queries.captured_queries:
        counts = [*counts, 0] if query["sql"].startswith("BEGIN") else [*counts[:-1], counts[-1] + 1]
    return max(counts)


@pytest.mark.parametrize("history", HISTORIES.values(), ids=HISTORIES)
def test_statements_of_a_transaction_do_not_depend_on_its_pictures(
    history: tuple[Callable[[Place], object], ...],
) -> None:
    *before, last = history
    counts = []
    for place in map(make_place, (FEW, MANY)):
        for act in before:
            act(place)
        counts.append(count_statements(partial(last, place)))
    assert counts[0] == counts[1]


class Killed(BaseException):
    """Ends an action like a signal."""


@contextmanager
def killed_at_transaction(number: int) -> Iterator[None]:
    """Raise Killed where the transaction of this number begins."""
    begun = count(1)

    def observe(execute: Any, sql: str, *rest: Any) -> Any:
        if sql.startswith("BEGIN") and next(begun) == number:
            raise Killed
        return execute(sql, *rest)

    with connection.execute_wrapper(observe), pytest.raises(Killed):
        yield


@pytest.mark.skipif(connection.vendor != "sqlite", reason="psycopg begins transactions itself.")
@pytest.mark.parametrize("act", [delete_place, delete_whole_team, delete_uploader])
def test_deletion_that_was_killed_is_completed_when_it_is_repeated(act: Callable[[Place], object]) -> None:
    place = make_place(MANY)
    with killed_at_transaction(3):
        act(place)
    assert 0 < IndexJob.objects.count() < MANY
    act(place)
    assert not Image.objects.filter(uploader=place.owner).exists()
    assert set(IndexJob.objects.values_list("image_id", flat=True)) == set(place.ids)


def test_purge_applies_the_filters_again_in_each_transaction() -> None:
    """Rights that end meanwhile, and pictures that are restored meanwhile, count."""
    place = make_place(MANY)
    trash(place)

    def remove_owner(execute: Any, sql: str, *rest: Any) -> Any:
        if sql.startswith("DELETE") and "collections_app_image" in sql:
            Membership.objects.filter(team=place.team).update(role=Role.VIEWER)
        return execute(sql, *rest)

    with connection.execute_wrapper(remove_owner):
        purge(place)
    assert 0 < Image.objects.count() < MANY


PAIRS = [(tag, move), (tag, trash), (move, trash), (shift, tag), (trash, trash), (trash, delete_place)]


@pytest.mark.parametrize(("one", "other"), PAIRS, ids=lambda act: act.__name__)
def test_two_actions_at_once_neither_fail_nor_lose_an_index_job(
    one: Callable[[Place], object], other: Callable[[Place], object]
) -> None:
    place = make_place(MANY)
    backwards = replace(place, ids=place.ids[::-1])
    with ThreadPoolExecutor(2) as threads:
        done = [threads.submit(run_and_close, one, place), threads.submit(run_and_close, other, backwards)]
        for each in done:
            each.result()
    assert set(IndexJob.objects.values_list("image_id", flat=True)) == set(place.ids)


def run_and_close(act: Callable[[Place], object], place: Place) -> None:
    try:
        act(place)
    finally:
        connection.close()


def test_purge_leaves_the_files_to_the_index_worker(sample: SampleTeam) -> None:
    IndexWorker().drain()
    trash_images(images=Image.objects.all(), trasher=sample.owner)
    purge_trash(images=Image.objects.all())
    assert default_storage.exists(sample.image.file_name)
    IndexWorker().drain()
    assert not default_storage.exists(sample.image.file_name)
    assert_index_agrees()


def test_many_files_are_deleted(own_folders: None) -> None:
    names = [f"originals/ab/{number}.png" for number in range(5)]
    for name in names[1:]:
        default_storage.save(name, ContentFile(b"picture"))
    delete_files(*names)
    assert not [name for name in names if default_storage.exists(name)]


@pytest.mark.parametrize(("fault", "requests"), [("", 1), (NO_DELETION_OF_MANY, 1 + 4 * FEW)])
def test_s3_deletes_many_files_in_one_request_where_it_can(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, fault: str, requests: int
) -> None:
    for name, value in {"ACCESS_KEY_ID": "test", "SECRET_ACCESS_KEY": "test", "DEFAULT_REGION": "us-east-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    with faulty_s3() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.address)
        bucket = {
            "BACKEND": "collections_app.services.library.s3_storage.PrivateBucket",
            "OPTIONS": {"bucket_name": "pictures"},
        }
        settings.STORAGES = {**settings.STORAGES, "default": bucket}
        server.fault = fault
        delete_files(*(f"originals/ab/{number}.png" for number in range(FEW)))
        assert server.requests == requests
