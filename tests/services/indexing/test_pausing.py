"""The pause: no worker claims jobs, whatever machine it runs on, until indexing is resumed."""

import uuid

import pytest
from django.core.files.storage import default_storage

from collections_app.errors import IndexingPaused
from collections_app.models import AuditEvent, Image, IndexingPause, IndexJob, IndexState
from collections_app.services.indexing.pausing import (
    is_indexing_paused,
    pause_indexing,
    resume_indexing,
    retry_failed_jobs,
)
from collections_app.services.indexing.queue import claim_jobs, finish_jobs
from collections_app.services.indexing.worker import IndexWorker
from tests.sample_team import SampleTeam, put_pictures
from tests.services.indexing.agreement import assert_index_agrees

pytestmark = pytest.mark.django_db(transaction=True)


def test_paused_queue_gives_no_job_to_any_worker(sample: SampleTeam) -> None:
    pause_indexing(user=sample.owner)
    assert claim_jobs(worker=uuid.uuid4(), limit=9) == []
    assert claim_jobs(worker=uuid.uuid4(), limit=9) == []
    resume_indexing(user=sample.owner)
    assert len(claim_jobs(worker=uuid.uuid4(), limit=9)) == 1


def test_batch_that_was_claimed_before_the_pause_is_finished(sample: SampleTeam) -> None:
    worker = uuid.uuid4()
    jobs = claim_jobs(worker=worker, limit=9)
    pause_indexing(user=sample.owner)
    finish_jobs(worker=worker, jobs=jobs)
    assert not IndexJob.objects.exists()


def test_paused_pictures_wait_and_are_indexed_after_resuming(sample: SampleTeam) -> None:
    put_pictures(sample, 3)
    pause_indexing(user=sample.owner)
    with pytest.raises(IndexingPaused):
        IndexWorker().drain()
    assert not Image.objects.indexed().exists()
    assert set(IndexJob.objects.values_list("attempts", flat=True)) == {0}
    resume_indexing(user=sample.owner)
    IndexWorker().drain()
    assert Image.objects.indexed().count() == 4
    assert_index_agrees()


def test_empty_queue_is_drained_while_indexing_is_paused(sample: SampleTeam) -> None:
    IndexWorker().drain()
    pause_indexing(user=sample.owner)
    IndexWorker().drain()


def test_files_of_deleted_pictures_stay_until_indexing_is_resumed(sample: SampleTeam) -> None:
    IndexWorker().drain()
    pause_indexing(user=sample.owner)
    name = sample.image.file_name
    sample.image.delete()
    with pytest.raises(IndexingPaused):
        IndexWorker().drain()
    assert default_storage.exists(name)
    resume_indexing(user=sample.owner)
    IndexWorker().drain()
    assert not default_storage.exists(name)


def test_pausing_twice_keeps_the_first_pause(sample: SampleTeam) -> None:
    assert pause_indexing(user=sample.owner)
    assert not pause_indexing(user=sample.viewer)
    assert IndexingPause.objects.get().paused_by == sample.owner
    assert resume_indexing(user=sample.viewer)
    assert not resume_indexing(user=sample.viewer)
    assert not is_indexing_paused()
    assert AuditEvent.objects.count() == 2


def test_pause_stays_when_the_account_that_paused_is_deleted(sample: SampleTeam) -> None:
    pause_indexing(user=sample.outsider)
    sample.outsider.delete()
    assert is_indexing_paused()


def test_all_failed_jobs_are_retried(sample: SampleTeam) -> None:
    put_pictures(sample, 3)
    IndexJob.objects.update(is_failed=True, attempts=5, error="It is damaged.")
    Image.objects.all().record_index_state(index_state=IndexState.FAILED, index_error="It is damaged.")
    assert retry_failed_jobs(user=sample.owner) == 4
    assert retry_failed_jobs(user=sample.owner) == 0
    assert not Image.objects.failed().exists()
    IndexWorker().drain()
    assert Image.objects.indexed().count() == 4
