"""What a file claims of itself, read before Pillow opens it.

Pillow's openers of WebP and GIF allocate whole frames, its TIFF opener builds lists as long as the file says, the HEIC
opener can end the process, AVIF beyond a size is refused without a reason, and a JPEG can keep its decoder busy for
hours: for these the claims are read here.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from .formats import AVIF, GIF, HEIF, JPEG, TIFF, WEBP, PictureFormat
from .gif_frames import read_gif_frames
from .heif import check_items, read_spatial_extents
from .jpeg_scans import check_scans
from .tiff_directories import read_tiff_directories


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredSize:
    """One frame or page: the largest width and height for which opening or decoding would allocate memory."""

    width: int
    height: int


def read_declared_sizes(file: BinaryIO, picture_format: PictureFormat) -> Iterator[DeclaredSize]:
    """Yield a claim for every frame of a GIF or TIFF, one for WebP, AVIF and HEIC, and none for the other formats.

    Lazy: the caller stops at its limit of frames. Raises ValueError, EOFError or struct.error on a broken file, and on
    a HEIC or JPEG that must not reach its decoder.
    """
    reader = _READERS.get(picture_format)
    if reader is None:
        return
    file.seek(0)
    for width, height in reader(file):
        yield DeclaredSize(width=width, height=height)


def _check_jpeg(file: BinaryIO) -> Iterator[tuple[int, int]]:
    check_scans(file.read())
    return iter(())


def _read_base_media(file: BinaryIO) -> Iterator[tuple[int, int]]:
    data = file.read()
    check_items(data)
    return read_spatial_extents(data)


def _read_webp_canvas(file: BinaryIO) -> Iterator[tuple[int, int]]:
    """Yield the canvas size (RFC 9649, sections 2.5 to 2.7)."""
    head = file.read(30).ljust(30, b"\x00")
    kind = head[12:16]
    if kind == b"VP8X":
        yield int.from_bytes(head[24:27], "little") + 1, int.from_bytes(head[27:30], "little") + 1
    elif kind == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        yield (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    elif kind == b"VP8 ":
        yield int.from_bytes(head[26:28], "little") & 0x3FFF, int.from_bytes(head[28:30], "little") & 0x3FFF


_READERS: dict[PictureFormat, Callable[[BinaryIO], Iterator[tuple[int, int]]]] = {
    JPEG: _check_jpeg,
    GIF: read_gif_frames,
    TIFF: read_tiff_directories,
    WEBP: _read_webp_canvas,
    AVIF: _read_base_media,
    HEIF: _read_base_media,
}
