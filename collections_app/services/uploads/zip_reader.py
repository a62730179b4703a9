"""Reading of uploaded ZIP files, entry by entry, without trusting their names, sizes or directory."""

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import IO, BinaryIO, cast

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy

from collections_app.errors import InvalidArchive, gettext_noop
from collections_app.messages import describe_error, format_count
from collections_app.services.uploads.zip_names import check_name, decode_names, is_skipped
from collections_app.services.uploads.zip_signatures import is_archive, is_first_part, read_stated_count

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1
_IN_MEMORY_BYTES = 2**20
_CHUNK_BYTES = 2**16
# Pictures hardly shrink; a drawing of a single colour shrinks about 200 times.
_MAX_RATIO = 500
_TOO_MANY = ngettext_lazy(
    "A ZIP file has at most %(number)s picture.", "A ZIP file has at most %(number)s pictures.", "count"
)
_PART = gettext_noop("This is one part of a ZIP file in several parts. Create one ZIP file and upload that.")
_LOCAL_HEADER_BYTES = 30
# A directory entry takes 46 bytes and its name. macOS adds a hidden entry for each file.
_DIRECTORY_BYTES_PER_ENTRY = 1024
# What zipfile and zlib raise on broken or hostile bytes, found by feeding them mutated archives.
ARCHIVE_ERRORS: tuple[type[Exception], ...] = (
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
class ArchivePosition:
    """How far an archive is unpacked: the number of entries that are done, and their bytes."""

    entries: int = 0
    unpacked_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveEntry:
    """One file of an archive: its content, or a sentence why it was rejected. `end` is the next position."""

    name: str
    file: BinaryIO | None = None
    rejection: str = ""
    end: ArchivePosition = ArchivePosition()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listing:
    """The files that an archive lists, with their decoded names, and the offsets at which entries overlap."""

    archive: zipfile.ZipFile
    infos: Sequence[zipfile.ZipInfo]
    names: Sequence[str]
    overlapping: frozenset[int]


def count_entries(file: BinaryIO, limits: ArchiveLimits) -> int:
    """Return the number of files in the archive from its directory alone. Raises InvalidArchive."""
    with _open_archive(file, limits) as archive:
        return len(_list_files(archive).infos)


def read_archive(
    file: BinaryIO, limits: ArchiveLimits, *, start: ArchivePosition = ArchivePosition()
) -> Iterator[ArchiveEntry]:
    """Yield each file of the archive from `start` on, without folders and hidden files.

    The content of an archive never raises. A bad entry is rejected alone, and a reached limit rejects the rest.
    """
    try:
        archive = _open_archive(file, limits)
        listing = _list_files(archive)
    except InvalidArchive as error:
        yield ArchiveEntry(name="", rejection=describe_error(error), end=ArchivePosition(entries=start.entries + 1))
        return
    with archive:
        yield from _read_entries(listing, limits, start)


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


def _open_archive(file: BinaryIO, limits: ArchiveLimits) -> zipfile.ZipFile:
    """Read the directory. Raises InvalidArchive."""
    directory = _BoundedReader(file, max_read_bytes=max(2**17, limits.max_entries * _DIRECTORY_BYTES_PER_ENTRY))
    try:
        return zipfile.ZipFile(cast(BinaryIO, directory))
    except ARCHIVE_ERRORS as error:
        if read_stated_count(file) > limits.max_entries:
            raise InvalidArchive(format_count(_TOO_MANY, limits.max_entries)) from error
        if is_first_part(file):
            raise InvalidArchive(_PART) from error
        raise InvalidArchive(gettext_noop("The ZIP file is damaged: its list of contents can't be read.")) from error


def _list_files(archive: zipfile.ZipFile) -> _Listing:
    """Raises InvalidArchive if there are no files, or if the archive has several parts."""
    infos = archive.infolist()
    if any(info.volume for info in infos):
        raise InvalidArchive(_PART)
    files = [(info, name) for info, name in zip(infos, decode_names(infos), strict=True) if not is_skipped(name)]
    if not files:
        raise InvalidArchive(gettext_noop("The ZIP file contains no pictures."))
    return _Listing(
        archive=archive,
        infos=[info for info, _name in files],
        names=[name for _info, name in files],
        overlapping=_find_overlapping(infos),
    )


def _read_entries(listing: _Listing, limits: ArchiveLimits, start: ArchivePosition) -> Iterator[ArchiveEntry]:
    total = start.unpacked_bytes
    for number in range(start.entries, len(listing.infos)):
        info, name = listing.infos[number], listing.names[number]
        if rejection := _check_totals(number, total, limits):
            end = ArchivePosition(entries=number + 1, unpacked_bytes=total)
            yield ArchiveEntry(name=name, rejection=rejection, end=end)
            continue
        budget = min(limits.max_entry_bytes, limits.max_total_bytes - total)
        with SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES, dir=str(settings.FILE_UPLOAD_TEMP_DIR)) as content:
            rejection = check_name(info, name) or _check_entry(info, listing.overlapping)
            rejection = rejection or _unpack(listing.archive, info, cast(IO[bytes], content), budget)
            total += content.tell()
            if total >= limits.max_total_bytes:
                rejection = describe_oversized_archive()
            if not rejection and is_archive(cast(BinaryIO, content)):
                rejection = _("This is a ZIP file inside the ZIP file. Unpack it first.")
            content.seek(0)
            unpacked = None if rejection else cast(BinaryIO, content)
            end = ArchivePosition(entries=number + 1, unpacked_bytes=total)
            yield ArchiveEntry(name=name, file=unpacked, rejection=rejection, end=end)


def _check_totals(number: int, total: int, limits: ArchiveLimits) -> str:
    """Return why no more entries are read, or an empty string."""
    if number >= limits.max_entries:
        return format_count(_TOO_MANY, limits.max_entries)
    return describe_oversized_archive() if total >= limits.max_total_bytes else ""


def _check_entry(info: zipfile.ZipInfo, overlapping: frozenset[int]) -> str:
    """Return the reason to reject the entry by its directory record alone, or an empty string."""
    if info.flag_bits & _ENCRYPTED:
        return _("This file is encrypted. Create the ZIP file without a password.")
    mode = info.external_attr >> 16
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        return _("This is a link or another special file.")
    if info.compress_type not in _METHODS:
        return _("This file uses an unsupported compression. Create an ordinary ZIP file.")
    if info.header_offset in overlapping:
        return _("This file overlaps another one in the ZIP file. Create the ZIP file again.")
    return ""


def _find_overlapping(infos: Sequence[zipfile.ZipInfo]) -> frozenset[int]:
    """Return the offsets of entries that overlap. A few overlapping bytes can unpack to very many.

    See D. Fifield, A better zip bomb, USENIX WOOT 2019. Not every release of Python 3.11 rejects them.
    """
    found: set[int] = set()
    end, start = 0, 0
    for info in sorted(infos, key=lambda info: info.header_offset):
        if info.header_offset < end:
            found |= {start, info.header_offset}
        entry_end = info.header_offset + _LOCAL_HEADER_BYTES + len(info.orig_filename) + info.compress_size
        if entry_end > end:
            end, start = entry_end, info.header_offset
    return frozenset(found)


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
    except ARCHIVE_ERRORS as error:
        raise zipfile.BadZipFile(str(error)) from error
