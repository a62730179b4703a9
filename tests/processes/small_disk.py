"""A disk of a few megabytes in memory, which tests fill and empty. It needs the rights of root."""

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallDisk:
    folder: Path

    @property
    def _filler(self) -> Path:
        return self.folder / "filler"

    def fill(self, *, left_bytes: int = 0) -> None:
        """Leave no more room than `left_bytes`."""
        with self._filler.open("wb", buffering=0) as filler:
            for piece in (bytes(2**16), bytes(2**12)):
                try:
                    while True:
                        filler.write(piece)
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
            filler.truncate(filler.tell() - left_bytes)

    def empty(self) -> None:
        self._filler.unlink()


@contextmanager
def mount_small_disk(folder: Path, *, megabytes: int) -> Iterator[SmallDisk]:
    """Skip the test where nothing can be mounted."""
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=700", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(words, check=False, capture_output=True).returncode:
        pytest.skip("needs the right to mount a disk")
    try:
        yield SmallDisk(folder=folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
