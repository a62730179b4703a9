"""Repairing what `verifying` has found."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from collections_app.chunks import iterate_chunks
from collections_app.errors import RestoreFailed
from collections_app.models import GuestUpload, Image
from collections_app.services.backup.manifest import open_pool
from collections_app.services.backup.stored_files import SavedFile, put_into_storage
from collections_app.services.backup.thumbnails import make_thumbnails
from collections_app.services.backup.verifying import FilesReport, SiteIndexReport
from collections_app.services.indexing.audit import queue_altered, queue_differences
from collections_app.services.library.files import delete_files, get_picture_storage
from collections_app.services.library.images import requeue_failed_images

_CHUNK_SIZE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Repairs:
    """What was done: files taken from a backup, thumbnails made, files deleted."""

    restored: int
    thumbnails: int
    deleted: int


def repair_files(report: FilesReport, *, backups: Path | None, deletes_unknown: bool) -> Repairs:
    """Take missing and damaged files from the backups, make thumbnails, and delete renditions without an original.

    Files without a row are deleted only with `deletes_unknown`: they may be all that is left of lost rows. Raises
    OSError or StorageUnavailable.
    """
    restored = 0
    if backups:
        for files in iterate_chunks([*report.missing, *report.damaged], _CHUNK_SIZE):
            restored += _take_from_backups(files, backups)
    for image_ids in iterate_chunks(report.without_thumbnail, _CHUNK_SIZE):
        make_thumbnails(Image.objects.filter(pk__in=image_ids))
    get_picture_storage().delete_many(report.stray)
    unknown = report.unknown if deletes_unknown else []
    delete_files(*unknown)
    deleted = len(report.stray) + len(unknown)
    return Repairs(restored=restored, thumbnails=len(report.without_thumbnail), deleted=deleted)


def queue_index_repairs(report: SiteIndexReport) -> int:
    """Queue what differs; return how many images. The index worker repairs it."""
    count = 0
    for each in report.models:
        count += queue_altered(each.altered, each.audit.model)
        count += queue_differences(each.audit)
    return count


def _take_from_backups(files: Sequence[SavedFile], backups: Path) -> int:
    """Return how many files the backups had. Rows may have been deleted since the check."""
    names = [file.name for file in files]
    of_images = Image.objects.filter(file__in=names).values_list("file", flat=True)
    named = {*of_images, *GuestUpload.objects.filter(file_name__in=names).values_list("file_name", flat=True)}
    restored = [file.name for file in files if file.name in named and _take_from_backup(file, backups)]
    requeue_failed_images(images=Image.objects.filter(file__in=restored))
    return len(restored)


def _take_from_backup(file: SavedFile, backups: Path) -> bool:
    """Return whether the backups have the file with the row's checksum. A ZIP file has no checksum in its row."""
    if not file.sha256:
        return False
    try:
        put_into_storage(file, open_pool(backups))
    except RestoreFailed:
        return False
    return True
