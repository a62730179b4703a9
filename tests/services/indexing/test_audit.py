"""The audit: it finds every disagreement of database and index, and the worker repairs it."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from pymilvus import MilvusClient
from pytest_django import Settings

from collections_app.encoders import get_encoder
from collections_app.index import Record, hash_token
from collections_app.index.collection import ModelCollection
from collections_app.index.connection import Connection
from collections_app.index.embedded_store import EmbeddedStore
from collections_app.index.schema import EMBEDDED
from collections_app.models import Image, IndexJob, IndexState
from collections_app.models.index_job import Priority
from collections_app.services.indexing.audit import (
    IndexReport,
    audit_index,
    queue_altered,
    queue_differences,
    queue_reencoding,
)
from collections_app.services.indexing.entries import build_entry
from collections_app.services.indexing.kept_models import get_active_model
from collections_app.services.indexing.worker import IndexWorker
from collections_app.services.library.collections import create_collection
from collections_app.services.library.trash import trash_images
from collections_app.services.sharing.teams import create_team
from tests.sample_team import SampleTeam, put_picture
from tests.services.indexing.agreement import assert_index_agrees

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def image(sample: SampleTeam) -> Image:
    """An indexed picture."""
    IndexWorker().drain()
    return sample.image


def audit() -> IndexReport:
    return audit_index(model=get_active_model(), images=Image.objects.all(), covers_all_images=True)


def store(image: Image, **changes: Any) -> None:
    """Write the image's vector with a changed entry behind the database's back."""
    entry = dataclasses.replace(build_entry(image), **changes)
    vectors = get_active_model().index.get_vectors([image.pk])
    get_active_model().index.upsert([Record(entry=entry, vector=vectors[image.pk])])


def repair(report: IndexReport) -> None:
    queue_differences(report)
    IndexWorker().drain()
    assert_index_agrees()
    assert audit().is_consistent


def test_consistent_index_has_no_differences(image: Image) -> None:
    report = audit()

    assert report.is_consistent
    assert (report.image_count, report.vectors) == (1, 1)
    assert queue_differences(report) == 0


def test_missing_vector_is_found_and_created(image: Image) -> None:
    get_active_model().index.delete([image.pk])

    report = audit()

    assert report.missing == [image.pk]
    repair(report)


def test_picture_that_is_indexed_while_the_audit_runs_is_not_missing(image: Image) -> None:
    """The audit reads the index first, and the database then."""
    record = Record(entry=build_entry(image), vector=get_active_model().index.get_vectors([image.pk])[image.pk])
    get_active_model().index.delete([image.pk])

    def index_meanwhile(execute: Callable[..., Any], sql: str, *arguments: Any) -> Any:
        if "index_sha256" in sql and "IS NOT NULL" not in sql:  # the team, not the trash
            get_active_model().index.upsert([record])
        return execute(sql, *arguments)

    with connection.execute_wrapper(index_meanwhile):
        assert audit().is_consistent


def test_an_orphaned_vector_is_found_and_removed(image: Image) -> None:
    store(image, id=image.pk + 1000)

    report = audit()

    assert report.orphaned == [image.pk + 1000]
    repair(report)


def test_a_vector_in_a_wrong_partition_is_found_and_moved(image: Image) -> None:
    store(image, team_id=image.collection.team_id + 1000)

    report = audit()

    assert report.misplaced == [image.pk]
    repair(report)


def test_second_copy_in_another_partition_is_found_and_removed(image: Image, settings: Settings) -> None:
    """A crash between the two writes of a move leaves one on a server."""
    copy_entry(image, team_id=image.collection.team_id + 1000, store=settings.EMBEDDED_STORE_DIR)

    report = audit()

    assert (report.image_count, report.vectors) == (1, 2)
    assert report.differences == report.misplaced == [image.pk]
    repair(report)


def copy_entry(image: Image, *, team_id: int, store: Path) -> None:
    """Insert a row as Milvus Lite itself allows it; the application's own upsert would move the entry."""
    encoder = get_encoder()
    collection = ModelCollection(model_key=encoder.key, dim=encoder.dim, layout=EMBEDDED)
    vector = get_active_model().index.get_vectors([image.pk])[image.pk]
    row = EMBEDDED.build_row(Record(entry=dataclasses.replace(build_entry(image), team_id=team_id), vector=vector))

    def insert(client: MilvusClient) -> None:
        client.insert(collection.name, [row], partition_name=collection.ensure_partition(client, team_id))
        client.flush(collection.name)

    store_connection = Connection(EmbeddedStore(store))
    store_connection.run(insert)
    store_connection.close()


def test_audit_of_one_team_finds_its_pictures_in_every_partition(image: Image) -> None:
    store(image, team_id=image.collection.team_id + 1000)
    store(image, id=image.pk + 1000)

    report = audit_index(
        model=get_active_model(),
        images=Image.objects.in_team(image.collection.team),
        covers_all_images=False,
    )

    assert report.differences == report.misplaced == [image.pk]


def test_differences_of_several_teams_are_listed_by_id(sample: SampleTeam) -> None:
    other = create_collection(team=create_team(name="Others", owner=sample.owner), name="O", creator=sample.owner)
    for number, collection in enumerate([other, sample.collection, other, sample.collection]):
        put_picture(collection, sample.owner, f"{number}.png", colour=("red", "green", "blue", "white")[number])
    IndexWorker().drain()
    trash_images(images=Image.objects.filter(pk=sample.image.pk), trasher=sample.owner)
    IndexWorker().drain()
    ids = list(Image.objects.order_by("pk").values_list("pk", flat=True))
    assert audit().is_consistent
    get_active_model().index.delete(ids)

    assert audit().missing == ids


@pytest.mark.parametrize(
    "change", [{"content": 7}, {"width": 7}, {"uploader_id": 7}, {"format": 7}, {"tags": (hash_token("old"),)}], ids=str
)
def test_vector_with_outdated_metadata_is_found_and_updated(image: Image, change: dict[str, Any]) -> None:
    store(image, **change)

    report = audit()

    assert report.stale == [image.pk]
    repair(report)


def test_vector_of_another_model_is_found_and_replaced(image: Image) -> None:
    Image.objects.all().record_index_state(index_model_key="an older model")

    report = audit()

    assert report.stale == [image.pk]
    repair(report)
    image.refresh_from_db()
    assert image.index_model_key == get_encoder().key


@pytest.mark.parametrize(
    "state",
    [
        {"index_sha256": "", "index_state": IndexState.INDEXED},
        {"index_state": IndexState.FAILED},
        {"index_state": IndexState.PENDING},
    ],
    ids=lambda state: "-".join(state.values()) or "none",
)
def test_old_vector_of_an_unfinished_picture_is_found(image: Image, state: dict[str, str]) -> None:
    """Its vector was to be made again, and the job is lost or was given up."""
    Image.objects.all().record_index_state(**state)

    report = audit()

    assert report.stale == [image.pk]
    repair(report)
    image.refresh_from_db()
    assert (image.is_indexed, image.index_sha256) == (True, image.sha256)


def test_old_vector_of_a_queued_picture_is_no_difference(image: Image) -> None:
    """To queue it once more would only change the order."""
    queue_reencoding(Image.objects.all(), priority=Priority.REBUILD)

    assert audit().is_consistent


def test_more_altered_vectors_than_a_statement_has_variables_are_queued(image: Image) -> None:
    assert queue_altered([image.pk, *range(10**9, 10**9 + 260_000)], get_active_model()) == 1
    assert IndexJob.objects.get().image_id == image.pk


def test_failed_picture_is_a_difference(image: Image) -> None:
    queue_reencoding(Image.objects.all())
    IndexJob.objects.update(is_failed=True)

    assert audit().stale == [image.pk]


def test_invalid_row_is_found_and_does_not_stop_the_audit(image: Image) -> None:
    Image.objects.all().record_index_state(sha256="no checksum at all", index_sha256="no checksum at all")

    assert audit().stale == [image.pk]


def test_partial_audit_reports_no_orphans(image: Image) -> None:
    report = audit_index(model=get_active_model(), images=Image.objects.none(), covers_all_images=False)

    assert report.is_consistent
    assert not IndexJob.objects.exists()
