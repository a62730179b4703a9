"""The queue of index jobs: a worker claims them under a lease, then finishes, fails or releases them.

After a failure or a crash a job is claimed alone, so that a picture that crashes the process affects no other. After
the fifth attempt it fails for good.
"""

import uuid
from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType

from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils import timezone

from collections_app.models import Image, IndexJob, IndexState
from collections_app.models.index_job import IndexJobQuerySet

MAX_ATTEMPTS = 5
LEASE_S = 30.0
_FIRST_RETRY_S = 1.0
_POSTPONE_S = 30.0
_NOTHING: Mapping[str, int] = MappingProxyType({})


@transaction.atomic
def claim_jobs(
    *, worker: uuid.UUID, limit: int, lease_s: float = LEASE_S, exclude_retries: bool = False
) -> list[IndexJob]:
    """Lease up to `limit` due jobs to the worker and count the attempt in advance.

    `exclude_retries`: the worker holds other jobs, so it must not claim a retry. If a retry is next, nothing is
    claimed; otherwise the retry would wait for the end of the queue.
    """
    now = timezone.now()
    due = _lock_rows(IndexJob.objects.due(now))
    for job in due.filter(attempts__gte=MAX_ATTEMPTS):
        _give_up(job, "The worker crashed each time it indexed this picture.")
    jobs = list(due.filter(attempts__lt=MAX_ATTEMPTS)[:limit])
    if jobs and jobs[0].attempts:
        jobs = [] if exclude_retries else jobs[:1]
    jobs = jobs[:1] + [job for job in jobs[1:] if not job.attempts]
    IndexJob.objects.filter(pk__in=[job.pk for job in jobs]).update(
        lease=worker, leased_until=now + timedelta(seconds=lease_s), attempts=F("attempts") + 1
    )
    for job in jobs:
        job.attempts += 1
    return jobs


def renew_lease(*, worker: uuid.UUID, lease_s: float = LEASE_S) -> int:
    """Extend the leases of all jobs that the worker has claimed; return how many."""
    until = timezone.now() + timedelta(seconds=lease_s)
    return IndexJob.objects.leased_by(worker).update(leased_until=until)


@transaction.atomic
def finish_job(
    *, worker: uuid.UUID, job: IndexJob, model_key: str = "", sha256: str = "", computed: Mapping[str, int] = _NOTHING
) -> None:
    """Delete a finished job and record the image as indexed, unless it was queued again or claimed by another worker.

    `computed` are fields of the image that were computed with its new vector. The job is deleted only if its token is
    unchanged: the token changes whenever the image is queued again.
    """
    deleted, _ = IndexJob.objects.leased_by(worker).filter(pk=job.pk, token=job.token).delete()
    if not deleted:
        _release_or_requeue(worker, job)
    elif model_key:
        Image.objects.filter(pk=job.image_id).record_index_state(
            index_state=IndexState.INDEXED, index_model_key=model_key, index_sha256=sha256, index_error="", **computed
        )


@transaction.atomic
def fail_job(*, worker: uuid.UUID, job: IndexJob, reason: str) -> None:
    """Schedule a retry after a delay that doubles each time. At the fifth failure, record the reason on the image."""
    held = IndexJob.objects.leased_by(worker).filter(pk=job.pk, token=job.token)
    if not held.exists():
        _release_or_requeue(worker, job)
    elif job.attempts >= MAX_ATTEMPTS:
        _give_up(job, reason)
    else:
        delay = timedelta(seconds=_FIRST_RETRY_S * 2 ** (job.attempts - 1))
        held.update(lease=None, leased_until=None, run_after=timezone.now() + delay, error=reason)


@transaction.atomic
def postpone_job(*, worker: uuid.UUID, job: IndexJob, reason: str) -> None:
    """Schedule a retry without counting an attempt: the picture did not cause the failure."""
    held = IndexJob.objects.leased_by(worker).filter(pk=job.pk, token=job.token)
    later = timezone.now() + timedelta(seconds=_POSTPONE_S)
    attempts = Greatest(F("attempts") - 1, 0)
    if not held.update(lease=None, leased_until=None, attempts=attempts, run_after=later, error=reason):
        _release_or_requeue(worker, job)


def release_jobs(*, worker: uuid.UUID) -> int:
    """Release all jobs of a worker without counting an attempt; return how many."""
    held = IndexJob.objects.leased_by(worker)
    # A job that was queued again while it was claimed has no attempt to subtract.
    return held.update(lease=None, leased_until=None, attempts=Greatest(F("attempts") - 1, 0))


@transaction.atomic
def retry_jobs(*, jobs: IndexJobQuerySet) -> int:
    """Schedule jobs at once, as if for the first time; return how many. Their images are pending again."""
    image_ids = list(jobs.values_list("image_id", flat=True))
    failed = Image.objects.filter(pk__in=image_ids).failed()
    failed.record_index_state(index_state=IndexState.PENDING, index_error="")
    return IndexJob.objects.filter(image_id__in=image_ids).update(
        is_failed=False, attempts=0, error="", run_after=timezone.now()
    )


def _give_up(job: IndexJob, reason: str) -> None:
    IndexJob.objects.filter(pk=job.pk).update(is_failed=True, lease=None, leased_until=None, error=reason)
    Image.objects.filter(pk=job.image_id).record_index_state(index_state=IndexState.FAILED, index_error=reason)


def _release_or_requeue(worker: uuid.UUID, job: IndexJob) -> None:
    """Release a renewed job. Queue one again that another worker has claimed: it may have finished with newer data
    than this worker has just written."""
    released = IndexJob.objects.leased_by(worker).filter(pk=job.pk).update(lease=None, leased_until=None)
    if not released:
        IndexJob.objects.enqueue_deleted({job.image_id: job.file_name})


def _lock_rows(jobs: IndexJobQuerySet) -> IndexJobQuerySet:
    """Skip rows that another worker is claiming. SQLite needs no row locks: it has one writer at a time."""
    if connection.features.has_select_for_update_skip_locked:
        return jobs.select_for_update(skip_locked=True)
    return jobs
