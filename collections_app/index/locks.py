"""File locks between processes: released by the kernel when their holder dies."""

import fcntl
import os
from pathlib import Path


def wait_for_lock(path: Path) -> int:
    """Return a descriptor that holds the lock until it is closed.

    Each call opens the file anew, so that threads of one process exclude each other too.
    """
    descriptor = _opened(path)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


def try_lock(path: Path) -> int | None:
    """Return such a descriptor; None if somebody else holds the lock."""
    descriptor = _opened(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _opened(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
