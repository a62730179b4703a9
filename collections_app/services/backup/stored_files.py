"""The stored files of a backup: originals, pictures of guests that wait for approval, and ZIP files to be unpacked.

Thumbnails and other renditions are not copied: a restore makes them from the originals.
"""

import errno
import gzip
import hashlib
import json
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO

from django.core.files import File
from django.core.files.storage import FileSystemStorage, default_storage

from collections_app.errors import BackupFailed, RestoreFailed, StorageUnavailable
from collections_app.errors import gettext_noop as _
from collections_app.models import ArchiveState
from collections_app.services.backup.manifest import (
    Backup,
    PartFile,
    TablePart,
    describe_part,
    find_pooled_file,
    hash_file,
)
from collections_app.services.backup.rows import iterate_rows

# A bucket answers each request after some milliseconds, so several files are copied at once.
THREADS = 8
_CHUNK_SIZE = 256
_COPY_BYTES = 1024 * 1024
_LIST = "files.jsonl.gz"
# What the machine lacks when a file is read. No file is at fault.
_SHORTAGES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOSPC, errno.EDQUOT})
_UNFINISHED = (ArchiveState.WAITING, ArchiveState.RUNNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedFile:
    """A stored file and its copy at `path` in the pool. An empty `sha256` is not known before the file is copied."""

    name: str
    byte_size: int
    sha256: str
    path: str


@dataclass(slots=True, kw_only=True)
class FileCounts:
    """`added` files with `added_bytes` are new in the pool."""

    count: int = 0
    byte_size: int = 0
    added: int = 0
    added_bytes: int = 0


def count_wanted(tables: Iterable[TablePart], folder: Path) -> int:
    return sum(1 for _ in iterate_wanted(tables, folder))


def iterate_wanted(tables: Iterable[TablePart], folder: Path) -> Iterator[SavedFile]:
    """Yield the files that the rows of a backup name."""
    paths = {table.model: folder / table.path for table in tables}
    for row in iterate_rows(paths["collections_app.image"]):
        yield _make_wanted(row["file"], row["byte_size"], row["sha256"])
    for row in iterate_rows(paths["collections_app.guestupload"]):
        yield _make_wanted(row["file_name"], row["byte_size"], row["sha256"])
    for row in iterate_rows(paths["collections_app.archiveimport"]):
        if row["state"] in _UNFINISHED:
            yield _make_wanted(row["file_name"], row["byte_size"], "")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileCopier:
    """Copies stored files to the pool of a folder of backups. Problems with single files go to `problems`.

    Raises BackupFailed when `stop` is set, OSError if the folder cannot be written, and StorageUnavailable if the
    storage does not even tell whether a file exists. Files in the pool are whole, so the next backup continues.
    """

    pool: FileSystemStorage
    problems: list[str]
    stop: threading.Event

    def copy_all(self, wanted: Iterable[SavedFile], folder: Path, *, on_files: Callable[[int], object]) -> FileCounts:
        """Copy what the pool lacks, and write the list of files below the folder of the backup."""
        counts, files = FileCounts(), iter(wanted)
        with ThreadPoolExecutor(THREADS) as threads, gzip.open(folder / _LIST, "wt") as listed:
            while chunk := list(islice(files, _CHUNK_SIZE)):
                for saved, is_new in threads.map(self._copy_or_report, chunk):
                    if saved:
                        counts.count += 1
                        counts.byte_size += saved.byte_size
                        counts.added += is_new
                        counts.added_bytes += saved.byte_size * is_new
                        line = [saved.name, saved.byte_size, saved.sha256, saved.path]
                        listed.write(f"{json.dumps(line)}\n")
                on_files(len(chunk))
        return counts

    def _copy_or_report(self, wanted: SavedFile) -> tuple[SavedFile | None, bool]:
        """Return the saved file, or None if it is missing, and whether it is new in the pool."""
        if self.stop.is_set():
            raise make_stopped_error()
        try:
            copied = self._copy(wanted)
        except FileNotFoundError:
            self.problems.append(f"The file {wanted.name} is missing from the storage.")
            return None, False
        except _Unreadable as error:
            if isinstance(error.__cause__, StorageUnavailable) and not default_storage.exists(wanted.name):
                raise error.__cause__ from None  # the drive is not mounted
            self.problems.append(f"The file {wanted.name} cannot be read: {error}.")
            return None, False
        if copied[0].path != wanted.path:
            self.problems.append(f"The file {wanted.name} is damaged: it was copied as it is.")
        return copied

    def _copy(self, wanted: SavedFile) -> tuple[SavedFile, bool]:
        path = Path(self.pool.path(wanted.path))
        if path.is_file() and path.stat().st_size == wanted.byte_size:
            return replace(wanted, sha256=wanted.sha256 or hash_file(path)), False
        draft = path.with_name(f"{path.name}.draft")
        draft.parent.mkdir(parents=True, exist_ok=True)
        draft.unlink(missing_ok=True)
        try:
            sha256 = self._link_or_copy(wanted.name, draft)
        except _Unreadable:
            draft.unlink(missing_ok=True)
            raise
        saved = replace(wanted, sha256=sha256, byte_size=draft.stat().st_size)
        if saved.byte_size != wanted.byte_size or wanted.sha256 not in ("", saved.sha256):
            saved = replace(saved, path=f"{wanted.path}.damaged-{saved.sha256[:16]}")
        draft.replace(self.pool.path(saved.path))
        return saved, True

    def _link_or_copy(self, name: str, draft: Path) -> str:
        """Return the checksum. A hard link takes no space; the site replaces and deletes files, but never changes them.

        Without a local file, or on another file system, the bytes are copied.
        """
        try:
            os.link(default_storage.path(name), draft)
        except (NotImplementedError, OSError):
            with _open_source(name) as source, draft.open("wb") as target:
                return self._copy_bytes(source, target)
        with _mark_read_errors():
            return hash_file(draft)

    def _copy_bytes(self, source: File[bytes], target: IO[bytes]) -> str:
        checksum = hashlib.sha256()
        while chunk := _read(source):
            if self.stop.is_set():
                raise make_stopped_error()
            checksum.update(chunk)
            target.write(chunk)
        return checksum.hexdigest()


class _Unreadable(Exception):
    """A stored file cannot be read. Others may be whole."""


@contextmanager
def _mark_read_errors() -> Iterator[None]:
    """Raise _Unreadable for errors of the storage, so that those of the backup's folder differ from them."""
    try:
        yield
    except FileNotFoundError:
        raise
    except (OSError, StorageUnavailable) as error:
        cause = error.__cause__ or error
        if getattr(cause, "errno", None) in _SHORTAGES:
            raise
        raise _Unreadable(getattr(cause, "strerror", None) or str(cause).rstrip(".")) from error


def _open_source(name: str) -> File[bytes]:
    with _mark_read_errors():
        return default_storage.open(name)


def _read(source: File[bytes]) -> bytes:
    with _mark_read_errors():
        chunk: bytes = source.read(_COPY_BYTES)
        return chunk


def describe_list(folder: Path, counts: FileCounts) -> PartFile:
    return PartFile(**describe_part(folder, folder / _LIST, counts.count))


def iterate_saved(folder: Path) -> Iterator[SavedFile]:
    """Yield the files of a complete backup."""
    with gzip.open(folder / _LIST, "rt") as listed:
        for line in listed:
            name, byte_size, sha256, path = json.loads(line)
            yield SavedFile(name=name, byte_size=byte_size, sha256=sha256, path=path)


def restore_files(backup: Backup, pool: FileSystemStorage, *, on_files: Callable[[int], object]) -> None:
    """Copy the files of a backup to the storage, and compare each checksum. Files that are there already are compared.

    Raises RestoreFailed at the first file that is missing or damaged in the backup, OSError and StorageUnavailable.
    """
    saved = iterate_saved(backup.folder)
    with ThreadPoolExecutor(THREADS) as threads:
        while chunk := list(islice(saved, _CHUNK_SIZE)):
            for _done in threads.map(partial(_restore, pool), chunk):
                on_files(1)


def put_into_storage(file: SavedFile, pool: FileSystemStorage) -> None:
    """Replace a stored file by its copy in a pool. Raises RestoreFailed if the copy is missing or damaged."""
    path = find_pooled_file(pool, file.path)
    if not path.is_file():
        raise RestoreFailed(_("The backup lacks the file %(name)s."), name=file.path)
    if hash_file(path) != file.sha256:
        raise RestoreFailed(_("The file %(name)s of the backup is damaged."), name=file.path)
    if default_storage.exists(file.name):
        default_storage.delete(file.name)
    with path.open("rb") as source:
        stored = default_storage.save(file.name, File(source))
    if stored != file.name:
        default_storage.delete(stored)
        raise StorageUnavailable(_("Another program writes to the picture storage: %(name)s."), name=file.name)


def has_stored(file: SavedFile) -> bool:
    """Return whether the storage has the file with these bytes."""
    if not default_storage.exists(file.name) or default_storage.size(file.name) != file.byte_size:
        return False
    return hash_stored(file.name) == file.sha256


def hash_stored(name: str) -> str:
    """Return the SHA-256 of a stored file. Raises FileNotFoundError or StorageUnavailable."""
    checksum = hashlib.sha256()
    with default_storage.open(name) as stored:
        while chunk := stored.read(_COPY_BYTES):
            checksum.update(chunk)
    return checksum.hexdigest()


def make_stopped_error() -> BackupFailed:
    return BackupFailed(_("The backup was stopped."))


def prune_pool(pool: FileSystemStorage, kept: Iterable[Path]) -> int:
    """Delete the files that none of the complete backups in these folders names; return how many.

    The names are compared by their hashes, which take less memory. Two equal ones only keep a file too many.
    """
    named = {hash(saved.path) for folder in kept for saved in iterate_saved(folder)}
    root = Path(pool.path(""))
    deleted = 0
    for path in root.rglob("*"):
        if path.is_file() and hash(path.relative_to(root).as_posix()) not in named:
            path.unlink()
            deleted += 1
    return deleted


def _make_wanted(name: str, byte_size: int, sha256: str) -> SavedFile:
    return SavedFile(name=name, byte_size=byte_size, sha256=sha256, path=name)


def _restore(pool: FileSystemStorage, file: SavedFile) -> None:
    if not has_stored(file):
        put_into_storage(file, pool)
