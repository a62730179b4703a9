"""Clean-up of the files that interrupted uploads left on the disk and in the storage."""

import time
from pathlib import Path

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from collections_app.models import ArchiveImport, ExportPart, GuestUpload, Image, IndexJob, PendingFile
from collections_app.services.library.files import ORPHAN_MIN_AGE, delete_files, is_backup_running


def delete_old_temporary_files() -> int:
    """Delete old temporary files of uploads that were interrupted; return how many."""
    deleted = 0
    for path in Path(settings.FILE_UPLOAD_TEMP_DIR).glob("*.upload*"):
        try:
            if path.is_file() and time.time() - path.stat().st_mtime > ORPHAN_MIN_AGE.total_seconds():
                path.unlink()
                deleted += 1
        except FileNotFoundError:  # another worker was first
            continue
    return deleted


def delete_orphaned_files() -> int:
    """Delete stored files that have had a PendingFile for a day but belong to no row; return how many.

    A stored ZIP file keeps its PendingFile, because its row may be deleted with an account, and so do a guest's
    picture that waits for approval and the files of an export. Files without a PendingFile are not deleted, because
    other programs may use the same storage. While a backup runs, nothing is deleted, because it may copy the file of a
    row that was deleted since. Raises StorageUnavailable; the remaining PendingFile rows then stay.
    """
    if is_backup_running():
        return 0
    deleted = 0
    archives = ArchiveImport.objects.exclude(file_name="").values("file_name")
    guests = GuestUpload.objects.values("file_name")
    exports = ExportPart.objects.values("file_name")
    old = PendingFile.objects.created_before(timezone.now() - ORPHAN_MIN_AGE)
    for pending in old.exclude(Q(file_name__in=archives) | Q(file_name__in=guests) | Q(file_name__in=exports)):
        if not _is_referenced(pending.file_name):
            delete_files(pending.file_name)
            deleted += 1
        pending.delete()
    return deleted


def _is_referenced(name: str) -> bool:
    """Return whether a row or an index job names the file. The job deletes its file itself."""
    return Image.objects.filter(file=name).exists() or IndexJob.objects.filter(file_name=name).exists()
