"""The processes that record metrics. Each holds the lock of a numbered place and writes the files of its number.

A process that takes the place of an ended one continues its counts, so that they do not fall, and the number of files
is that of the processes that ran at the same time.
"""

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from collections_app.index.file_locks import is_locked, try_lock, wait_for_lock

_LOCK_TIMEOUT_S = 10.0
# Far more than all label values need. The space is reserved, because writing to a mapped file on a full disk would end
# the process.
_FILE_BYTES = 2 * 2**20
_KINDS = ("counter", "histogram")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingProcess:
    """A running process. `model_key` is empty until it has loaded a model."""

    process: str
    pid: int
    model_key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingPlace:
    """The place of this process. It is free again when the descriptor is closed or the process ends."""

    folder: Path
    number: int
    descriptor: int

    def describe(self, *, process: str, model_key: str = "") -> None:
        """Write what the exporter shows of this process."""
        written = self.folder / f"{self.number}.writing"
        written.write_text(json.dumps({"process": process, "pid": os.getpid(), "model_key": model_key}))
        written.replace(self.folder / f"{self.number}.json")


def take_place(folder: Path, *, process: str) -> RecordingPlace:
    """Take the first free place. If no other process records, delete the earlier counts. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = wait_for_lock(folder / "places.lock", timeout_s=_LOCK_TIMEOUT_S)
    try:
        if not any(is_locked(path) for path in folder.glob("*.place")):
            for path in (*folder.glob("*.db"), *folder.glob("*.json")):
                path.unlink()
        place = _lock_first_free(folder)
        try:
            place.describe(process=process)
            for kind in _KINDS:
                _reserve(folder / f"{kind}_{place.number}.db")
        except OSError:
            os.close(place.descriptor)
            raise
        return place
    finally:
        os.close(lock)


def list_recording(folder: Path) -> Iterator[RecordingProcess]:
    """Yield the processes that record now."""
    for path in sorted(folder.glob("*.place")):
        if is_locked(path):
            with suppress(OSError, ValueError, TypeError):  # it has just begun
                yield RecordingProcess(**json.loads(path.with_suffix(".json").read_text()))


def _lock_first_free(folder: Path) -> RecordingPlace:
    number = 0
    while (descriptor := try_lock(folder / f"{number}.place")) is None:
        number += 1
    return RecordingPlace(folder=folder, number=number, descriptor=descriptor)


def _reserve(path: Path) -> None:
    """Create a file of zeros, which is a file without values, unless it exists."""
    if path.exists():
        return
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(descriptor, 0, _FILE_BYTES)
    except OSError:
        path.unlink()
        raise
    finally:
        os.close(descriptor)
