"""A zip of pictures, opened entry by entry: nothing in it is believed, nothing is written where its names say."""

import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from tempfile import SpooledTemporaryFile
from typing import IO, BinaryIO, cast

from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy

from collections_app.wording import counted

_SIGNATURE = b"PK\x03\x04"
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
    """Told by the content: an archive may have any name. The file is left at 0."""
    file.seek(0)
    begins_so = file.read(len(_SIGNATURE)) == _SIGNATURE
    file.seek(0)
    return begins_so and zipfile.is_zipfile(file)


def read_archive(file: BinaryIO, limits: ArchiveLimits) -> Iterator[ArchiveEntry]:
    """Yield each file of the archive, folders and what systems hide in archives left out.

    Never raises for what an archive may hold: each entry is refused by itself, and a limit ends the reading.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            yield from _entries(archive, limits)
    except (zipfile.BadZipFile, OSError, ValueError):
        yield ArchiveEntry(name="", refusal=_("The archive is damaged; what could be read of it is kept."))


def _entries(archive: zipfile.ZipFile, limits: ArchiveLimits) -> Iterator[ArchiveEntry]:
    total, count = 0, 0
    for info in archive.infolist():
        if info.is_dir() or _is_hidden(info.filename):
            continue
        count += 1
        if count > limits.max_entries:
            yield ArchiveEntry(name=info.filename, refusal=counted(_TOO_MANY, limits.max_entries))
            return
        budget = min(limits.max_entry_bytes, limits.max_total_bytes - total)
        with SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES) as content:
            refusal = _refusal(info) or _unpack(archive, info, cast(IO[bytes], content), budget)
            total += content.tell()
            if total >= limits.max_total_bytes:
                yield ArchiveEntry(name=info.filename, refusal=_("The archive holds too much. Split it into several."))
                return
            if not refusal and _begins_like_an_archive(cast(BinaryIO, content)):
                refusal = _("It is an archive inside the archive. Unpack it first.")
            content.seek(0)
            yield ArchiveEntry(name=info.filename, file=None if refusal else cast(BinaryIO, content), refusal=refusal)


def _refusal(info: zipfile.ZipInfo) -> str:
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
    return ""


def _leads_out(name: str) -> bool:
    path = PurePosixPath(name)
    return path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name or name[1:2] == ":"


def _is_hidden(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return any(part.lower() in _HIDDEN or (part.startswith(".") and part != "..") for part in parts)


def _unpack(archive: zipfile.ZipFile, info: zipfile.ZipInfo, content: IO[bytes], budget: int) -> str:
    """Copy an entry, and stop past the budget or an absurd ratio; return why, or nothing."""
    allowed = min(budget, _IN_MEMORY_BYTES + _MAX_RATIO * info.compress_size)
    try:
        with archive.open(info) as packed:
            while chunk := packed.read(_CHUNK_BYTES):
                content.write(chunk)
                if content.tell() > allowed:
                    return _("It is larger than a picture may be here.")
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError):
        return _("It is damaged.")
    return ""


def _begins_like_an_archive(content: BinaryIO) -> bool:
    content.seek(0)
    return content.read(len(_SIGNATURE)) == _SIGNATURE
