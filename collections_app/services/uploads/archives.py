"""Uploaded ZIP files: stored by the request, claimed by a worker under a lease, and deleted when they are unpacked."""

import logging
import uuid
from datetime import timedelta
from typing import BinaryIO, cast

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils import timezone
from django.utils.translation import get_language

from collections_app.errors import CollectionDeleted, StorageUnavailable, TooManyArchives
from collections_app.errors import gettext_noop as _
from collections_app.models import ArchiveImport, ArchiveState, Collection, PendingFile, User
from collections_app.models.archive_import import ArchiveImportQuerySet, build_archive_name
from collections_app.request_ids import get_request_id
from collections_app.services.library.files import clean_file_name, is_backup_running
from collections_app.services.library.quotas import check_quota
from collections_app.services.uploads.report import get_archive_limits
from collections_app.services.uploads.zip_reader import count_entries

ARCHIVE_LEASE_S = 30.0
_POSTPONE_S = 30.0

log = logging.getLogger(__name__)


def store_archive(*, file: File[bytes], name: str, collection: Collection, uploader: User) -> ArchiveImport:
    """Store a ZIP file for a worker, after the checks that need no decoding.

    Raises InvalidArchive, QuotaExceeded, TooManyArchives or CollectionDeleted with nothing stored; OSError or
    StorageUnavailable if the storage fails.
    """
    if ArchiveImport.objects.uploaded_by(uploader).unfinished().count() >= settings.MAX_WAITING_ARCHIVES:
        sentence = _("You have %(count)s ZIP files waiting. Try again when they are unpacked.")
        raise TooManyArchives(sentence, count=settings.MAX_WAITING_ARCHIVES)
    entry_count = count_entries(cast(BinaryIO, file.open()), get_archive_limits())
    check_quota(team=collection.team, byte_size=1)
    archive = ArchiveImport(
        uploader=uploader,
        collection=collection,
        original_name=clean_file_name(name),
        file_name=build_archive_name(),
        byte_size=file.size,
        language=get_language() or settings.LANGUAGE_CODE,
        entry_count=entry_count,
        request_id=get_request_id(),
    )
    PendingFile.objects.create(file_name=archive.file_name)
    try:
        default_storage.save(archive.file_name, file)
        _save_row(archive)
    except BaseException:
        _delete_stored_file(archive.file_name)
        raise
    return archive


@transaction.atomic
def claim_archive(*, worker: uuid.UUID, lease_s: float = ARCHIVE_LEASE_S) -> ArchiveImport | None:
    """Lease the next due archive to the worker, and count the attempt in advance."""
    now = timezone.now()
    archive = _lock_rows(ArchiveImport.objects.due(now)).first()
    if archive is None:
        return None
    archive.lease, archive.leased_until = worker, now + timedelta(seconds=lease_s)
    archive.state, archive.attempts = ArchiveState.RUNNING, archive.attempts + 1
    archive.save(update_fields=["lease", "leased_until", "state", "attempts"])
    return archive


def renew_archive_lease(*, worker: uuid.UUID, lease_s: float = ARCHIVE_LEASE_S) -> None:
    ArchiveImport.objects.leased_by(worker).update(leased_until=timezone.now() + timedelta(seconds=lease_s))


def save_progress(*, worker: uuid.UUID, archive: ArchiveImport) -> bool:
    """Save how far the archive is unpacked. Return False if another worker has claimed it, or if it was deleted."""
    names = ("position", "unpacked_bytes", "added", "known", "refused", "report")
    values = {name: getattr(archive, name) for name in names}
    held = ArchiveImport.objects.leased_by(worker).filter(pk=archive.pk)
    return bool(held.update(**values, attempts=0, message=""))


def release_archive(*, worker: uuid.UUID, archive: ArchiveImport, reason: str = "") -> None:
    """End the lease without counting the attempt. The archive is due after the others; with a `reason`, even later."""
    run_after = timezone.now() + timedelta(seconds=_POSTPONE_S if reason else 0)
    ArchiveImport.objects.leased_by(worker).filter(pk=archive.pk).update(
        lease=None,
        leased_until=None,
        state=ArchiveState.WAITING,
        attempts=Greatest(F("attempts") - 1, 0),
        run_after=run_after,
        message=reason,
    )


def finish_archive(*, worker: uuid.UUID, archive: ArchiveImport, failure: str = "") -> None:
    """Record the end and delete the stored file. `failure` is a sentence if the rest was not unpacked."""
    held = ArchiveImport.objects.leased_by(worker).filter(pk=archive.pk)
    state = ArchiveState.FAILED if failure else ArchiveState.DONE
    if held.update(state=state, message=failure, finished_at=timezone.now(), lease=None, leased_until=None):
        _delete_archive_file(archive)


def delete_old_archives() -> int:
    """Delete old reports, and stored files that could not be deleted when their archives were finished."""
    for archive in ArchiveImport.objects.finished_before(timezone.now()).exclude(file_name=""):
        _delete_archive_file(archive)
    oldest = timezone.now() - timedelta(days=settings.ARCHIVE_REPORT_DAYS)
    return ArchiveImport.objects.finished_before(oldest).delete()[0]


@transaction.atomic
def _save_row(archive: ArchiveImport) -> None:
    if not Collection.objects.not_trashed().filter(pk=archive.collection_id or 0).exists():
        raise CollectionDeleted(_("This collection was deleted. Select another one."))
    archive.save()


def _delete_archive_file(archive: ArchiveImport) -> None:
    """Delete the stored file. A failure is only logged, because maintenance tries again.

    A running backup may have copied the row before the end of the archive, and then needs its file.
    """
    if is_backup_running():
        return
    try:
        _delete_stored_file(archive.file_name)
    except (OSError, StorageUnavailable) as error:
        log.warning("The unpacked ZIP file %s could not be deleted: %s", archive.file_name, error)
    else:
        ArchiveImport.objects.filter(pk=archive.pk).update(file_name="")


def _delete_stored_file(name: str) -> None:
    default_storage.delete(name)
    PendingFile.objects.filter(file_name=name).delete()


def _lock_rows(archives: ArchiveImportQuerySet) -> ArchiveImportQuerySet:
    """Skip rows that another worker is claiming. SQLite needs no row locks: it has one writer at a time."""
    if connection.features.has_select_for_update_skip_locked:
        return archives.select_for_update(skip_locked=True)
    return archives
