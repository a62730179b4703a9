"""What goes wrong around a batch: refusals, full disks, a database that does not answer. Only the culprit pays."""

import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db import OperationalError

from collections_app.encoders import get_encoder
from collections_app.errors import IndexRefused
from collections_app.index import Record
from collections_app.models import Image, IndexJob, IndexState
from collections_app.services.active import active_index
from collections_app.services.indexing import preparation, worker
from collections_app.services.indexing.batches import BatchWriter
from collections_app.services.indexing.preparation import prepare_batch
from collections_app.services.indexing.queue import claim_jobs, give_back_jobs
from collections_app.services.indexing.worker import IndexWorker
from collections_app.services.library import create_collection
from collections_app.services.renditions import Rendition, rendition_name
from tests.house import House, put_picture, put_pictures
from tests.services.agreement import assert_index_agrees

pytestmark = pytest.mark.django_db(transaction=True)


class IndexWithoutRoomFor:
    """The real index, but one team gets no partition: as Milvus answers at its limit."""

    def __init__(self, team_id: int) -> None:
        self._team_id = team_id
        self._index = active_index()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._index, name)

    def upsert(self, records: Sequence[Record]) -> None:
        if any(record.entry.team_id == self._team_id for record in records):
            raise IndexRefused("The search index has no room for another team.")
        self._index.upsert(records)


def test_a_refusal_fails_the_refused_picture_alone(house: House) -> None:
    own = create_collection(team=house.outsider.personal_team, name="Mine", creator=house.outsider)
    refused = put_picture(own, house.outsider, "own.png", colour="green")
    put_pictures(house, 3)
    me, encoder = uuid.uuid4(), get_encoder()
    index: Any = IndexWithoutRoomFor(house.outsider.personal_team.pk)
    with ThreadPoolExecutor(1) as pool:
        batch = prepare_batch(jobs=claim_jobs(worker=me, limit=32), encoder=encoder, pool=pool)
        BatchWriter(worker=me, encoder=encoder, index=index).write(batch)

    job = IndexJob.objects.get()
    assert (job.image_id, job.attempts, job.lease) == (refused.pk, 1, None)
    assert "no room" in job.error
    assert Image.objects.filter(index_state=IndexState.INDEXED).count() == 4


def test_nothing_else_is_in_hand_with_a_job_that_failed_before(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    put_pictures(house, 4)
    IndexJob.objects.filter(image_id=house.image.pk).update(attempts=2)
    held: list[int] = []

    def observed(**asked: Any) -> list[IndexJob]:
        jobs = claim_jobs(**asked)
        if IndexJob.objects.filter(image_id=house.image.pk).exclude(lease=None).exists():
            held.append(IndexJob.objects.exclude(lease=None).count())
        return jobs

    monkeypatch.setattr(worker, "claim_jobs", observed)
    monkeypatch.setattr("django.conf.settings.INDEX_BATCH_SIZE", 2)
    IndexWorker().drain()

    assert held
    assert set(held) == {1}
    assert_index_agrees()


def test_a_thumbnail_that_cannot_be_stored_does_not_keep_a_picture_from_search(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(**_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(preparation, "store_rendition", full)
    IndexWorker().drain()

    assert_index_agrees()
    assert not default_storage.exists(rendition_name(house.image.file_name, Rendition.GRID))


def test_what_could_not_be_given_back_is_given_back_next_time(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the heartbeat would keep the leases for ever."""
    calls: list[object] = []

    def locked_once(**asked: Any) -> int:
        calls.append(asked)
        if len(calls) == 1:
            raise OperationalError("database is locked")
        return give_back_jobs(**asked)

    def broken(*_: Any) -> None:
        raise IndexRefused("Not now.")

    one = IndexWorker()
    monkeypatch.setattr(worker, "give_back_jobs", locked_once)
    with monkeypatch.context() as patch:
        patch.setattr(IndexWorker, "_write", broken)
        with pytest.raises(OperationalError):
            one.drain()
    assert IndexJob.objects.exclude(lease=None).exists()

    one.drain()
    assert not IndexJob.objects.exists()
    assert_index_agrees()
