"""Pausing the queue of index jobs on all machines, and retrying the failed jobs. For administrators."""

from django.db import transaction

from collections_app.models import AuditAction, IndexingPause, IndexJob, User
from collections_app.services.audit_trail import record_event
from collections_app.services.indexing.queue import retry_jobs


def is_indexing_paused() -> bool:
    return IndexingPause.objects.exists()


@transaction.atomic
def pause_indexing(*, user: User) -> bool:
    """Let no worker claim further jobs; return False if this was so already. Claimed batches are finished."""
    _pause, is_new = IndexingPause.objects.get_or_create(pk=1, defaults={"paused_by": user})
    if is_new:
        record_event(action=AuditAction.INDEXING_PAUSED, actor=user)
    return is_new


@transaction.atomic
def resume_indexing(*, user: User) -> bool:
    """Let workers claim jobs again; return False if indexing was not paused."""
    deleted, _ = IndexingPause.objects.all().delete()
    if deleted:
        record_event(action=AuditAction.INDEXING_RESUMED, actor=user)
    return bool(deleted)


def retry_failed_jobs(*, user: User) -> int:
    """Schedule all failed jobs again, in short transactions; return how many."""
    failed = IndexJob.objects.failed()
    if count := failed.count():
        record_event(action=AuditAction.INDEXING_RETRIED, actor=user, details={"count": count})
    return retry_jobs(jobs=failed)
