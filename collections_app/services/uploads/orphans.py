"""What processes that died in the middle of an upload have left behind, and nothing else."""

import time
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from collections_app.models import Image, IndexJob, PendingFile
from collections_app.services.library.files import delete_files

AFTER = timedelta(days=1)


def sweep_temporary_files() -> int:
    """Delete old files that Django spooled for requests that never ended; return how many."""
    swept = 0
    for path in Path(settings.FILE_UPLOAD_TEMP_DIR).glob("*.upload*"):
        try:
            if path.is_file() and time.time() - path.stat().st_mtime > AFTER.total_seconds():
                path.unlink()
                swept += 1
        except FileNotFoundError:  # another worker was first
            continue
    return swept


def sweep_stored_files() -> int:
    """Delete stored files that were noted a day ago and got no row; return how many.

    Only what this installation has noted itself is looked at: a storage may be shared with others. Raises
    StorageUnavailable, with the notes kept.
    """
    swept = 0
    for pending in PendingFile.objects.noted_before(timezone.now() - AFTER):
        if not _is_wanted(pending.file_name):
            delete_files(pending.file_name)
            swept += 1
        pending.delete()
    return swept


def _is_wanted(name: str) -> bool:
    """A queued job deletes its file itself, when it is its turn."""
    return Image.objects.filter(file=name).exists() or IndexJob.objects.filter(file_name=name).exists()
