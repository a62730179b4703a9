"""Lanes: several threads of one worker, each with its own batches and its own lease."""

import logging
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import numpy as np
import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from numpy.typing import NDArray
from pytest_django import Settings

from collections_app.encoders.clip import ClipEncoder
from collections_app.errors import ModelUnavailable
from collections_app.models import Image, IndexJob, IndexModel, IndexState
from collections_app.models.index_job import Priority
from collections_app.services.indexing.audit import queue_reencoding
from collections_app.services.indexing.kept_models import get_active_model
from collections_app.services.indexing.queue import claim_jobs, finish_jobs, limit_share, release_jobs, renew_leases
from collections_app.services.indexing.worker import IndexWorker
from tests.sample_team import SampleTeam, put_pictures
from tests.services.indexing.agreement import assert_index_agrees

pytestmark = pytest.mark.django_db(transaction=True)

SOME_MODEL = IndexModel(key="some model", slot=1)

Pixels = NDArray[np.float32]


class MeetingEncoder(ClipEncoder):
    """The first two batches wait for each other, so they must be encoded at the same time."""

    def __init__(self, model: str, *, revision: str = "", dtype: str = "auto") -> None:
        super().__init__(model, revision=revision, dtype=dtype)
        self.meeting = threading.Barrier(2, timeout=60)
        self.has_met = threading.Event()

    def encode_pixels(self, pixels: Pixels) -> Pixels:
        if not self.has_met.is_set():
            self.meeting.wait()
            self.has_met.set()
        return super().encode_pixels(pixels)


class LeaseCountingEncoder(ClipEncoder):
    """Notes with each batch how many jobs are leased while a retry is leased."""

    leased: list[int] = []

    def encode_pixels(self, pixels: Pixels) -> Pixels:
        jobs = IndexJob.objects.exclude(lease=None)
        if jobs.filter(attempts__gt=1).exists():
            self.leased.append(jobs.count())
        return super().encode_pixels(pixels)


class BrokenInSecondLane(ClipEncoder):
    """Fails in every thread but the first lane's."""

    def preprocess(self, pictures: object) -> Pixels:
        if threading.current_thread() is not threading.main_thread():
            raise ModelUnavailable("The model is gone.")
        return super().preprocess(pictures)  # type: ignore[arg-type]


class StopAtPause(threading.Event):
    """Ends the worker at its first pause."""

    def wait(self, timeout: float | None = None) -> bool:
        self.set()
        return True


class WaitRecorder(threading.Event):
    """Records how long it is waited for, and never waits."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout or 0)
        return self.is_set()


def use_lanes(settings: Settings, count: int, encoder: type = ClipEncoder) -> None:
    settings.INDEX_LANES, settings.INDEX_BATCH_SIZE = count, 4
    settings.ENCODER_CLASS = f"{encoder.__module__}.{encoder.__qualname__}"


def test_lanes_work_at_the_same_time(sample: SampleTeam, settings: Settings) -> None:
    put_pictures(sample, 23)
    use_lanes(settings, 2, MeetingEncoder)

    IndexWorker().drain()

    assert not IndexJob.objects.exists()
    assert_index_agrees()


def test_vectors_of_two_lanes_equal_those_of_one(sample: SampleTeam, settings: Settings) -> None:
    put_pictures(sample, 23)
    ids = list(Image.objects.values_list("pk", flat=True))
    use_lanes(settings, 1)
    IndexWorker().drain()
    expected = get_active_model().index.get_vectors(ids)
    get_active_model().index.delete(ids)
    queue_reencoding(Image.objects.all())
    use_lanes(settings, 2)

    IndexWorker().drain()

    found = get_active_model().index.get_vectors(ids)
    assert found.keys() == expected.keys() == set(ids)
    assert max(abs(found[pk] - expected[pk]).max() for pk in ids) < 1e-6
    assert len(Image.objects.order_by().values("vector_checksum").distinct()) == len({*map(bytes, found.values())})


def test_retry_is_alone_in_its_process(sample: SampleTeam, settings: Settings) -> None:
    put_pictures(sample, 23)
    retries = list(IndexJob.objects.order_by("pk").values_list("pk", flat=True))[2::7]
    IndexJob.objects.filter(pk__in=retries).update(attempts=1)
    use_lanes(settings, 3, LeaseCountingEncoder)
    LeaseCountingEncoder.leased.clear()

    IndexWorker().drain()

    assert LeaseCountingEncoder.leased == [1] * len(retries)
    assert_index_agrees()


def test_unreachable_index_is_logged_once(
    sample: SampleTeam, settings: Settings, broken_index: None, caplog: pytest.LogCaptureFixture
) -> None:
    put_pictures(sample, 23)
    use_lanes(settings, 3)
    worker = IndexWorker(stop=StopAtPause())
    worker._check_index = lambda: None  # type: ignore[method-assign]  # it would fail first
    with caplog.at_level(logging.WARNING, "collections_app.services.indexing.worker"):
        logging.getLogger("collections_app").addHandler(caplog.handler)
        worker.run()
        logging.getLogger("collections_app").removeHandler(caplog.handler)

    assert len([each for each in caplog.records if "Indexing waits" in each.getMessage()]) == 1
    assert set(IndexJob.objects.values_list("attempts", "lease")) == {(0, None)}


def test_error_of_any_lane_ends_all_and_releases_their_jobs(sample: SampleTeam, settings: Settings) -> None:
    put_pictures(sample, 40)
    use_lanes(settings, 2, BrokenInSecondLane)

    with pytest.raises(ModelUnavailable):
        IndexWorker().drain()

    assert set(IndexJob.objects.values_list("attempts", "lease", "is_failed")) == {(0, None, False)}


def test_number_of_statements_does_not_grow_with_the_batch(sample: SampleTeam) -> None:
    put_pictures(sample, 14)
    worker, statements = uuid.uuid4(), []
    for limit in (3, 12):
        jobs = claim_jobs(worker=worker, limit=limit)
        computed = {job.image_id: {"perceptual_hash": job.image_id, "vector_checksum": 7} for job in jobs}
        with CaptureQueriesContext(connection) as captured:
            finish_jobs(worker=worker, jobs=jobs, models=[SOME_MODEL], computed=computed)
        statements.append(len(captured))

    assert statements[0] == statements[1]
    assert not IndexJob.objects.exists()
    assert all(image.perceptual_hash == image.pk and image.vector_checksum == 7 for image in Image.objects.all())
    assert all(image.is_indexed and image.index_sha256 == image.sha256 for image in Image.objects.all())


def test_each_job_of_a_batch_is_finished_by_its_own_state(sample: SampleTeam) -> None:
    put_pictures(sample, 3)
    slow, quick = uuid.uuid4(), uuid.uuid4()
    mine = claim_jobs(worker=slow, limit=9)
    changed, taken, *done = (job.image_id for job in mine)
    Image.objects.get(pk=changed).save()
    IndexJob.objects.filter(image_id=taken).update(lease=quick)
    finish_jobs(worker=quick, jobs=[mine[1]])

    finish_jobs(worker=slow, jobs=mine, models=[SOME_MODEL])

    assert set(Image.objects.indexed().values_list("pk", flat=True)) == set(done)
    assert set(IndexJob.objects.values_list("image_id", "lease", "attempts")) == {(changed, None, 0), (taken, None, 0)}


@pytest.mark.skipif(
    not connection.features.has_select_for_update_skip_locked, reason="This database has one writer at a time."
)
def test_finishing_does_not_wait_for_a_picture_that_is_changing(sample: SampleTeam) -> None:
    """Otherwise the two could wait for each other: the change needs the row of the job too."""
    put_pictures(sample, 1)
    worker = uuid.uuid4()
    jobs = claim_jobs(worker=worker, limit=9)

    def finish() -> None:
        try:
            finish_jobs(worker=worker, jobs=jobs, models=[SOME_MODEL])
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        Image.objects.filter(pk=sample.image.pk).record_index_state(title="Changing")
        pool.submit(finish).result(30)
        IndexJob.objects.enqueue([sample.image.pk])

    assert IndexJob.objects.values_list("image_id", "attempts", "lease").get() == (sample.image.pk, 0, None)
    assert Image.objects.indexed().count() == 1


@pytest.mark.skipif(
    not connection.features.has_select_for_update_skip_locked, reason="This database has one writer at a time."
)
@pytest.mark.parametrize("call", [renew_leases, release_jobs])
def test_leases_do_not_deadlock_with_changes_of_several_pictures(sample: SampleTeam, call: Callable[..., int]) -> None:
    """A change locks the jobs in the order of their images, whatever the order in which they were queued."""
    put_pictures(sample, 1)
    first, second = Image.objects.order_by("pk").values_list("pk", flat=True)
    IndexJob.objects.all().delete()
    for image_id in (second, first):
        IndexJob.objects.enqueue([image_id])
    worker = uuid.uuid4()
    claim_jobs(worker=worker, limit=9)

    def write_leases() -> None:
        try:
            call(workers=[worker])
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            IndexJob.objects.enqueue([first])
            running = pool.submit(write_leases)
            with suppress(TimeoutError):
                running.result(1)
            IndexJob.objects.enqueue([second])
        running.result(30)


@pytest.mark.parametrize(("percent", "rests"), [(50, 1), (100, 0)])
def test_lane_rests_after_jobs_with_a_share_of_the_machine(sample: SampleTeam, percent: int, rests: int) -> None:
    IndexWorker().drain()
    stop = WaitRecorder()
    queue_reencoding(Image.objects.all(), priority=Priority.REBUILD)
    limit_share(percent=percent)

    IndexWorker(stop=stop).drain()

    assert len(stop.waits) == rests
    assert not IndexJob.objects.exists()


def test_share_of_the_machine_does_not_limit_a_person_s_change(sample: SampleTeam) -> None:
    put_pictures(sample, 2)
    IndexWorker().drain()
    queue_reencoding(Image.objects.all(), priority=Priority.REBUILD)
    assert limit_share(percent=25) == 3

    Image.objects.filter(pk=sample.image.pk).update(width=61)
    put_pictures(sample, 4)

    limited = IndexJob.objects.filter(machine_percent=25)
    assert set(limited.values_list("image_id", flat=True)) == set(
        Image.objects.filter(index_state=IndexState.INDEXED).exclude(pk=sample.image.pk).values_list("pk", flat=True)
    )
