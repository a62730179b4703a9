"""The audit: it finds every disagreement of database and index, and the worker repairs it."""

import dataclasses
from typing import Any

import numpy as np
import pytest

from collections_app.encoders import get_encoder
from collections_app.index import Record, hash_token
from collections_app.models import Image, IndexJob, IndexState
from collections_app.models.index_job import Priority
from collections_app.services.indexing.active_index import get_active_index
from collections_app.services.indexing.audit import IndexReport, audit_index, queue_differences, queue_reencoding
from collections_app.services.indexing.entries import build_entry
from collections_app.services.indexing.worker import IndexWorker
from tests.sample_team import SampleTeam
from tests.services.indexing.agreement import assert_index_agrees

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def image(sample: SampleTeam) -> Image:
    """An indexed picture."""
    IndexWorker().drain()
    return sample.image


def audit() -> IndexReport:
    return audit_index(
        index=get_active_index(), model_key=get_encoder().key, images=Image.objects.all(), covers_all_images=True
    )


def store(image: Image, **changes: Any) -> None:
    """Write a vector behind the database's back."""
    entry = dataclasses.replace(build_entry(image), **changes)
    vector = np.eye(1, get_encoder().dim, dtype=np.float32)[0]
    get_active_index().upsert([Record(entry=entry, vector=vector)])


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
    get_active_index().delete([image.pk])

    report = audit()

    assert report.missing == [image.pk]
    repair(report)


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


def test_failed_picture_is_a_difference(image: Image) -> None:
    queue_reencoding(Image.objects.all())
    IndexJob.objects.update(is_failed=True)

    assert audit().stale == [image.pk]


def test_invalid_row_is_found_and_does_not_stop_the_audit(image: Image) -> None:
    Image.objects.all().record_index_state(sha256="no checksum at all", index_sha256="no checksum at all")

    assert audit().stale == [image.pk]


def test_partial_audit_reports_no_orphans(image: Image) -> None:
    report = audit_index(
        index=get_active_index(), model_key=get_encoder().key, images=Image.objects.none(), covers_all_images=False
    )

    assert report.is_consistent
    assert not IndexJob.objects.exists()
