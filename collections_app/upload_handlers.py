"""Upload handlers: limits on what a request may store before a view checks it. Set in FILE_UPLOAD_HANDLERS."""

import io
import logging
from pathlib import PurePath
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopUpload, TemporaryFileUploadHandler

from collections_app.models import GuestLink
from collections_app.services.uploads.report import UploadResult, build_not_stored_result, reject_truncated
from collections_app.services.uploads.zip_signatures import SIGNATURE

log = logging.getLogger(__name__)

# A request larger than this many archives is rejected unread.
_MAX_ARCHIVES_PER_REQUEST = 2
_MAX_SUFFIX_BYTES = 32


class TruncatedFile(UploadedFile[bytes]):
    """A file that exceeded a limit: its name and its size, without content."""

    def __init__(self, *, name: str, size: int, is_archive: bool) -> None:
        super().__init__(file=io.BytesIO(), name=name, size=size)
        self.is_archive = is_archive


class UnstoredFile(UploadedFile[bytes]):
    """A file that the disk could not store: its name, without content."""

    def __init__(self, *, name: str) -> None:
        super().__init__(file=io.BytesIO(), name=name, size=0)


def get_upload_rejection(file: "UploadedFile[bytes]") -> UploadResult | None:
    """Return the result of a file without content; None if the file has content."""
    if isinstance(file, UnstoredFile):
        return build_not_stored_result(name=file.name or "picture")
    if isinstance(file, TruncatedFile):
        return reject_truncated(name=file.name or "picture", byte_size=file.size or 0, is_archive=file.is_archive)
    return None


def get_max_request_bytes() -> int:
    """Return how large a request with files may be."""
    return _MAX_ARCHIVES_PER_REQUEST * _get_archive_bytes()


class SizeLimitedUploadHandler(FileUploadHandler):
    """Runs before Django's handlers: rejects files of signed-out people and cuts files at their limit.

    All files of a request together may be as large as one archive. The rest of a cut file is read and dropped, so the
    files after it still arrive.
    """

    _stored_bytes = 0
    _head = b""
    _size = 0
    _is_cut = False

    def handle_raw_input(self, input_data: Any, META: Any, content_length: int, *rest: Any, **named: Any) -> None:  # noqa: N803
        """Reject a request by its declared length, before reading it."""
        if content_length > get_max_request_bytes():
            raise RequestDataTooBig("The request is larger than any upload may be.")

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Stop reading at the first file if the person is signed out and uses no guest link."""
        super().new_file(*args, **kwargs)
        user = getattr(self.request, "user", None)
        if (user is None or not user.is_authenticated) and not self._is_from_guest():
            raise StopUpload(connection_reset=True)
        self._head, self._size, self._is_cut = b"", 0, False

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        """Pass a chunk on until the limit is reached. The signature of an archive may arrive in several chunks."""
        self._head += raw_data[: len(SIGNATURE) - len(self._head)]
        self._size += len(raw_data)
        is_over = self._size > self._get_max_bytes() or self._stored_bytes + self._size > _get_archive_bytes()
        self._is_cut = self._is_cut or is_over
        return None if self._is_cut else raw_data

    def file_complete(self, file_size: int) -> "UploadedFile[bytes] | None":
        """Return a TruncatedFile for a cut file; None lets the next handler complete a whole one."""
        if not self._is_cut:
            self._stored_bytes += self._size
            return None
        return TruncatedFile(name=self.file_name or "", size=self._size, is_archive=self._head == SIGNATURE)

    def _is_from_guest(self) -> bool:
        """Return whether the request is for the page of a guest link that works."""
        match = getattr(self.request, "resolver_match", None)
        if match is None or match.url_name != "guest_upload":
            return False
        return GuestLink.objects.working().filter(secret=match.kwargs["secret"]).exists()

    def _get_max_bytes(self) -> int:
        return _get_archive_bytes() if self._head == SIGNATURE else settings.MAX_UPLOAD_MB * 2**20


class DiskFullSafeUploadHandler(TemporaryFileUploadHandler):
    """Django's handler, with one difference: on a full disk only the file fails, not the whole request."""

    _is_lost = False

    def new_file(self, field_name: str, file_name: str, *args: Any, **kwargs: Any) -> None:
        self._is_lost = False
        try:
            super().new_file(field_name, _shorten_suffix(file_name), *args, **kwargs)
        except OSError:
            self._mark_lost()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if self._is_lost:
            return
        try:
            super().receive_data_chunk(raw_data, start)
        except OSError:
            self._mark_lost()

    def file_complete(self, file_size: int) -> "UploadedFile[bytes] | None":
        if self._is_lost:
            return UnstoredFile(name=self.file_name or "")
        try:
            return super().file_complete(file_size)
        except OSError:
            self._mark_lost()
            return UnstoredFile(name=self.file_name or "")

    def _mark_lost(self) -> None:
        """Log the error that is being handled and mark the file as lost."""
        log.exception("An upload could not be spooled")
        self._is_lost = True


def _shorten_suffix(name: str) -> str:
    """Django adds the suffix to the name of the temporary file, which a file system limits to 255 bytes."""
    path = PurePath(name)
    return path.stem if len(path.suffix.encode(errors="replace")) > _MAX_SUFFIX_BYTES else name


def _get_archive_bytes() -> int:
    return int(max(settings.MAX_ARCHIVE_MB, settings.MAX_UPLOAD_MB)) * 2**20
