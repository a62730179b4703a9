"""The audit: every way in which database and index can disagree is found, and mended by the worker."""

import dataclasses

import numpy as np
import pytest

from collections_app.encoders import get_encoder
from collections_app.index import Record
from collections_app.models import Image, IndexJob
from collections_app.services.active import active_index
from collections_app.services.indexing.audit import IndexReport, audit_index, queue_differences
from collections_app.services.indexing.entries import index_entry
from collections_app.services.indexing.worker import IndexWorker
from tests.house import House
from tests.services.agreement import assert_index_agrees

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def image(house: House) -> Image:
    """An indexed picture."""
    IndexWorker().drain()
    return house.image


def audit() -> IndexReport:
    return audit_index(index=active_index(), model_key=get_encoder().key, images=Image.objects.all(), whole=True)


def store(image: Image, **changes: int) -> None:
    """Write a vector behind the database's back."""
    entry = dataclasses.replace(index_entry(image), **changes)
    vector = np.eye(1, get_encoder().dim, dtype=np.float32)[0]
    active_index().upsert([Record(entry=entry, vector=vector)])


def mend(report: IndexReport) -> None:
    queue_differences(report)
    IndexWorker().drain()
    assert_index_agrees()
    assert audit().agrees


def test_nothing_is_found_where_nothing_is_wrong(image: Image) -> None:
    report = audit()

    assert report.agrees
    assert (report.images, report.vectors) == (1, 1)
    assert queue_differences(report) == 0


def test_a_missing_vector_is_found_and_made(image: Image) -> None:
    active_index().delete([image.pk])

    report = audit()

    assert report.missing == [image.pk]
    mend(report)


def test_an_orphaned_vector_is_found_and_removed(image: Image) -> None:
    store(image, id=image.pk + 1000)

    report = audit()

    assert report.orphaned == [image.pk + 1000]
    mend(report)


def test_a_vector_in_a_wrong_partition_is_found_and_moved(image: Image) -> None:
    store(image, team_id=image.collection.team_id + 1000)

    report = audit()

    assert report.misplaced == [image.pk]
    mend(report)


@pytest.mark.parametrize("change", ["content", "width", "uploader_id"])
def test_a_vector_of_older_facts_is_found_and_renewed(image: Image, change: str) -> None:
    store(image, **{change: 7})

    report = audit()

    assert report.stale == [image.pk]
    mend(report)


def test_a_vector_of_another_model_is_found_and_made_anew(image: Image) -> None:
    Image.objects.all().record_index_state(index_model_key="an older model")

    report = audit()

    assert report.stale == [image.pk]
    mend(report)
    image.refresh_from_db()
    assert image.index_model_key == get_encoder().key


def test_an_audit_of_a_part_calls_nothing_orphaned(image: Image) -> None:
    report = audit_index(index=active_index(), model_key=get_encoder().key, images=Image.objects.none(), whole=False)

    assert report.agrees
    assert not IndexJob.objects.exists()
