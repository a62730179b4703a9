"""Detection of frozen child processes for `serve`: a thread in each child writes to a pipe every second."""

import os
import threading
import time
from contextlib import suppress

from collections_app.index.file_locks import is_stopped

_VARIABLE = "IMAGESEARCH_LIVENESS_FD"
_EVERY_S = 1.0
# After this time a stopped process (SIGSTOP) counts as frozen. A process that runs but writes nothing gets more time,
# because it may wait for the disk, or for a processor on a busy machine.
CHILD_STOPPED_S = 20.0
CHILD_SILENT_S = 120.0


class Liveness:
    """The supervisor's end of one child's pipe. Its clock stops while the machine is suspended."""

    def __init__(self) -> None:
        self._reader, self.writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(self.writer, False)
        self._heard_at: float | None = None
        self._checked_at = time.monotonic()

    @property
    def environment(self) -> dict[str, str]:
        """The environment of the child, which inherits `writer`."""
        return {**os.environ, _VARIABLE: str(self.writer)}

    def close_writer(self) -> None:
        """Close the supervisor's copy once the child has its own."""
        os.close(self.writer)

    def close(self) -> None:
        os.close(self._reader)

    def is_frozen(self, pid: int) -> bool:
        """Return whether the child is stopped or silent for too long; False for a child that has not written yet."""
        now = time.monotonic()
        pause_s, self._checked_at = now - self._checked_at, now
        with suppress(BlockingIOError):
            if os.read(self._reader, 65_536):
                self._heard_at = now
                return False
        if self._heard_at is None:
            return False
        if pause_s > CHILD_STOPPED_S / 2:  # this process was stopped itself
            self._heard_at = now
        return now - self._heard_at > (CHILD_STOPPED_S if is_stopped(pid) else CHILD_SILENT_S)


def report_to_supervisor() -> None:
    """Start the thread that writes to the pipe, if this process is a child of `serve`."""
    descriptor = os.environ.pop(_VARIABLE, "")
    if descriptor:
        threading.Thread(target=_write, args=(int(descriptor),), name="liveness", daemon=True).start()


def _write(descriptor: int) -> None:
    while True:
        try:
            os.write(descriptor, b".")
        except BlockingIOError:
            pass  # the supervisor itself is stopped
        except OSError:
            return
        time.sleep(_EVERY_S)
