"""Where an export is written: a folder, in which an interrupted export continues, or ZIP files of limited size."""

import os
import tempfile
import zipfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import IO, BinaryIO, Protocol, cast

from django.conf import settings
from django.utils import timezone

from collections_app.services.library.zip_download import build_zip_entry
from collections_app.services.uploads.ingest import compute_sha256

# Maintenance deletes files of this kind a day after a process that was killed.
_TEMPORARY_SUFFIX = ".upload.zip"
# The file that is being written. No folder of an export has this name.
PARTIAL_NAME = ".part"


class ExportTarget(Protocol):
    """`name` is a path with slashes, below the root of the export."""

    def has_file(self, name: str, checksum: str) -> bool:
        """Return whether an earlier, interrupted export wrote this file completely."""

    def add_file(self, name: str, content: Iterable[bytes], *, moment: datetime | None = None) -> str:
        """Write the file and return the SHA-256 of its content. Raises OSError."""


class FolderTarget:
    """A folder. Each file is complete as soon as it has its name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._is_resumed = folder.exists()
        self._written: set[str] = set()
        folder.mkdir(parents=True, exist_ok=True)

    def has_file(self, name: str, checksum: str) -> bool:
        path = self._folder / name
        if not self._is_resumed or not path.is_file():
            return False
        with path.open("rb") as file:
            is_same = compute_sha256(file) == checksum
        if is_same:
            self._written.add(name)
        return is_same

    def add_file(self, name: str, content: Iterable[bytes], *, moment: datetime | None = None) -> str:
        digest, path, partial = sha256(), self._folder / name, self._folder / PARTIAL_NAME
        path.parent.mkdir(exist_ok=True)
        with partial.open("wb") as file:
            for chunk in content:
                file.write(chunk)
                digest.update(chunk)
        partial.replace(path)
        self._written.add(name)
        return digest.hexdigest()

    def remove_others(self) -> None:
        """Delete what an interrupted export wrote and this one did not: pictures that were deleted meanwhile."""
        if not self._is_resumed:
            return
        for path in sorted(self._folder.rglob("*"), reverse=True):
            if path.is_dir():
                with suppress(OSError):  # not empty
                    path.rmdir()
            elif path.relative_to(self._folder).as_posix() not in self._written:
                path.unlink()


class ZipTarget:
    """ZIP files that unpack into one folder. `store` gets each as soon as it has `max_bytes` or more.

    One of them is on the disk at a time.
    """

    def __init__(self, *, max_bytes: int, store: Callable[[IO[bytes]], None]) -> None:
        self._max_bytes = max_bytes
        self._store = store
        self._file: IO[bytes] | None = None
        self._archive: zipfile.ZipFile | None = None

    def __enter__(self) -> "ZipTarget":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._finish_part()
        self._close()

    def has_file(self, name: str, checksum: str) -> bool:
        return False

    def add_file(self, name: str, content: Iterable[bytes], *, moment: datetime | None = None) -> str:
        digest = sha256()
        if self._file is not None and self._file.tell() >= self._max_bytes:
            self._finish_part()
        with self._get_archive().open(build_zip_entry(name, moment or timezone.now()), "w", force_zip64=True) as entry:
            for chunk in content:
                entry.write(chunk)
                digest.update(chunk)
        return digest.hexdigest()

    def _get_archive(self) -> zipfile.ZipFile:
        if self._archive is None:
            self._file = tempfile.NamedTemporaryFile(  # noqa: SIM115
                dir=settings.FILE_UPLOAD_TEMP_DIR, suffix=_TEMPORARY_SUFFIX
            )
            self._archive = zipfile.ZipFile(cast(BinaryIO, self._file), "w", zipfile.ZIP_STORED)
        return self._archive

    def _finish_part(self) -> None:
        if self._archive is None or self._file is None:
            return
        self._archive.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.seek(0)
        self._store(self._file)
        self._close()

    def _close(self) -> None:
        """Delete the temporary file, whether its archive is complete or not."""
        if self._archive is not None:
            with suppress(OSError, ValueError):  # a full disk
                self._archive.close()
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
        self._archive = self._file = None
