"""The storage backend for a folder on this machine or on a network drive."""

import errno
import io
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from django.core.files import File
from django.core.files.storage import FileSystemStorage

from collections_app.errors import StorageUnavailable
from collections_app.errors import gettext_noop as _

# Errors of the drive, the process or the rights, never of one picture. A full disk stays an OSError, which callers
# handle.
_DRIVE_ERRORS = frozenset(
    {
        *(errno.EIO, errno.ESTALE, errno.EACCES, errno.EPERM, errno.EROFS, errno.EMFILE, errno.ENFILE, errno.ENODEV),
        *(errno.ENXIO, errno.ETIMEDOUT, errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ENOTCONN, errno.EREMOTEIO),
    }
)
_ORIGINALS = "originals"


class PrivateFolder(FileSystemStorage):
    """A folder that the web server does not serve.

    Raises FileNotFoundError for a missing file, StorageUnavailable if the drive cannot be used or is not mounted.
    """

    def exists(self, name: str) -> bool:
        with _translate_errors():
            # os.path.exists returns False for an unreadable drive too.
            try:
                os.lstat(self.path(name))
            except (FileNotFoundError, NotADirectoryError):
                return False
            return True

    def delete(self, name: str) -> None:
        with _translate_errors():
            super().delete(name)

    def delete_many(self, names: Sequence[str]) -> None:
        for name in names:
            self.delete(name)

    def list_files(self, prefix: str) -> Iterator[tuple[str, int]]:
        """See `PictureStorage`. A file that is deleted meanwhile is left out."""
        folder, _slash, start = prefix.rpartition("/")
        with _translate_errors():
            try:
                found = [entry for entry in os.scandir(self.path(folder)) if entry.name.startswith(start)]
            except FileNotFoundError:
                return
            for entry in found:
                name = f"{folder}/{entry.name}"
                if entry.is_dir(follow_symlinks=False):
                    yield from self.list_files(f"{name}/")
                else:
                    with suppress(FileNotFoundError):
                        yield name, entry.stat().st_size

    def _open(self, name: str, mode: str = "rb") -> File[Any]:
        with _translate_errors():
            try:
                if mode != "rb":
                    opened: File[Any] = super()._open(name, mode)  # type: ignore[misc]
                    return opened
                path = self.path(name)
                return File(io.BufferedReader(_DriveFile(path)), path)
            except FileNotFoundError as error:
                self._refuse_missing_drive(error)
                raise

    def _save(self, name: str, content: File[Any]) -> str:
        with _translate_errors():
            saved: str = super()._save(name, content)  # type: ignore[misc]
        return saved

    def _refuse_missing_drive(self, error: FileNotFoundError) -> None:
        """Raise StorageUnavailable if the folder of originals is missing: then the drive is not mounted."""
        if not (Path(self.location) / _ORIGINALS).is_dir():
            raise _make_error(error) from error


class _DriveFile(io.FileIO):
    """A file that raises StorageUnavailable for read errors: decoders report an OSError as a damaged picture."""

    def readinto(self, buffer: Any) -> int | None:
        with _translate_errors():
            return super().readinto(buffer)

    def readall(self) -> bytes:
        with _translate_errors():
            return super().readall()


@contextmanager
def _translate_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in _DRIVE_ERRORS:
            raise
        raise _make_error(error) from error


def _make_error(error: OSError) -> StorageUnavailable:
    sentence = _("The pictures' files can't be read or written right now: %(reason)s.")
    return StorageUnavailable(sentence, reason=error.strerror or str(error))
