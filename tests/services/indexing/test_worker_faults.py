"""Failures around a batch: refusals, full disks, a locked database. Only the picture that causes one fails."""

import threading
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, default_storage
from django.db import OperationalError, connection
from django.utils import timezone
from pytest_django import Settings

from collections_app.errors import IndexRefused, StorageUnavailable
from collections_app.index import Record, Vector, VectorIndex
from collections_app.models import Image, IndexJob, IndexState
from collections_app.services.indexing.batches import BatchWriter
from collections_app.services.indexing.kept_models import KeptModel, get_active_model
from collections_app.services.indexing.preparation import prepare_batch
from collections_app.services.indexing.queue import claim_jobs
from collections_app.services.indexing.worker import IndexWorker
from collections_app.services.library.collections import create_collection
from collections_app.services.library.local_storage import PrivateFolder
from collections_app.services.library.renditions import Rendition, build_rendition_name
from tests.sample_team import SampleTeam, picture_bytes, put_picture, put_pictures
from tests.services.indexing.agreement import assert_index_agrees

pytestmark = pytest.mark.django_db(transaction=True)


def replace_by_folder(image: Image) -> Path:
    """Let reading the file fail as a failing disk would: not missing, not broken, but not to be read."""
    if not isinstance(default_storage, FileSystemStorage):
        pytest.skip("A bucket has no folders: its failures are tested with the bucket.")
    default_storage.delete(image.file_name)
    place = Path(default_storage.path(image.file_name))
    place.mkdir()
    return place


def locked(statement: str) -> Callable[..., Any]:
    """Return a wrapper under which statements that begin so fail, as in a database that somebody else has locked."""

    def execute(go_on: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.lstrip().startswith(statement):
            raise OperationalError("database is locked")
        return go_on(sql, params, many, context)

    return execute


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelWithIndex(KeptModel):
    """The real model with an index that fails."""

    faulty: Any

    @property
    def index(self) -> Any:
        return self.faulty


class IndexRefusingDeletion:
    """The real index, but it refuses to delete one id."""

    def __init__(self, image_id: int) -> None:
        self._image_id = image_id
        self._index = get_active_model().index

    def __getattr__(self, name: str) -> Any:
        return getattr(self._index, name)

    def delete(self, ids: Sequence[int]) -> None:
        if self._image_id in ids:
            raise IndexRefused("The search index doesn't accept this.")
        self._index.delete(ids)


class IndexRefusingTeam:
    """The real index, but one team gets no partition: as Milvus answers at its limit."""

    def __init__(self, team_id: int, index: VectorIndex | None = None) -> None:
        self._team_id = team_id
        self._index = index or get_active_model().index

    def __getattr__(self, name: str) -> Any:
        return getattr(self._index, name)

    def upsert(self, records: Sequence[Record]) -> None:
        if any(record.entry.team_id == self._team_id for record in records):
            raise IndexRefused("The search index is full.")
        self._index.upsert(records)


class IndexWithDamagedVector:
    """The real index, but the stored vector of one image has lost its length."""

    def __init__(self, image_id: int) -> None:
        self._image_id = image_id
        self._index = get_active_model().index

    def __getattr__(self, name: str) -> Any:
        return getattr(self._index, name)

    def get_vectors(self, ids: Sequence[int]) -> dict[int, Vector]:
        vectors = self._index.get_vectors(ids)
        return {pk: vector * 2 if pk == self._image_id else vector for pk, vector in vectors.items()}


def test_moved_picture_with_a_damaged_vector_is_encoded_again(sample: SampleTeam) -> None:
    put_pictures(sample, 2)
    IndexWorker().drain()
    Image.objects.update(width=61)
    me = uuid.uuid4()
    index: Any = IndexWithDamagedVector(sample.image.pk)
    models = [ModelWithIndex(row=get_active_model().row, faulty=index)]
    batch = prepare_batch(jobs=claim_jobs(worker=me, limit=32), models=models)
    BatchWriter(worker=me, models=models).write(batch)

    assert IndexJob.objects.values_list("image_id", "attempts").get() == (sample.image.pk, 0)
    assert Image.objects.get(pk=sample.image.pk).index_model_key == ""
    IndexWorker().drain()
    assert_index_agrees()


def test_refusal_fails_only_the_refused_picture(sample: SampleTeam) -> None:
    own = create_collection(team=sample.outsider.personal_team, name="Mine", creator=sample.outsider)
    refused = put_picture(own, sample.outsider, "own.png", colour="green")
    put_pictures(sample, 3)
    me = uuid.uuid4()
    index: Any = IndexRefusingTeam(sample.outsider.personal_team.pk)
    models = [ModelWithIndex(row=get_active_model().row, faulty=index)]
    batch = prepare_batch(jobs=claim_jobs(worker=me, limit=32), models=models)
    BatchWriter(worker=me, models=models).write(batch)

    job = IndexJob.objects.get()
    assert (job.image_id, job.attempts, job.lease) == (refused.pk, 1, None)
    assert "is full" in job.error
    assert Image.objects.filter(index_state=IndexState.INDEXED).count() == 4


def test_refused_deletion_does_not_block_the_others(sample: SampleTeam) -> None:
    put_pictures(sample, 2)
    IndexWorker().drain()
    refused = sample.image.pk
    Image.objects.all().delete()
    me = uuid.uuid4()
    index: Any = IndexRefusingDeletion(refused)
    models = [ModelWithIndex(row=get_active_model().row, faulty=index)]
    batch = prepare_batch(jobs=claim_jobs(worker=me, limit=32), models=models)
    BatchWriter(worker=me, models=models).write(batch)

    assert IndexJob.objects.get().image_id == refused
    assert [entry.id for entry in get_active_model().index.iterate_entries()] == [refused]


@pytest.mark.parametrize("odd", [{"sha256": "no checksum at all"}, {"file": "../../outside.png"}])
def test_invalid_row_fails_alone(sample: SampleTeam, odd: dict[str, str]) -> None:
    put_pictures(sample, 3)
    Image.objects.filter(pk=sample.image.pk).record_index_state(**odd)
    stop = threading.Event()

    IndexWorker(stop=stop).drain(on_progress=stop.set)

    job = IndexJob.objects.get()
    assert (job.image_id, job.attempts, job.lease) == (sample.image.pk, 1, None)
    assert job.error
    assert Image.objects.filter(index_state=IndexState.INDEXED).count() == 3


class FolderWithAnUndeletableFile(PrivateFolder):
    """As a bucket without the right to delete one of its objects."""

    undeletable = ""

    def delete(self, name: str) -> None:
        if name == self.undeletable:
            raise StorageUnavailable("The storage can't be reached.")
        super().delete(name)


def test_undeletable_file_is_retried_later_and_blocks_no_other(
    sample: SampleTeam, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    backend = f"{__name__}.{FolderWithAnUndeletableFile.__name__}"
    options = {"location": tmp_path, "base_url": None}
    settings.STORAGES = {**settings.STORAGES, "default": {"BACKEND": backend, "OPTIONS": options}}
    put_pictures(sample, 3)
    kept, gone = Image.objects.exclude(pk=sample.image.pk).order_by("pk")[:2]
    monkeypatch.setattr(FolderWithAnUndeletableFile, "undeletable", kept.file_name)
    Image.objects.filter(pk__in=[kept.pk, gone.pk]).delete()

    with pytest.raises(StorageUnavailable):
        IndexWorker().drain()

    left = {job.image_id: job for job in IndexJob.objects.all()}
    assert kept.pk in left
    assert gone.pk not in left
    assert (left[kept.pk].attempts, left[kept.pk].lease) == (0, None)
    assert left[kept.pk].run_after > timezone.now()
    assert not default_storage.exists(gone.file_name)
    assert Image.objects.filter(index_state=IndexState.INDEXED).exists()


def test_unreadable_file_is_retried_later_and_blocks_no_other(sample: SampleTeam) -> None:
    put_pictures(sample, 3)
    place = replace_by_folder(sample.image)

    with pytest.raises(StorageUnavailable, match="can't be read right now"):
        IndexWorker().drain()

    job = IndexJob.objects.get()
    assert (job.image_id, job.attempts, job.lease) == (sample.image.pk, 0, None)
    assert job.run_after > timezone.now()
    assert Image.objects.filter(index_state=IndexState.INDEXED).count() == 3
    place.rmdir()
    place.write_bytes(picture_bytes())
    IndexJob.objects.update(run_after=timezone.now())
    IndexWorker().drain()
    assert_index_agrees()


def test_locked_database_uses_up_no_attempt(sample: SampleTeam) -> None:
    with connection.execute_wrapper(locked('DELETE FROM "collections_app_indexjob"')), pytest.raises(OperationalError):
        IndexWorker().drain()

    assert IndexJob.objects.values_list("attempts", "lease", "error").get() == (0, None, "")


def test_due_retry_waits_for_the_current_batch_but_not_for_the_queue(sample: SampleTeam) -> None:
    put_pictures(sample, 3)
    first, second = IndexJob.objects.order_by("pk")[:2]
    IndexJob.objects.filter(pk=second.pk).update(attempts=1)
    me = uuid.uuid4()

    assert claim_jobs(worker=me, limit=1) == [first]
    assert claim_jobs(worker=me, limit=1, exclude_retries=True) == []
    assert claim_jobs(worker=me, limit=9) == [second]


def test_thumbnail_made_during_the_deletion_is_removed(sample: SampleTeam) -> None:
    me, name = uuid.uuid4(), build_rendition_name(sample.image.file_name, Rendition.GRID)
    jobs = claim_jobs(worker=me, limit=32, lease_s=-1)
    batch = prepare_batch(jobs=jobs, models=[get_active_model()])
    sample.image.delete()
    IndexWorker().drain()
    default_storage.save(name, ContentFile(b"late"))

    BatchWriter(worker=me, models=[get_active_model()]).write(batch)

    assert not default_storage.exists(name)
    IndexWorker().drain()
    assert_index_agrees()


def test_job_that_failed_before_is_claimed_alone(sample: SampleTeam, settings: Settings) -> None:
    put_pictures(sample, 4)
    IndexJob.objects.filter(image_id=sample.image.pk).update(attempts=2)
    settings.INDEX_BATCH_SIZE = 2
    claimed: list[int] = []

    def observe(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        result = execute(sql, params, many, context)
        if sql.startswith('UPDATE "collections_app_indexjob"'):
            jobs = IndexJob.objects.exclude(lease=None)
            claimed.extend([jobs.count()] if jobs.filter(image_id=sample.image.pk).exists() else [])
        return result

    with connection.execute_wrapper(observe):
        IndexWorker().drain()

    assert claimed
    assert set(claimed) == {1}
    assert_index_agrees()


class DiskFullOfThumbnails(FileSystemStorage):
    """A disk on which no thumbnail can be stored."""

    def save(self, name: str | None, content: Any, max_length: int | None = None) -> str:
        raise OSError(28, "No space left on device")


def test_unstorable_thumbnail_does_not_keep_a_picture_from_search(sample: SampleTeam, settings: Settings) -> None:
    if not isinstance(default_storage, FileSystemStorage):
        pytest.skip("A bucket has no disk that is full.")
    place = {
        "BACKEND": f"{__name__}.{DiskFullOfThumbnails.__name__}",
        "OPTIONS": {"location": default_storage.location},
    }
    settings.STORAGES = settings.STORAGES | {"default": place}

    IndexWorker().drain()

    assert_index_agrees()
    assert not default_storage.exists(build_rendition_name(sample.image.file_name, Rendition.GRID))


def test_jobs_that_could_not_be_released_are_released_next_time(sample: SampleTeam, settings: Settings) -> None:
    """Otherwise the heartbeat would keep the leases for ever."""
    model, one = settings.CLIP_MODEL_PATH, IndexWorker()
    settings.CLIP_MODEL_PATH = "/no/such/folder"
    release = 'UPDATE "collections_app_indexjob" SET "lease" = NULL'
    with connection.execute_wrapper(locked(release)), pytest.raises(OperationalError):
        one.drain()
    assert IndexJob.objects.exclude(lease=None).exists()
    settings.CLIP_MODEL_PATH = model

    one.drain()

    assert not IndexJob.objects.exists()
    assert_index_agrees()
