"""Locks on files. A lock file contains the id of its process, so that a stopped process can be killed."""

import errno
import fcntl
import logging
import os
import signal
import time
from contextlib import suppress
from pathlib import Path

# How long a holder may be stopped before it is killed.
HOLDER_STOPPED_S = 5.0
_POLL_S = 0.05

log = logging.getLogger(__name__)


def try_lock(path: Path) -> int | None:
    """Return a descriptor that holds the lock until it is closed or its process dies; None if another one holds it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    with suppress(OSError):  # a full disk: the lock holds all the same
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
    return descriptor


def wait_for_lock(path: Path, *, timeout_s: float) -> int:
    """Return a descriptor that holds the lock. Raises TimeoutError.

    Each call opens the file again, so that threads of one process exclude each other too.
    """
    deadline = time.monotonic() + timeout_s
    while (descriptor := try_lock(path)) is None:
        if time.monotonic() > deadline:
            raise TimeoutError(errno.ETIMEDOUT, "Another process holds the lock", str(path))
        time.sleep(_POLL_S)
    return descriptor


def is_locked(path: Path) -> bool:
    """Return whether another process or descriptor holds the lock."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def is_stopped(pid: int) -> bool:
    """Return whether the process is stopped (SIGSTOP, Ctrl-Z); False where /proc is missing."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
    except (OSError, IndexError):
        return False


class StoppedHolder:
    """Kills a holder of a lock that stays stopped; the kernel then releases the lock.

    The kernel reports which processes are stopped, so a busy process is never killed. On a machine that was suspended
    no process counts as stopped.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._pid = 0
        self._since = 0.0

    def kill_if_stopped(self) -> bool:
        """Call it repeatedly. Return whether the holder was killed: it was stopped for HOLDER_STOPPED_S."""
        pid = self._read_pid()
        if not pid or not is_stopped(pid) or not _has_open(pid, self._path):
            self._pid = 0
            return False
        if pid != self._pid:
            self._pid, self._since = pid, time.monotonic()
        if time.monotonic() - self._since < HOLDER_STOPPED_S:
            return False
        return self._kill(pid)

    def _kill(self, pid: int) -> bool:
        try:
            process = os.pidfd_open(pid)
        except OSError:
            return False
        try:
            # Check again: from here on no other process can get this id.
            if not is_stopped(pid) or not _has_open(pid, self._path):
                return False
            log.warning(
                "Process %s is stopped and locks %s, which other processes wait for. Killing it.", pid, self._path
            )
            signal.pidfd_send_signal(process, signal.SIGKILL)
        except OSError as error:
            log.warning("Process %s could not be killed: %s", pid, error)
            return False
        finally:
            os.close(process)
        return True

    def _read_pid(self) -> int:
        try:
            pid = int(self._path.read_text() or 0)
        except (OSError, ValueError):
            return 0
        return 0 if pid == os.getpid() else pid


def _has_open(pid: int, path: Path) -> bool:
    """Return whether the process has the file open. In another container the id may belong to another process."""
    try:
        wanted = path.stat()
        descriptors = list(Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return False
    for each in descriptors:
        with suppress(OSError):
            if os.path.samestat(each.stat(), wanted):
                return True
    return False
