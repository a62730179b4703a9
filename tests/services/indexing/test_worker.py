"""The worker: index and database agree after the queue is drained, whatever failed meanwhile."""

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.utils import timezone
from pytest_django import Settings

from collections_app.encoders import get_encoder
from collections_app.errors import IndexUnavailable
from collections_app.index import close_index
from collections_app.models import Image, IndexJob, IndexModel, IndexState
from collections_app.services.indexing.kept_models import get_active_model
from collections_app.services.indexing.queue import MAX_ATTEMPTS, claim_jobs, fail_job, finish_jobs, renew_leases
from collections_app.services.indexing.worker import IndexWorker
from collections_app.services.library.collections import create_collection
from collections_app.services.library.images import requeue_failed_images
from collections_app.services.library.renditions import Rendition, build_rendition_name
from tests.sample_team import CLOSED_PORT, SampleTeam, put_picture, put_pictures
from tests.services.indexing.agreement import assert_index_agrees, expected_entries

pytestmark = pytest.mark.django_db(transaction=True)

SOME_MODEL = IndexModel(key="some model", slot=1)


def drain() -> None:
    IndexWorker().drain()


def overwrite(image: Image, content: bytes) -> None:
    default_storage.delete(image.file_name)
    default_storage.save(image.file_name, ContentFile(content))


class ImmediateStop(threading.Event):
    """An event whose waiters go on at once."""

    def wait(self, timeout: float | None = None) -> bool:
        return self.is_set()


def drain_without_pauses() -> None:
    """Drain as if every pause before another attempt were over."""

    def end_pauses() -> None:
        IndexJob.objects.update(run_after=timezone.now())

    IndexWorker(stop=ImmediateStop()).drain(on_progress=end_pauses)


def test_every_picture_gets_one_vector_in_its_team_s_partition(sample: SampleTeam) -> None:
    put_pictures(sample, 40)
    own = create_collection(team=sample.owner.personal_team, name="Mine", creator=sample.owner)
    put_picture(own, sample.owner, "own.png", colour="green")

    drain()

    assert len(expected_entries()) == 42
    assert_index_agrees()
    assert not IndexJob.objects.exists()
    assert not Image.objects.exclude(index_state=IndexState.INDEXED).exists()
    assert set(Image.objects.values_list("index_model_key", flat=True)) == {get_encoder().key}


def test_grid_thumbnail_is_made_from_the_same_decode(sample: SampleTeam) -> None:
    drain()

    assert default_storage.exists(build_rendition_name(sample.image.file_name, Rendition.GRID))


def test_move_to_another_team_moves_the_vector_without_encoding(sample: SampleTeam) -> None:
    drain()
    before = get_active_model().index.get_vectors([sample.image.pk])[sample.image.pk]
    overwrite(sample.image, b"no picture any more: to decode it again would fail")
    sample.collection.team = sample.owner.personal_team
    sample.collection.save()

    drain()

    assert_index_agrees()
    assert (get_active_model().index.get_vectors([sample.image.pk])[sample.image.pk] == before).all()
    sample.image.refresh_from_db()
    assert sample.image.index_sha256 == sample.image.sha256
    assert sample.image.is_indexed


def test_moved_picture_without_a_vector_is_encoded_again(sample: SampleTeam) -> None:
    drain()
    get_active_model().index.delete([sample.image.pk])
    sample.image.save()

    drain()

    assert_index_agrees()


def test_a_deleted_picture_loses_its_vector_and_its_files(sample: SampleTeam) -> None:
    drain()
    names = [sample.image.file_name, build_rendition_name(sample.image.file_name, Rendition.GRID)]
    sample.image.delete()

    drain()

    assert_index_agrees()
    assert [name for name in names if default_storage.exists(name)] == []


def test_files_written_after_a_deletion_are_removed_by_its_job(sample: SampleTeam) -> None:
    name = sample.image.file_name
    sample.image.delete()
    default_storage.save(name, ContentFile(b"late"))

    drain()

    assert not default_storage.exists(name)


@pytest.mark.parametrize("content", [b"", b"garbage" * 99], ids=["empty", "garbage"])
def test_unreadable_picture_fails_alone_after_five_attempts(sample: SampleTeam, content: bytes) -> None:
    put_pictures(sample, 5)
    overwrite(sample.image, content)

    drain_without_pauses()

    job = IndexJob.objects.get()
    assert (job.image_id, job.is_failed, job.attempts) == (sample.image.pk, True, MAX_ATTEMPTS)
    sample.image.refresh_from_db()
    assert sample.image.is_failed
    assert sample.image.index_error == job.error != ""
    assert Image.objects.filter(index_state=IndexState.INDEXED).count() == 5


def test_missing_file_is_given_as_the_reason(sample: SampleTeam) -> None:
    default_storage.delete(sample.image.file_name)

    drain_without_pauses()

    sample.image.refresh_from_db()
    assert sample.image.index_error == "The picture's file is missing from the storage."


def test_failed_picture_can_be_retried(sample: SampleTeam) -> None:
    with default_storage.open(sample.image.file_name) as file:
        content = file.read()
    overwrite(sample.image, b"garbage")
    drain_without_pauses()
    overwrite(sample.image, content)

    assert requeue_failed_images(images=Image.objects.all()) == 1
    drain()

    assert_index_agrees()
    sample.image.refresh_from_db()
    assert sample.image.is_indexed
    assert sample.image.index_error == ""


def test_unreachable_index_uses_up_no_attempts(sample: SampleTeam, settings: Settings) -> None:
    put_pictures(sample, 3)
    close_index()
    settings.MILVUS_URI = CLOSED_PORT

    with pytest.raises(IndexUnavailable):
        drain()
    assert list(IndexJob.objects.values_list("attempts", "lease", "is_failed")) == [(0, None, False)] * 4

    close_index()
    settings.MILVUS_URI = ""
    drain()
    assert_index_agrees()


def test_a_change_while_encoding_keeps_the_job_for_another_round(sample: SampleTeam) -> None:
    worker = uuid.uuid4()
    (job,) = claim_jobs(worker=worker, limit=9)
    sample.image.save()

    finish_jobs(worker=worker, jobs=[job], models=[SOME_MODEL])

    left = IndexJob.objects.get()
    assert (left.attempts, left.lease) == (0, None)
    sample.image.refresh_from_db()
    assert sample.image.index_state == IndexState.PENDING


def test_a_change_while_failing_keeps_the_job_for_another_round(sample: SampleTeam) -> None:
    worker = uuid.uuid4()
    (job,) = claim_jobs(worker=worker, limit=9)
    sample.image.save()

    fail_job(worker=worker, job=job, reason="Of the older state.")

    assert IndexJob.objects.values_list("attempts", "lease", "error").get() == (0, None, "")


def test_leased_job_belongs_to_one_worker(sample: SampleTeam) -> None:
    claim_jobs(worker=uuid.uuid4(), limit=9)

    assert claim_jobs(worker=uuid.uuid4(), limit=9) == []


def test_expired_lease_lets_another_worker_take_the_job(sample: SampleTeam) -> None:
    claim_jobs(worker=uuid.uuid4(), limit=9)
    IndexJob.objects.update(leased_until=timezone.now() - timedelta(seconds=1))

    (job,) = claim_jobs(worker=uuid.uuid4(), limit=9)

    assert job.attempts == 2


def test_a_renewed_lease_keeps_the_job(sample: SampleTeam) -> None:
    worker = uuid.uuid4()
    claim_jobs(worker=worker, limit=9, lease_s=-1)

    assert renew_leases(workers=[worker]) == 1
    assert claim_jobs(worker=uuid.uuid4(), limit=9) == []


def test_job_taken_over_and_done_is_queued_again(sample: SampleTeam) -> None:
    slow, quick = uuid.uuid4(), uuid.uuid4()
    (mine,) = claim_jobs(worker=slow, limit=9, lease_s=-1)
    (theirs,) = claim_jobs(worker=quick, limit=9)
    finish_jobs(worker=quick, jobs=[theirs])
    assert not IndexJob.objects.exists()

    finish_jobs(worker=slow, jobs=[mine], models=[SOME_MODEL])

    assert IndexJob.objects.get().image_id == sample.image.pk


def test_a_picture_that_stopped_workers_is_claimed_alone(sample: SampleTeam) -> None:
    put_pictures(sample, 3)
    first = IndexJob.objects.order_by("pk")[:1]
    IndexJob.objects.filter(pk__in=list(first.values_list("pk", flat=True))).update(attempts=1)

    assert len(claim_jobs(worker=uuid.uuid4(), limit=9)) == 1
    assert len(claim_jobs(worker=uuid.uuid4(), limit=9)) == 3


def test_a_picture_that_stopped_five_workers_is_given_up(sample: SampleTeam) -> None:
    IndexJob.objects.update(attempts=MAX_ATTEMPTS)

    assert claim_jobs(worker=uuid.uuid4(), limit=9) == []
    sample.image.refresh_from_db()
    assert sample.image.is_failed


def test_two_workers_drain_one_queue_at_once(sample: SampleTeam, settings: Settings) -> None:
    settings.INDEX_BATCH_SIZE = 4
    put_pictures(sample, 40)

    def drain_in_thread() -> None:
        try:
            drain()
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        for ended in [pool.submit(drain_in_thread) for _ in range(2)]:
            ended.result()
    assert_index_agrees()
    assert not IndexJob.objects.exists()


@pytest.mark.skipif(
    not connection.features.has_select_for_update_skip_locked, reason="This database has one writer at a time."
)
def test_concurrent_claims_get_different_jobs_without_waiting(sample: SampleTeam) -> None:
    put_pictures(sample, 3)

    def claim_two() -> set[int]:
        try:
            return {job.pk for job in claim_jobs(worker=uuid.uuid4(), limit=2)}
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        mine = {job.pk for job in claim_jobs(worker=uuid.uuid4(), limit=2)}
        theirs = pool.submit(claim_two).result(30)
    assert len(mine) == len(theirs) == 2
    assert not mine & theirs


def test_stopped_worker_releases_its_jobs(sample: SampleTeam) -> None:
    stop = threading.Event()
    put_pictures(sample, django_settings.INDEX_BATCH_SIZE * 3)

    IndexWorker(stop=stop).drain(on_progress=stop.set)

    assert IndexJob.objects.count() == django_settings.INDEX_BATCH_SIZE * 2 + 1
    assert not IndexJob.objects.exclude(lease=None).exists()
    assert not IndexJob.objects.exclude(attempts=0).exists()
