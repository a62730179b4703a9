"""The daily backup that the index worker's process makes at BACKUP_AT."""

import logging
import threading
import time
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from collections_app.errors import BackupFailed, BackupRunning, StorageUnavailable
from collections_app.services.backup.making import make_backup, prune_backups
from collections_app.services.backup.manifest import find_latest_backup

_CHECK_EVERY_S = 60.0
_RETRY_S = 900.0

log = logging.getLogger(__name__)


class ScheduledBackups:
    """Makes a backup if the last one is older than the last BACKUP_AT, also after a time in which nothing ran.

    Several processes that share BACKUP_DIR make one. Set `stop` to end a running backup.
    """

    def __init__(self, *, stop: threading.Event) -> None:
        self._stop = stop
        self._check_at = 0.0

    def make_due(self) -> bool:
        """Make a backup if one is due; return False. Call it often: it checks once a minute."""
        if time.monotonic() < self._check_at:
            return False
        self._check_at = time.monotonic() + _CHECK_EVERY_S
        folder = settings.BACKUP_DIR
        if folder is None or not is_backup_due(timezone.localtime()):
            return False
        self._check_at = time.monotonic() + _RETRY_S
        try:
            made = make_backup(folder, progress=_NoProgress(), stop=self._stop)
            for problem in made.backup.manifest.problems:
                log.warning("Backup %s: %s", made.backup.name, problem)
            pruned = prune_backups(folder, keep=settings.BACKUP_KEEP)
            log.info("The backup %s is complete. %s older ones were deleted.", made.backup.name, pruned)
        except BackupRunning:
            pass
        except (BackupFailed, StorageUnavailable) as error:
            if not self._stop.is_set():
                log.error("The scheduled backup failed: %s", error)
        return False


def is_backup_due(now: datetime) -> bool:
    """Return whether no backup was begun since the last BACKUP_AT. `now` is in the site's time zone."""
    if not (settings.BACKUP_DIR and settings.BACKUP_AT):
        return False
    due = now.replace(hour=settings.BACKUP_AT.hour, minute=settings.BACKUP_AT.minute, second=0, microsecond=0)
    if due > now:
        due -= timedelta(days=1)
    latest = find_latest_backup()
    return latest is None or latest.manifest.started_at < due


class _NoProgress:
    def begin(self, what: str, total: int) -> None:
        pass

    def advance(self, count: int) -> None:
        pass
