"""Where an export is read from: a folder, or its ZIP files. Nothing outside them is ever opened."""

import re
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import IO, BinaryIO, Protocol, cast

from django.conf import settings

from collections_app.errors import InvalidExport
from collections_app.errors import gettext_noop as _
from collections_app.services.exports.document import (
    CHECKSUMS_NAME,
    MAX_METADATA_BYTES,
    METADATA_NAME,
    ExportedImage,
    is_safe_path,
)
from collections_app.services.uploads.ingest import compute_sha256
from collections_app.services.uploads.zip_reader import ARCHIVE_ERRORS

_CHUNK_BYTES = 2**16
_IN_MEMORY_BYTES = 2**20
_CHECKSUM_LINE = re.compile(rb"(?P<sum>[0-9a-f]{64}) [ *]" + re.escape(METADATA_NAME).encode() + rb"\r?")


class ExportSource(Protocol):
    def open_file(self, name: str, *, max_bytes: int) -> AbstractContextManager[BinaryIO]:
        """Open a file of the export. Raises InvalidExport if it is missing, larger, damaged or no plain file."""


class FolderSource:
    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()

    @contextmanager
    def open_file(self, name: str, *, max_bytes: int) -> Iterator[BinaryIO]:
        path = self._folder / name
        _require_safe(name)
        # A link could lead to any file of this machine.
        if path.resolve() != path or not path.is_file():
            raise InvalidExport(_("“%(file)s” is missing from the export, or is no plain file."), file=name)
        if path.stat().st_size > max_bytes:
            raise _build_size_error(name)
        with path.open("rb") as file:
            yield file


class ZipSource:
    """One or several ZIP files. A file that is in two of them is read from the first."""

    def __init__(self, files: Sequence[IO[bytes]]) -> None:
        self._entries: dict[str, tuple[zipfile.ZipFile, zipfile.ZipInfo]] = {}
        for file in files:
            try:
                archive = zipfile.ZipFile(file)
            except ARCHIVE_ERRORS as error:
                raise InvalidExport(_("The ZIP file is damaged: its list of contents can't be read.")) from error
            for info in archive.infolist():
                self._entries.setdefault(info.filename, (archive, info))

    @contextmanager
    def open_file(self, name: str, *, max_bytes: int) -> Iterator[BinaryIO]:
        """Unpack the entry into a temporary file, whatever size the ZIP file declares."""
        _require_safe(name)
        if name not in self._entries:
            raise InvalidExport(_("“%(file)s” is missing from the export, or is no plain file."), file=name)
        archive, info = self._entries[name]
        with tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES, dir=str(settings.FILE_UPLOAD_TEMP_DIR)) as content:
            try:
                with archive.open(info) as packed:
                    while chunk := packed.read(_CHUNK_BYTES):
                        content.write(chunk)
                        if content.tell() > max_bytes:
                            raise _build_size_error(name)
            except ARCHIVE_ERRORS as error:
                raise InvalidExport(_("“%(file)s” of this export is damaged."), file=name) from error
            content.seek(0)
            yield cast(BinaryIO, content)


@contextmanager
def open_source(paths: Sequence[Path]) -> Iterator[ExportSource]:
    """Open a folder, or the ZIP files of an export. Raises InvalidExport, or OSError if a ZIP file cannot be read."""
    if len(paths) == 1 and paths[0].is_dir():
        yield FolderSource(paths[0])
        return
    with ExitStack() as stack:
        yield ZipSource([stack.enter_context(path.open("rb")) for path in paths])


def read_verified_metadata(source: ExportSource) -> tuple[bytes, str]:
    """Return metadata.json and its SHA-256. Raises InvalidExport unless it is the one that was exported."""
    with source.open_file(METADATA_NAME, max_bytes=MAX_METADATA_BYTES) as file:
        data = file.read()
    with source.open_file(CHECKSUMS_NAME, max_bytes=MAX_METADATA_BYTES) as file:
        stated = next((found["sum"] for line in file if (found := _CHECKSUM_LINE.fullmatch(line.rstrip(b"\n")))), b"")
    checksum = sha256(data).hexdigest()
    if stated.decode() != checksum:
        raise InvalidExport(_("metadata.json of this export was changed or is damaged: its checksum is another one."))
    return data, checksum


def verify_image_file(source: ExportSource, image: ExportedImage) -> None:
    """Raises InvalidExport unless the file is the one that was exported."""
    with source.open_file(image.file, max_bytes=image.byte_size) as file:
        if compute_sha256(file) != image.sha256:
            raise InvalidExport(_("“%(file)s” of this export is damaged."), file=image.file)


def open_image_file(source: ExportSource, image: ExportedImage) -> AbstractContextManager[BinaryIO]:
    return source.open_file(image.file, max_bytes=image.byte_size)


def _require_safe(name: str) -> None:
    if not is_safe_path(name, depth=name.count("/") + 1):
        raise InvalidExport(_("“%(file)s” leads out of the export."), file=name)


def _build_size_error(name: str) -> InvalidExport:
    return InvalidExport(_("“%(file)s” of this export is larger than it was when it was exported."), file=name)
