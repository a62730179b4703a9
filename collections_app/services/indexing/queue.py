"""The queue of index jobs: a worker claims them under a lease, then finishes, fails or releases them.

After a failure or a crash a job is claimed alone, so that a picture that crashes the process affects no other. After
the fifth attempt it fails for good.
"""

import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, TypeVar

from django.db import connection, transaction
from django.db.models import BigIntegerField, Case, F, QuerySet, Value, When
from django.db.models.functions import Greatest
from django.utils import timezone

from collections_app.metrics import CRASH, count_index_failure
from collections_app.models import Image, IndexJob, IndexModel, IndexState
from collections_app.models.concurrent_writes import split_into_chunks
from collections_app.models.image import ImageQuerySet
from collections_app.models.index_job import IndexJobQuerySet, Priority

MAX_ATTEMPTS = 5
LEASE_S = 30.0
_FIRST_RETRY_S = 1.0
_POSTPONE_S = 30.0

Computed = Mapping[int, Mapping[str, int]]
_NOTHING: Computed = MappingProxyType({})
_NO_VALUES: Mapping[str, Any] = MappingProxyType({})
_Rows = TypeVar("_Rows", bound=QuerySet[Any])


@transaction.atomic
def claim_jobs(
    *, worker: uuid.UUID, limit: int, lease_s: float = LEASE_S, exclude_retries: bool = False
) -> list[IndexJob]:
    """Lease up to `limit` due jobs to the worker and count the attempt in advance.

    `exclude_retries`: this process holds other jobs, so it must not claim a retry. If a retry is next, nothing is
    claimed; otherwise the retry would wait for the end of the queue.
    """
    now = timezone.now()
    jobs = list(_lock_rows(IndexJob.objects.due(now))[:limit])
    for job in jobs:
        if job.attempts >= MAX_ATTEMPTS:
            count_index_failure(CRASH)
            _give_up(job, "The worker crashed each time it indexed this picture.")
    jobs = [job for job in jobs if job.attempts < MAX_ATTEMPTS]
    if jobs and jobs[0].attempts:
        jobs = [] if exclude_retries else jobs[:1]
    jobs = jobs[:1] + [job for job in jobs[1:] if not job.attempts]
    IndexJob.objects.filter(pk__in=[job.pk for job in jobs]).update(
        lease=worker, leased_until=now + timedelta(seconds=lease_s), attempts=F("attempts") + 1
    )
    for job in jobs:
        job.attempts += 1
    return jobs


@transaction.atomic
def renew_leases(*, workers: Collection[uuid.UUID], lease_s: float = LEASE_S) -> int:
    """Extend the leases of the jobs that the workers have claimed; return how many.

    Jobs that are being queued again are left out, so that this waits for nobody.
    """
    until = timezone.now() + timedelta(seconds=lease_s)
    held = list(_lock_rows(IndexJob.objects.leased_by(*workers)).values_list("pk", flat=True))
    return IndexJob.objects.filter(pk__in=held).update(leased_until=until)


def finish_jobs(
    *, worker: uuid.UUID, jobs: Sequence[IndexJob], models: Sequence[IndexModel] = (), computed: Computed = _NOTHING
) -> None:
    """Delete finished jobs, and with `models` record that the images have their vectors. The number of statements is
    constant.

    A job whose image was queued again, or that another worker has claimed, stays: its token or its lease has changed.
    `computed` maps image ids to the fields that were computed with a new vector.
    """
    done = _end_unchanged(worker, jobs, models, computed)
    _release_or_requeue(worker, [job for job in jobs if job.pk not in done])


def keep_jobs(
    *,
    worker: uuid.UUID,
    jobs: Sequence[IndexJob],
    models: tuple[IndexModel, IndexModel],
    is_unavailable: bool = False,
    computed: Computed = _NOTHING,
) -> None:
    """Record the images for the active model, and keep their jobs for the other one. The jobs wait behind all others.

    `models`: the active one, then the other one. `is_unavailable`: the other one cannot be loaded right now, so this
    attempt does not count.
    """
    if not jobs:
        return
    values: dict[str, Any] = {"run_after": timezone.now(), "attempts": 0, "error": ""}
    if is_unavailable:
        later = timezone.now() + timedelta(seconds=_POSTPONE_S)
        values = {"run_after": later, "attempts": Greatest(F("attempts") - 1, 0)}
    _keep_for_other_model(worker, jobs, models, values, computed)


def fail_job_of_other_model(
    *,
    worker: uuid.UUID,
    job: IndexJob,
    models: tuple[IndexModel, IndexModel],
    reason: str,
    computed: Computed = _NOTHING,
) -> None:
    """Record the image for the active model, and schedule a retry for the other one. The fifth failure is the last.

    `models`: the active one, then the other one, whose vector of the image must have been deleted.
    """
    values = {"run_after": _compute_retry_time(job), "is_failed": job.attempts >= MAX_ATTEMPTS, "error": reason}
    own = {job.image_id: computed.get(job.image_id, {})}
    _keep_for_other_model(worker, [job], models, values, own, models[1].fields.empty)


@transaction.atomic
def fail_job(*, worker: uuid.UUID, job: IndexJob, reason: str) -> None:
    """Schedule a retry after a delay that doubles each time. At the fifth failure, record the reason on the image."""
    held = IndexJob.objects.leased_by(worker).filter(pk=job.pk, token=job.token)
    is_last = job.attempts >= MAX_ATTEMPTS
    run_after = job.run_after if is_last else _compute_retry_time(job)
    if not held.update(lease=None, leased_until=None, is_failed=is_last, run_after=run_after, error=reason):
        _release_or_requeue(worker, [job])
    elif is_last:
        _record_failed(Image.objects.filter(pk=job.image_id), reason)


@transaction.atomic
def postpone_job(*, worker: uuid.UUID, job: IndexJob, reason: str) -> None:
    """Schedule a retry without counting an attempt: the picture did not cause the failure."""
    held = IndexJob.objects.leased_by(worker).filter(pk=job.pk, token=job.token)
    later = timezone.now() + timedelta(seconds=_POSTPONE_S)
    attempts = Greatest(F("attempts") - 1, 0)
    if not held.update(lease=None, leased_until=None, attempts=attempts, run_after=later, error=reason):
        _release_or_requeue(worker, [job])


@transaction.atomic
def release_jobs(*, workers: Collection[uuid.UUID]) -> int:
    """Release all jobs of the workers without counting an attempt; return how many."""
    return len(_release(IndexJob.objects.leased_by(*workers)))


def limit_share(*, percent: int) -> int:
    """Let workers spend this share of their machine on the waiting repairs and rebuilds; return how many changed."""
    jobs = IndexJob.objects.waiting().filter(priority__gte=Priority.REPAIR).exclude(machine_percent=percent)
    chunks = split_into_chunks(list(jobs.values_list("pk", flat=True)))
    return sum(IndexJob.objects.filter(pk__in=chunk).update(machine_percent=percent) for chunk in chunks)


def retry_jobs(*, jobs: IndexJobQuerySet) -> int:
    """Schedule jobs at once, as if for the first time, in short transactions; return how many. Images that had failed
    are pending again."""
    chunks = split_into_chunks(list(jobs.order_by("image_id").values_list("pk", flat=True)))
    return sum(_retry_chunk(jobs.filter(pk__in=chunk)) for chunk in chunks)


@transaction.atomic
def _retry_chunk(jobs: IndexJobQuerySet) -> int:
    image_ids = dict(jobs.values_list("pk", "image_id"))
    failed = Image.objects.filter(pk__in=image_ids.values()).failed()
    failed.record_index_state(index_state=IndexState.PENDING, index_error="")
    return jobs.filter(pk__in=image_ids).update(is_failed=False, attempts=0, error="", run_after=timezone.now())


def _give_up(job: IndexJob, reason: str) -> None:
    """Record that the job failed. Another model than the active one cannot make a searchable image unsearchable."""
    IndexJob.objects.filter(pk=job.pk).update(is_failed=True, lease=None, leased_until=None, error=reason)
    images = Image.objects.filter(pk=job.image_id)
    if job.priority == Priority.MODEL_CHANGE:
        images = images.exclude(index_state=IndexState.INDEXED)
    _record_failed(images, reason)


def _record_failed(images: ImageQuerySet, reason: str) -> None:
    images.record_index_state(index_state=IndexState.FAILED, index_error=reason)


def _compute_retry_time(job: IndexJob) -> datetime:
    """Return when to try again: the delay doubles with each attempt."""
    return timezone.now() + timedelta(seconds=_FIRST_RETRY_S * 2 ** (job.attempts - 1))


def _keep_for_other_model(
    worker: uuid.UUID,
    jobs: Sequence[IndexJob],
    models: tuple[IndexModel, IndexModel],
    values: Mapping[str, Any],
    computed: Computed,
    recorded: Mapping[str, Any] = _NO_VALUES,
) -> None:
    """Record the images for the active model, and store these values in their jobs, which wait for the other model.

    `recorded` are values that are stored in the images too.
    """
    active, other = models
    waiting = {"priority": Priority.MODEL_CHANGE, "machine_percent": other.machine_percent}
    kept = {**waiting, "lease": None, "leased_until": None, **values}
    done = _end_unchanged(worker, jobs, [active], computed, kept=kept, recorded=recorded)
    _release_or_requeue(worker, [job for job in jobs if job.pk not in done])


@transaction.atomic
def _end_unchanged(
    worker: uuid.UUID,
    jobs: Sequence[IndexJob],
    models: Sequence[IndexModel],
    computed: Computed,
    *,
    kept: Mapping[str, Any] = _NO_VALUES,
    recorded: Mapping[str, Any] = _NO_VALUES,
) -> set[int]:
    """Delete the jobs that the worker still holds, or update them with `kept`. Record their images for these models,
    and store the values `recorded` in them. Return the ids of the jobs.

    A row that is locked is about to change, so its job stays. Waiting for it could be a deadlock: others lock the rows
    of an image and its job in both orders.
    """
    unchanged = IndexJob.objects.leased_by(worker).filter(token__in=[job.token for job in jobs])
    images = Image.objects.filter(pk__in=[job.image_id for job in jobs])
    if models:
        unchanged = unchanged.filter(image_id__in=list(_lock_rows(images).values_list("pk", flat=True)))
    done = {job.pk: job.image_id for job in _lock_rows(unchanged)}
    ended = IndexJob.objects.filter(pk__in=done)
    if kept:
        ended.update(**kept)
    else:
        ended.delete()
    if models:
        _record_indexed(images.filter(pk__in=done.values()), models, computed, recorded)
    return set(done)


def _record_indexed(
    images: ImageQuerySet, models: Sequence[IndexModel], computed: Computed, recorded: Mapping[str, Any]
) -> None:
    """Their files are those that were encoded: a new file would have queued the image again."""
    values: dict[str, Any] = {"index_state": IndexState.INDEXED, "index_error": "", **recorded}
    for model in models:
        values |= {model.fields.model_key: model.key, model.fields.sha256: F("sha256")}
    for name in sorted({name for own in computed.values() for name in own}):
        own = {image_id: each[name] for image_id, each in computed.items() if name in each}
        cases = [When(pk=image_id, then=Value(value)) for image_id, value in own.items()]
        values[name] = Case(*cases, default=F(name), output_field=BigIntegerField())
    images.record_index_state(**values)


@transaction.atomic
def _release_or_requeue(worker: uuid.UUID, jobs: Sequence[IndexJob]) -> None:
    """Release renewed jobs. Queue those again that another worker has claimed: it may have finished with newer data
    than this worker has just written."""
    if not jobs:
        return
    released = _release(IndexJob.objects.leased_by(worker).filter(pk__in=[job.pk for job in jobs]))
    IndexJob.objects.enqueue_deleted({job.image_id: job.file_name for job in jobs if job.pk not in released})


def _release(jobs: IndexJobQuerySet) -> set[int]:
    """Release the jobs and return their ids. Subtract the attempt that was counted in advance.

    A job that was queued again meanwhile has no attempt. `enqueue` locks jobs in the same order.
    """
    held = set(jobs.select_for_update().order_by("image_id").values_list("pk", flat=True))
    attempts = Greatest(F("attempts") - 1, 0)
    IndexJob.objects.filter(pk__in=held).update(lease=None, leased_until=None, attempts=attempts)
    return held


def _lock_rows(rows: _Rows) -> _Rows:
    """Skip rows that another transaction has locked. SQLite needs no row locks: it has one writer at a time."""
    if connection.features.has_select_for_update_skip_locked:
        return rows.select_for_update(skip_locked=True, no_key=connection.features.has_select_for_no_key_update)
    return rows
