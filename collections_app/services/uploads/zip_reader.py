"""A zip of pictures, opened entry by entry: nothing in it is believed, nothing is written where its names say."""

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

from collections_app.messages import counted

SIGNATURE = b"PK\x03\x04"
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1
_HIDDEN = {"__macosx", "thumbs.db", "desktop.ini"}
_IN_MEMORY_BYTES = 2**20
_CHUNK_BYTES = 2**16
# Pictures hardly shrink; a drawn one of a single colour does so some two hundred times.
_MAX_RATIO = 500
_TOO_MANY = ngettext_lazy(
    "An archive has at most %(number)s picture.", "An archive has at most %(number)s pictures.", "count"
)
_LOCAL_HEADER_BYTES = 30
# An entry of the directory takes 46 bytes and its name, each beside a hidden one where a Mac has packed it.
_DIRECTORY_BYTES_PER_ENTRY = 1024
# What zipfile and zlib raise on hostile bytes, found by feeding them mutated archives.
_BROKEN: tuple[type[Exception], ...] = (
    *(zipfile.BadZipFile, zlib.error, struct.error, OSError, EOFError),
    *(ValueError, LookupError, OverflowError, RuntimeError),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveLimits:
    """Bytes are counted as they come out, whatever the archive says of itself."""

    max_entries: int
    max_entry_bytes: int
    max_total_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveEntry:
    """One file of an archive: its bytes, or a sentence that says why there are none."""

    name: str
    file: BinaryIO | None = None
    refusal: str = ""


def is_archive(file: BinaryIO) -> bool:
    """Told by its beginning: an archive may have any name, and be damaged. The file is left at 0."""
    file.seek(0)
    begins_so = file.read(len(SIGNATURE)) == SIGNATURE
    file.seek(0)
    return begins_so


def read_archive(file: BinaryIO, limits: ArchiveLimits) -> Iterator[ArchiveEntry]:
    """Yield each file of the archive, folders and what systems hide in archives left out.

    Never raises for what an archive may hold: each entry is refused by itself, and a limit ends the reading.
    """
    directory = _Guarded(file, most_at_once=max(2**17, limits.max_entries * _DIRECTORY_BYTES_PER_ENTRY))
    try:
        archive = zipfile.ZipFile(cast(BinaryIO, directory))
    except _BROKEN:
        yield ArchiveEntry(name="", refusal=_("The archive is damaged: its list of contents cannot be read."))
        return
    with archive:
        yield from _entries(archive, limits)


def holds_too_much() -> str:
    return _("The archive holds too much. Split it into several.")


class _Guarded:
    """A file that refuses to be read in huge pieces: zipfile takes a directory, of whatever size, in a single one."""

    def __init__(self, file: BinaryIO, *, most_at_once: int) -> None:
        self._file = file
        self._most_at_once = most_at_once
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int = -1) -> bytes:
        if size > self._most_at_once:
            raise zipfile.BadZipFile("A directory of this size is no honest one.")
        return self._file.read(size)

    def seekable(self) -> bool:
        return True


def _entries(archive: zipfile.ZipFile, limits: ArchiveLimits) -> Iterator[ArchiveEntry]:
    shown = [info for info in archive.infolist() if not _is_passed_over(info)]
    overlapping = _overlapping(archive)
    total = 0
    for number, info in enumerate(shown):
        if refusal := _over(number, total, limits):
            yield ArchiveEntry(name=info.filename, refusal=refusal)
            continue
        budget = min(limits.max_entry_bytes, limits.max_total_bytes - total)
        with SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES, dir=str(settings.FILE_UPLOAD_TEMP_DIR)) as content:
            refusal = _refusal(info, overlapping) or _unpack(archive, info, cast(IO[bytes], content), budget)
            total += content.tell()
            if total >= limits.max_total_bytes:
                refusal = holds_too_much()
            if not refusal and is_archive(cast(BinaryIO, content)):
                refusal = _("It is an archive inside the archive. Unpack it first.")
            content.seek(0)
            yield ArchiveEntry(name=info.filename, file=None if refusal else cast(BinaryIO, content), refusal=refusal)


def _over(number: int, total: int, limits: ArchiveLimits) -> str:
    if number >= limits.max_entries:
        return counted(_TOO_MANY, limits.max_entries)
    return holds_too_much() if total >= limits.max_total_bytes else ""


def _refusal(info: zipfile.ZipInfo, overlapping: set[int]) -> str:
    """What the directory alone tells."""
    if info.flag_bits & _ENCRYPTED:
        return _("It is encrypted. Make the archive without a password.")
    if _leads_out(info.orig_filename):
        return _("Its path leads out of the archive.")
    mode = info.external_attr >> 16
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        return _("It is a link or another special file.")
    if info.compress_type not in _METHODS:
        return _("It is packed in a way that is not supported. Use an ordinary zip.")
    if info.header_offset in overlapping:
        return _("It shares its bytes with another file of the archive, as no honest archive does.")
    return ""


def _overlapping(archive: zipfile.ZipFile) -> set[int]:
    """Return where entries begin that reach into the next one: few bytes unfold to very many that way.

    See D. Fifield, A better zip bomb, USENIX WOOT 2019. Not every release of Python 3.11 refuses them by itself.
    """
    infos = sorted(archive.infolist(), key=lambda info: info.header_offset)
    found: set[int] = set()
    end, begin = 0, 0
    for info in infos:
        if info.header_offset < end:
            found |= {begin, info.header_offset}
        reach = info.header_offset + _LOCAL_HEADER_BYTES + len(info.orig_filename) + info.compress_size
        if reach > end:
            end, begin = reach, info.header_offset
    return found


def _leads_out(name: str) -> bool:
    path = PurePosixPath(name)
    return path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name or name[1:2] == ":"


def _is_passed_over(info: zipfile.ZipInfo) -> bool:
    """Folders, and what systems hide; a name may also be empty."""
    if info.filename.endswith("/"):
        return True
    parts = PurePosixPath(info.filename).parts
    hidden = any(part.lower() in _HIDDEN or part.startswith(".") for part in parts)
    return hidden and not _leads_out(info.orig_filename)


def _unpack(archive: zipfile.ZipFile, info: zipfile.ZipInfo, content: IO[bytes], budget: int) -> str:
    """Copy an entry, and stop past the budget or an absurd ratio; return why, or nothing."""
    allowed = min(budget, _IN_MEMORY_BYTES + _MAX_RATIO * info.compress_size)
    try:
        for piece in _pieces(archive, info):
            content.write(piece)
            if content.tell() > allowed:
                return _("It is larger than a picture may be here.")
    except zipfile.BadZipFile:
        return _("It is damaged.")
    return ""


def _pieces(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    """Raises BadZipFile, whatever is wrong with the entry."""
    try:
        with archive.open(info) as packed:
            while piece := packed.read(_CHUNK_BYTES):
                yield piece
    except _BROKEN as error:
        raise zipfile.BadZipFile(str(error)) from error
