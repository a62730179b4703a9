"""Stored files: names for people, and deletion."""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from pathlib import PurePath
from typing import Protocol, cast

from django.core.files.storage import default_storage
from django.utils import timezone
from pathvalidate import Platform, sanitize_filename

from collections_app.models import BackupHold, PendingFile
from collections_app.services.library.renditions import Rendition, build_rendition_name

# Maintenance deletes a file that belongs to no row after this time.
ORPHAN_MIN_AGE = timedelta(days=1)
_MAX_NAME_LENGTH = 255
_MAX_DOWNLOAD_BYTES = 255
_MAX_SUFFIX_BYTES = 16


class PictureStorage(Protocol):
    """What our storages have beyond Django's interface."""

    def delete_many(self, names: Sequence[str]) -> None: ...

    def list_files(self, prefix: str) -> Iterator[tuple[str, int]]:
        """Yield the names that begin with the prefix, which contains a slash, and the sizes in bytes."""


def clean_file_name(name: str) -> str:
    """Return the last part of a path, without unprintable characters; "picture" if nothing is left.

    The result is safe to store, to show, and to use in a header or an archive.
    """
    last = PurePath(name.replace("\\", "/")).name
    printable = "".join(character for character in last if character.isprintable())
    cleaned = printable.encode(errors="ignore").decode().strip()
    if len(cleaned) > _MAX_NAME_LENGTH:
        kept = _get_kept_suffix(PurePath(cleaned))
        cleaned = cleaned[: _MAX_NAME_LENGTH - len(kept)] + kept
    return "picture" if cleaned in ("", "..") else cleaned


def build_download_name(name: str, *, suffix: str = "", number: int = 1, max_bytes: int = _MAX_DOWNLOAD_BYTES) -> str:
    """Return a name that every file system can store: in normal form C, with at most `max_bytes` in UTF-8.

    `suffix` replaces the suffix of the name. A `number` above 1 is added to the name.
    """
    path = PurePath(unicodedata.normalize("NFC", clean_file_name(name)))
    kept = _get_kept_suffix(path)
    stem = path.name.removesuffix(path.suffix if suffix else kept)
    ending = (f" ({number})" if number > 1 else "") + (suffix or kept)
    room = max_bytes - len(ending.encode())
    stem = stem.encode()[:room].decode(errors="ignore").rstrip(" .")
    whole = sanitize_filename(f"{stem}{ending}", platform=Platform.UNIVERSAL)
    return whole if whole.removesuffix(ending) else f"picture{ending}"


class UniqueNames:
    """The names of the files in one folder. Case is ignored, as in the file systems of some computers.

    A name leaves room for `sidecar_suffix`, and the name with this suffix is free too.
    """

    def __init__(self, *, reserved: Iterable[str] = (), sidecar_suffix: str = "") -> None:
        # Each name so far, in lower case, with the last number that was added to it.
        self._numbers = {name.casefold(): 1 for name in reserved}
        self._sidecar_suffix = sidecar_suffix

    def add(self, name: str, *, suffix: str = "") -> str:
        """Return the name as `build_download_name` does, with a number if it is taken."""
        max_bytes = _MAX_DOWNLOAD_BYTES - len(self._sidecar_suffix)
        plain = unique = build_download_name(name, suffix=suffix, max_bytes=max_bytes)
        while any(each in self._numbers for each in self._list_keys(unique)):
            self._numbers[plain.casefold()] = number = self._numbers.get(plain.casefold(), 1) + 1
            unique = build_download_name(name, suffix=suffix, number=number, max_bytes=max_bytes)
        for key in self._list_keys(unique):
            self._numbers.setdefault(key, 1)
        return unique

    def _list_keys(self, name: str) -> set[str]:
        return {name.casefold(), f"{name}{self._sidecar_suffix}".casefold()}


def _get_kept_suffix(path: PurePath) -> str:
    """Return the suffix that a shortened name keeps, or an empty string for a very long suffix."""
    return path.suffix if len(path.suffix.encode()) <= _MAX_SUFFIX_BYTES else ""


def delete_files(*names: str) -> None:
    """Delete originals and their renditions, in few requests to the storage. Missing files are ignored."""
    if not names:
        return
    renditions = (build_rendition_name(name, rendition) for name in names for rendition in Rendition)
    get_picture_storage().delete_many([*renditions, *names])


def discard_files(*names: str) -> None:
    """Delete the files of rows that were deleted, with their PendingFile rows.

    While a backup runs, its copy of the rows may still name them. Then leave them to maintenance. A backup that starts
    after this check does not name them: the transaction that deleted the rows has ended.
    """
    if not names:
        return
    if is_backup_running():
        due = timezone.now() - ORPHAN_MIN_AGE
        pending = [PendingFile(file_name=name, created_at=due) for name in names]
        PendingFile.objects.bulk_create(pending, ignore_conflicts=True)
        return
    delete_files(*names)
    PendingFile.objects.filter(file_name__in=names).delete()


def is_backup_running() -> bool:
    """Return whether stored files must be kept, because a backup copies them."""
    return BackupHold.objects.current(timezone.now()).exists()


def get_picture_storage() -> PictureStorage:
    return cast(PictureStorage, default_storage)
