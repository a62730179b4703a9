"""How much of a request is kept before any view judges it: named in FILE_UPLOAD_HANDLERS, asked by the upload view."""

import io
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopUpload

from collections_app.services.archives import SIGNATURE


class CutFile(UploadedFile[bytes]):
    """What is left of a file that was larger than may be kept: its name and its size, no content."""

    def __init__(self, *, name: str, size: int, is_archive: bool) -> None:
        super().__init__(file=io.BytesIO(), name=name, size=size)
        self.is_archive = is_archive


class BoundedUploads(FileUploadHandler):
    """Stands before Django's handlers: they get no file of a stranger, and of each file no more than may be kept.

    A request as a whole brings no more than an archive may hold. What is cut is read to its end, unkept, so that the
    files behind it arrive.
    """

    _kept = 0
    _head = b""
    _size = 0
    _is_cut = False

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """A stranger's request is read up to its first file, and no further."""
        super().new_file(*args, **kwargs)
        user = getattr(self.request, "user", None)
        if user is None or not user.is_authenticated:
            raise StopUpload(connection_reset=True)
        self._head, self._size, self._is_cut = b"", 0, False

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        """The first bytes tell an archive; they may come in pieces."""
        self._head += raw_data[: len(SIGNATURE) - len(self._head)]
        self._size += len(raw_data)
        self._is_cut = self._is_cut or self._size > self._most() or self._kept + self._size > _archive_bytes()
        return None if self._is_cut else raw_data

    def file_complete(self, file_size: int) -> "UploadedFile[bytes] | None":
        """Return what stands for a cut file; nothing where the next handler has it whole."""
        if not self._is_cut:
            self._kept += self._size
            return None
        return CutFile(name=self.file_name or "", size=self._size, is_archive=self._head == SIGNATURE)

    def _most(self) -> int:
        return _archive_bytes() if self._head == SIGNATURE else settings.MAX_UPLOAD_MB * 2**20


def _archive_bytes() -> int:
    return int(max(settings.MAX_ARCHIVE_MB, settings.MAX_UPLOAD_MB)) * 2**20
