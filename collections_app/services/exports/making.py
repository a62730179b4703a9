"""Preparing the exports that owners requested, in the index worker's process: ZIP files in the storage."""

import logging
import shutil
import threading
import time
import uuid
from typing import IO

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import InterfaceError, OperationalError
from django.utils import timezone
from django.utils.translation import override

from collections_app.errors import StorageUnavailable
from collections_app.errors import gettext_noop as _
from collections_app.models import TeamExport
from collections_app.services.exports.queue import (
    EXPORT_LEASE_S,
    claim_export,
    discard_export_parts,
    finish_export,
    release_export,
    renew_export_lease,
    save_export_progress,
    store_export_part,
)
from collections_app.services.exports.targets import ZipTarget
from collections_app.services.exports.writing import write_export
from collections_app.services.leases import Heartbeat
from collections_app.services.library.quotas import measure_usage

MAX_EXPORT_ATTEMPTS = 3
_SAVE_EVERY_S = 1.0
# What a copy of the pictures leaves free on the disk.
_RESERVED_BYTES = 2**30
_STORAGE_AWAY = _("The pictures can't be read or stored right now. The export continues when they can.")
_FAILED = _("The export failed several times. Try again later, or ask an administrator.")
_NO_ROOM = _("The server has not enough free disk space for a copy of all pictures. Ask an administrator.")

log = logging.getLogger(__name__)


class Exporter:
    """Prepares exports. Any number may run. Set `stop` to end after the current picture; the export starts again."""

    def __init__(self, *, stop: threading.Event | None = None, lease_s: float = EXPORT_LEASE_S) -> None:
        self.id = uuid.uuid4()
        self.stop = stop or threading.Event()
        self._lease_s = lease_s

    def export_next(self) -> bool:
        """Prepare the next due export; return whether there was one."""
        if self.stop.is_set() or not TeamExport.objects.due(timezone.now()).exists():
            return False
        export = claim_export(worker=self.id, lease_s=self._lease_s)
        if export is None:
            return False
        renew = Heartbeat(
            renew=lambda: renew_export_lease(worker=self.id, lease_s=self._lease_s), lease_s=self._lease_s
        )
        with renew, override(export.language):
            self._export_or_postpone(export)
        return True

    def _export_or_postpone(self, export: TeamExport) -> None:
        discard_export_parts(worker=self.id, export=export)
        if export.attempts > MAX_EXPORT_ATTEMPTS:
            finish_export(worker=self.id, export=export, failure=_FAILED)
            return
        try:
            self._export(export)
        except _Interrupted:
            discard_export_parts(worker=self.id, export=export)
            release_export(worker=self.id, export=export)
        except (OSError, StorageUnavailable) as error:
            log.warning("An export waits: %s", error)
            discard_export_parts(worker=self.id, export=export)
            is_failure = not isinstance(error, StorageUnavailable)
            release_export(worker=self.id, export=export, reason=_STORAGE_AWAY, counts=is_failure)
        except (OperationalError, InterfaceError):
            release_export(worker=self.id, export=export)
            raise

    def _export(self, export: TeamExport) -> None:
        if not _has_room(export):
            finish_export(worker=self.id, export=export, failure=_NO_ROOM)
            return
        saved_at = time.monotonic()

        def count_image() -> None:
            nonlocal saved_at
            export.position += 1
            if self.stop.is_set():
                raise _Interrupted
            if time.monotonic() - saved_at >= _SAVE_EVERY_S:
                saved_at = time.monotonic()
                self._require_held(save_export_progress(worker=self.id, export=export))

        def store(file: IO[bytes]) -> None:
            self._require_held(store_export_part(worker=self.id, export=export, file=file))

        with ZipTarget(max_bytes=settings.EXPORT_PART_MB * 2**20, store=store) as target:
            result = write_export(team=export.team, target=target, favourites_of=export.requester, on_image=count_image)
        finish_export(worker=self.id, export=export, problem_count=len(result.problems))

    def _require_held(self, is_held: bool) -> None:
        """End the work if the export was deleted, or if another worker has claimed it."""
        if not is_held:
            raise _Interrupted


class _Interrupted(Exception):
    """The export is not continued now."""


def _has_room(export: TeamExport) -> bool:
    """Return whether the disk has room for a part and, if the storage is a folder, for all pictures."""
    byte_size = measure_usage(export.team).byte_size
    needed = min(byte_size, settings.EXPORT_PART_MB * 2**20)
    if hasattr(default_storage, "base_location"):
        needed += byte_size
    return shutil.disk_usage(settings.FILE_UPLOAD_TEMP_DIR).free >= needed + _RESERVED_BYTES
