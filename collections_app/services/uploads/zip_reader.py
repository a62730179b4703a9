"""Reading of uploaded zip archives, entry by entry, without trusting their names, sizes or directory."""

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from tempfile import SpooledTemporaryFile
from typing import IO, BinaryIO, cast

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy

from collections_app.messages import format_count

SIGNATURE = b"PK\x03\x04"
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1
_HIDDEN = {"__macosx", "thumbs.db", "desktop.ini"}
_IN_MEMORY_BYTES = 2**20
_CHUNK_BYTES = 2**16
# Pictures hardly shrink; a drawing of a single colour shrinks about 200 times.
_MAX_RATIO = 500
_TOO_MANY = ngettext_lazy(
    "A ZIP file has at most %(number)s picture.", "A ZIP file has at most %(number)s pictures.", "count"
)
_LOCAL_HEADER_BYTES = 30
# A directory entry takes 46 bytes and its name. macOS adds a hidden entry for each file.
_DIRECTORY_BYTES_PER_ENTRY = 1024
# What zipfile and zlib raise on broken or hostile bytes, found by feeding them mutated archives.
_ARCHIVE_ERRORS: tuple[type[Exception], ...] = (
    *(zipfile.BadZipFile, zlib.error, struct.error, OSError, EOFError),
    *(ValueError, LookupError, OverflowError, RuntimeError),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveLimits:
    """The limits of one archive. Bytes are counted after unpacking; declared sizes are ignored."""

    max_entries: int
    max_entry_bytes: int
    max_total_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveEntry:
    """One file of an archive: its content, or a sentence that says why it was rejected."""

    name: str
    file: BinaryIO | None = None
    rejection: str = ""


def is_archive(file: BinaryIO) -> bool:
    """Return whether the file begins like a zip, whatever its name. The file is left at 0."""
    file.seek(0)
    has_signature = file.read(len(SIGNATURE)) == SIGNATURE
    file.seek(0)
    return has_signature


def read_archive(file: BinaryIO, limits: ArchiveLimits) -> Iterator[ArchiveEntry]:
    """Yield each file of the archive, without folders and hidden files.

    The content of an archive never raises: a bad entry is rejected by itself, and a limit rejects the remaining ones.
    """
    directory = _BoundedReader(file, max_read_bytes=max(2**17, limits.max_entries * _DIRECTORY_BYTES_PER_ENTRY))
    try:
        archive = zipfile.ZipFile(cast(BinaryIO, directory))
    except _ARCHIVE_ERRORS:
        yield ArchiveEntry(name="", rejection=_("The ZIP file is damaged: its list of contents can't be read."))
        return
    with archive:
        yield from _read_entries(archive, limits)


def describe_oversized_archive() -> str:
    return _("The ZIP file is too large. Split it into several.")


class _BoundedReader:
    """A file that rejects large reads: zipfile reads a directory of any size at once."""

    def __init__(self, file: BinaryIO, *, max_read_bytes: int) -> None:
        self._file = file
        self._max_read_bytes = max_read_bytes
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        if size > self._max_read_bytes:
            raise zipfile.BadZipFile("The directory is too large.")
        return self._file.read(size)


def _read_entries(archive: zipfile.ZipFile, limits: ArchiveLimits) -> Iterator[ArchiveEntry]:
    files = [info for info in archive.infolist() if not _is_skipped(info)]
    overlapping = _find_overlapping(archive)
    total = 0
    for number, info in enumerate(files):
        if rejection := _check_totals(number, total, limits):
            yield ArchiveEntry(name=info.filename, rejection=rejection)
            continue
        budget = min(limits.max_entry_bytes, limits.max_total_bytes - total)
        with SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES, dir=str(settings.FILE_UPLOAD_TEMP_DIR)) as content:
            rejection = _check_entry(info, overlapping) or _unpack(archive, info, cast(IO[bytes], content), budget)
            total += content.tell()
            if total >= limits.max_total_bytes:
                rejection = describe_oversized_archive()
            if not rejection and is_archive(cast(BinaryIO, content)):
                rejection = _("This is a ZIP file inside the ZIP file. Unpack it first.")
            content.seek(0)
            yield ArchiveEntry(
                name=info.filename, file=None if rejection else cast(BinaryIO, content), rejection=rejection
            )


def _check_totals(number: int, total: int, limits: ArchiveLimits) -> str:
    """Return why no more entries are read, or an empty string."""
    if number >= limits.max_entries:
        return format_count(_TOO_MANY, limits.max_entries)
    return describe_oversized_archive() if total >= limits.max_total_bytes else ""


def _check_entry(info: zipfile.ZipInfo, overlapping: set[int]) -> str:
    """Return why the directory alone rejects the entry, or an empty string."""
    if info.flag_bits & _ENCRYPTED:
        return _("This file is encrypted. Create the ZIP file without a password.")
    if _is_outside_path(info.orig_filename):
        return _("The path of this file leads out of the ZIP file.")
    mode = info.external_attr >> 16
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        return _("This is a link or another special file.")
    if info.compress_type not in _METHODS:
        return _("This file uses an unsupported compression. Create an ordinary ZIP file.")
    if info.header_offset in overlapping:
        return _("This file overlaps another one in the ZIP file. Create the ZIP file again.")
    return ""


def _find_overlapping(archive: zipfile.ZipFile) -> set[int]:
    """Return the offsets of entries that overlap: a few overlapping bytes can unpack to very many.

    See D. Fifield, A better zip bomb, USENIX WOOT 2019. Not every release of Python 3.11 rejects them.
    """
    infos = sorted(archive.infolist(), key=lambda info: info.header_offset)
    found: set[int] = set()
    end, start = 0, 0
    for info in infos:
        if info.header_offset < end:
            found |= {start, info.header_offset}
        entry_end = info.header_offset + _LOCAL_HEADER_BYTES + len(info.orig_filename) + info.compress_size
        if entry_end > end:
            end, start = entry_end, info.header_offset
    return found


def _is_outside_path(name: str) -> bool:
    path = PurePosixPath(name)
    return path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name or name[1:2] == ":"


def _is_skipped(info: zipfile.ZipInfo) -> bool:
    """Return whether the entry is a folder or hidden; a hidden name that leads out of the archive is not skipped."""
    if info.filename.endswith("/"):
        return True
    parts = PurePosixPath(info.filename).parts
    hidden = any(part.lower() in _HIDDEN or part.startswith(".") for part in parts)
    return hidden and not _is_outside_path(info.orig_filename)


def _unpack(archive: zipfile.ZipFile, info: zipfile.ZipInfo, content: IO[bytes], budget: int) -> str:
    """Copy an entry until it exceeds the budget or the highest ratio; return why it is rejected, or an empty string."""
    allowed = min(budget, _IN_MEMORY_BYTES + _MAX_RATIO * info.compress_size)
    try:
        for piece in _read_pieces(archive, info):
            content.write(piece)
            if content.tell() > allowed:
                return _("This file is too large.")
    except zipfile.BadZipFile:
        return _("This file is damaged.")
    return ""


def _read_pieces(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield the content in pieces. Raises BadZipFile for every kind of damage."""
    try:
        with archive.open(info) as packed:
            while piece := packed.read(_CHUNK_BYTES):
                yield piece
    except _ARCHIVE_ERRORS as error:
        raise zipfile.BadZipFile(str(error)) from error
