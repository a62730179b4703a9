"""Unpacking of uploaded ZIP files by the index worker's process, entry by entry."""

import logging
import threading
import time
import uuid
from typing import BinaryIO, cast

from django.core.files.storage import default_storage
from django.db import InterfaceError, OperationalError
from django.utils import timezone
from django.utils.translation import gettext, override

from collections_app.errors import NotAllowed, StorageUnavailable
from collections_app.errors import gettext_noop as _
from collections_app.models import ArchiveImport, Collection
from collections_app.request_ids import use_request_id
from collections_app.services.leases import Heartbeat
from collections_app.services.uploads.archives import (
    ARCHIVE_LEASE_S,
    claim_archive,
    finish_archive,
    release_archive,
    renew_archive_lease,
    save_progress,
)
from collections_app.services.uploads.report import (
    RejectionGroups,
    UploadResult,
    build_rejected_entry_result,
    get_archive_limits,
    ingest_entry,
)
from collections_app.services.uploads.zip_reader import ArchiveEntry, ArchivePosition, read_archive

MAX_ENTRY_ATTEMPTS = 3
# After this time, the worker continues with another archive.
_SLICE_S = 60.0
_IDLE_S = 0.25
_MAX_LISTED = 50
_STORAGE_AWAY = _("Pictures can't be stored right now. The ZIP file is unpacked when they can.")
_FILE_MISSING = _("The ZIP file is missing from the storage. Upload it again.")

log = logging.getLogger(__name__)


class ArchiveUnpacker:
    """Unpacks archives. Any number may run. Set `stop` to end after the current entry; another unpacker continues."""

    def __init__(
        self, *, stop: threading.Event | None = None, lease_s: float = ARCHIVE_LEASE_S, slice_s: float = _SLICE_S
    ) -> None:
        self.id = uuid.uuid4()
        self.stop = stop or threading.Event()
        self._lease_s = lease_s
        self._slice_s = slice_s

    def drain(self) -> None:
        """Unpack until no archive is unfinished, including those of other workers. Raises StorageUnavailable."""
        while not self.stop.is_set() and ArchiveImport.objects.unfinished().exists():
            if self.unpack_next():
                continue
            waiting = ArchiveImport.objects.unfinished().exclude(message="").first()
            if waiting:
                raise StorageUnavailable(waiting.message)
            self.stop.wait(_IDLE_S)

    def unpack_next(self) -> bool:
        """Unpack the next due archive, or a part of it; return whether there was one."""
        if self.stop.is_set() or not ArchiveImport.objects.due(timezone.now()).exists():
            return False
        archive = claim_archive(worker=self.id, lease_s=self._lease_s)
        if archive is None:
            return False
        with self._make_heartbeat(), override(archive.language), use_request_id(archive.request_id):
            self._unpack_or_postpone(archive)
        return True

    def _make_heartbeat(self) -> Heartbeat:
        return Heartbeat(
            renew=lambda: renew_archive_lease(worker=self.id, lease_s=self._lease_s), lease_s=self._lease_s
        )

    def _unpack_or_postpone(self, archive: ArchiveImport) -> None:
        try:
            self._unpack(archive)
        except NotAllowed as error:
            finish_archive(worker=self.id, archive=archive, failure=error.sentence)
        except FileNotFoundError:
            self._handle_missing_file(archive)
        except (OSError, StorageUnavailable) as error:
            log.warning("Unpacking waits: %s", error)
            release_archive(worker=self.id, archive=archive, reason=_STORAGE_AWAY)
        except (OperationalError, InterfaceError):
            release_archive(worker=self.id, archive=archive)
            raise

    def _unpack(self, archive: ArchiveImport) -> None:
        must_skip = archive.attempts > MAX_ENTRY_ATTEMPTS
        end = time.monotonic() + self._slice_s
        start = ArchivePosition(entries=archive.position, unpacked_bytes=archive.unpacked_bytes)
        _get_target(archive)
        with default_storage.open(archive.file_name) as file:
            for entry in read_archive(cast(BinaryIO, file), get_archive_limits(), start=start):
                result = _refuse_entry(entry) if must_skip else _ingest(archive, entry)
                must_skip = False
                _add_to_report(archive, entry, result)
                must_end = self.stop.is_set() or (time.monotonic() > end and _is_another_due())
                # An entry that the directory alone rejects takes no time, and there may be very many of them.
                if (entry.file or must_end) and not save_progress(worker=self.id, archive=archive):
                    return
                if must_end:
                    release_archive(worker=self.id, archive=archive)
                    return
        save_progress(worker=self.id, archive=archive)
        finish_archive(worker=self.id, archive=archive)

    def _handle_missing_file(self, archive: ArchiveImport) -> None:
        """Postpone the archive and count the attempt: the storage may be away for a moment."""
        if archive.attempts > MAX_ENTRY_ATTEMPTS:
            finish_archive(worker=self.id, archive=archive, failure=_FILE_MISSING)
            return
        release_archive(worker=self.id, archive=archive, reason=_STORAGE_AWAY)
        ArchiveImport.objects.filter(pk=archive.pk).update(attempts=archive.attempts)


def _get_target(archive: ArchiveImport) -> Collection:
    """Return the collection if the uploader may still add pictures to it. Raises NotAllowed."""
    if not type(archive.uploader).objects.filter(pk=archive.uploader_id, is_active=True).exists():
        raise NotAllowed(_("The account was closed."))
    collections = Collection.objects.editable_by(archive.uploader).select_related("team")
    collection = collections.filter(pk=archive.collection_id or 0).first()
    if collection is None:
        raise NotAllowed(_("The collection was deleted, or you may no longer add pictures to it."))
    return collection


def _ingest(archive: ArchiveImport, entry: ArchiveEntry) -> UploadResult:
    """Store the entry after another check of the rights. Raises NotAllowed."""
    if entry.file is None:
        return build_rejected_entry_result(entry)
    return ingest_entry(entry=entry, collection=_get_target(archive), uploader=archive.uploader)


def _refuse_entry(entry: ArchiveEntry) -> UploadResult:
    sentence = gettext("The server stopped each time it read this file.")
    return UploadResult(file_name=entry.name[:200], error=sentence, code="crash")


def _add_to_report(archive: ArchiveImport, entry: ArchiveEntry, result: UploadResult) -> None:
    archive.position, archive.unpacked_bytes = entry.end.entries, entry.end.unpacked_bytes
    archive.added += result.created
    archive.known += result.image is not None and not result.created
    archive.refused += bool(result.error)
    report = {"rejections": [], "notes": [], "images": [], **archive.report}
    if result.error:
        groups = RejectionGroups(report["rejections"])
        groups.add(name=result.file_name, error=result.error)
        report["rejections"] = groups.export_json()
    elif result.image and len(report["images"]) < _MAX_LISTED:
        report["images"].append([result.image.pk, result.created])
    if result.note and len(report["notes"]) < _MAX_LISTED:
        report["notes"].append([result.file_name, result.note])
    archive.report = report


def _is_another_due() -> bool:
    return ArchiveImport.objects.due(timezone.now()).exists()
