"""The outbox as the worker sees it: jobs are claimed under a lease, then finished, failed or given back.

A job that is claimed again after a failure or a crash is claimed alone, so that a picture that takes
the whole process down can do so only to itself; at the fifth time it is given up.
"""

import uuid
from datetime import timedelta

from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils import timezone

from collections_app.models import Image, IndexJob, IndexState
from collections_app.models.index_job import IndexJobQuerySet

MAX_ATTEMPTS = 5
LEASE_S = 30.0
_FIRST_RETRY_S = 1.0
_PUT_OFF_S = 30.0


@transaction.atomic
def claim_jobs(*, worker: uuid.UUID, limit: int, lease_s: float = LEASE_S, fresh_only: bool = False) -> list[IndexJob]:
    """Lease up to `limit` due jobs to the worker, and count the attempt before it is made.

    `fresh_only`: the worker holds others already, and a retry is to be alone in its hands. Where one is next, nothing
    is claimed, so that it need not wait for the end of the queue.
    """
    now = timezone.now()
    due = _locked(IndexJob.objects.due(now))
    for job in due.filter(attempts__gte=MAX_ATTEMPTS):
        _give_up(job, "Indexing this picture stopped the worker each time.")
    jobs = list(due.filter(attempts__lt=MAX_ATTEMPTS)[:limit])
    if jobs and jobs[0].attempts:
        jobs = [] if fresh_only else jobs[:1]
    jobs = jobs[:1] + [job for job in jobs[1:] if not job.attempts]
    IndexJob.objects.filter(pk__in=[job.pk for job in jobs]).update(
        lease=worker, leased_until=now + timedelta(seconds=lease_s), attempts=F("attempts") + 1
    )
    for job in jobs:
        job.attempts += 1
    return jobs


def renew_lease(*, worker: uuid.UUID, lease_s: float = LEASE_S) -> int:
    """Keep everything the worker has claimed; return how many jobs that is."""
    until = timezone.now() + timedelta(seconds=lease_s)
    return IndexJob.objects.leased_by(worker).update(leased_until=until)


@transaction.atomic
def finish_job(
    *, worker: uuid.UUID, job: IndexJob, model_key: str = "", sha256: str = "", perceptual_hash: int | None = None
) -> None:
    """Call a job done, unless its image has changed or been taken over meanwhile.

    The deletion of exactly the claimed token is the proof that nothing was queued since it was read.
    """
    done, _ = IndexJob.objects.leased_by(worker).filter(pk=job.pk, token=job.token).delete()
    if not done:
        _leave_for_another_round(worker, job)
    elif model_key:
        looks = {} if perceptual_hash is None else {"perceptual_hash": perceptual_hash}
        Image.objects.filter(pk=job.image_id).record_index_state(
            index_state=IndexState.INDEXED, index_model_key=model_key, index_sha256=sha256, index_error="", **looks
        )


@transaction.atomic
def fail_job(*, worker: uuid.UUID, job: IndexJob, reason: str) -> None:
    """Try again later, each time after twice as long; at the fifth failure give up, with the reason on the image."""
    held = IndexJob.objects.leased_by(worker).filter(pk=job.pk, token=job.token)
    if not held.exists():
        _leave_for_another_round(worker, job)
    elif job.attempts >= MAX_ATTEMPTS:
        _give_up(job, reason)
    else:
        delay = timedelta(seconds=_FIRST_RETRY_S * 2 ** (job.attempts - 1))
        held.update(lease=None, leased_until=None, run_after=timezone.now() + delay, error=reason)


@transaction.atomic
def put_off_job(*, worker: uuid.UUID, job: IndexJob, reason: str) -> None:
    """Try again in a while, with no attempt counted: it is not the picture's fault, and others need not wait for it."""
    held = IndexJob.objects.leased_by(worker).filter(pk=job.pk, token=job.token)
    later = timezone.now() + timedelta(seconds=_PUT_OFF_S)
    attempts = Greatest(F("attempts") - 1, 0)
    if not held.update(lease=None, leased_until=None, attempts=attempts, run_after=later, error=reason):
        _leave_for_another_round(worker, job)


def give_back_jobs(*, worker: uuid.UUID) -> int:
    """Return all a worker holds, untouched: what kept it from them was not their fault, so it was no attempt."""
    held = IndexJob.objects.leased_by(worker)
    # A job that was renewed while it was held counts no attempt.
    return held.update(lease=None, leased_until=None, attempts=Greatest(F("attempts") - 1, 0))


@transaction.atomic
def retry_jobs(*, jobs: IndexJobQuerySet) -> int:
    """Let jobs be tried at once, as if for the first time; return how many. Their pictures wait again."""
    image_ids = list(jobs.values_list("image_id", flat=True))
    failed = Image.objects.filter(pk__in=image_ids).failed()
    failed.record_index_state(index_state=IndexState.PENDING, index_error="")
    return IndexJob.objects.filter(image_id__in=image_ids).update(
        is_failed=False, attempts=0, error="", run_after=timezone.now()
    )


def _give_up(job: IndexJob, reason: str) -> None:
    IndexJob.objects.filter(pk=job.pk).update(is_failed=True, lease=None, leased_until=None, error=reason)
    Image.objects.filter(pk=job.image_id).record_index_state(index_state=IndexState.FAILED, index_error=reason)


def _leave_for_another_round(worker: uuid.UUID, job: IndexJob) -> None:
    """A renewed job is freed. One that another worker took over may be done already, with newer facts
    than those this worker has just written: it is queued anew."""
    freed = IndexJob.objects.leased_by(worker).filter(pk=job.pk).update(lease=None, leased_until=None)
    if not freed:
        IndexJob.objects.enqueue([job.image_id], file_name=job.file_name)


def _locked(jobs: IndexJobQuerySet) -> IndexJobQuerySet:
    """SQLite has one writer at a time; elsewhere, rows that another worker is claiming are passed over."""
    if connection.features.has_select_for_update_skip_locked:
        return jobs.select_for_update(skip_locked=True)
    return jobs
