"""How much of a request is kept before any view judges it: named in FILE_UPLOAD_HANDLERS, asked by the upload view."""

import io
import logging
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopUpload, TemporaryFileUploadHandler

from collections_app.services.uploads.report import UploadResult, reject_truncated, reject_unstored
from collections_app.services.uploads.zip_reader import SIGNATURE

log = logging.getLogger(__name__)


# A request of so many times what is kept of it at most is no honest one.
_ABSURD = 2


class TruncatedFile(UploadedFile[bytes]):
    """What is left of a file that was larger than may be kept: its name and its size, no content."""

    def __init__(self, *, name: str, size: int, is_archive: bool) -> None:
        super().__init__(file=io.BytesIO(), name=name, size=size)
        self.is_archive = is_archive


class UnstoredFile(UploadedFile[bytes]):
    """What is left of a file that the disk did not take."""

    def __init__(self, *, name: str) -> None:
        super().__init__(file=io.BytesIO(), name=name, size=0)


def refusal_of(file: "UploadedFile[bytes]") -> UploadResult | None:
    """Return why there is no content to be judged; None where there is."""
    if isinstance(file, UnstoredFile):
        return reject_unstored(name=file.name or "picture")
    if isinstance(file, TruncatedFile):
        return reject_truncated(name=file.name or "picture", byte_size=file.size or 0, is_archive=file.is_archive)
    return None


class SizeLimitedUploadHandler(FileUploadHandler):
    """Stands before Django's handlers: they get no file of a stranger, and of each file no more than may be kept.

    A request as a whole brings no more than an archive may hold. What is cut is read to its end, unkept, so that the
    files behind it arrive.
    """

    _kept = 0
    _head = b""
    _size = 0
    _is_cut = False

    def handle_raw_input(self, input_data: Any, META: Any, content_length: int, *rest: Any, **named: Any) -> None:  # noqa: N803
        """What says that it is absurdly large is not read at all."""
        if content_length > _ABSURD * _archive_bytes():
            raise RequestDataTooBig("More is being sent than any upload may have.")

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
        return TruncatedFile(name=self.file_name or "", size=self._size, is_archive=self._head == SIGNATURE)

    def _most(self) -> int:
        return _archive_bytes() if self._head == SIGNATURE else settings.MAX_UPLOAD_MB * 2**20


class SpoolingUploadHandler(TemporaryFileUploadHandler):
    """Django's, which lets a full disk fail the whole request: here the file alone is lost, and said to be."""

    _is_lost = False

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        self._is_lost = False
        try:
            super().new_file(*args, **kwargs)
        except OSError:
            self._lose()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if self._is_lost:
            return
        try:
            super().receive_data_chunk(raw_data, start)
        except OSError:
            self._lose()

    def file_complete(self, file_size: int) -> "UploadedFile[bytes] | None":
        if self._is_lost:
            return UnstoredFile(name=self.file_name or "")
        try:
            return super().file_complete(file_size)
        except OSError:
            self._lose()
            return UnstoredFile(name=self.file_name or "")

    def _lose(self) -> None:
        """Called where the error is being handled."""
        log.exception("An upload could not be spooled")
        self._is_lost = True


def _archive_bytes() -> int:
    return int(max(settings.MAX_ARCHIVE_MB, settings.MAX_UPLOAD_MB)) * 2**20
