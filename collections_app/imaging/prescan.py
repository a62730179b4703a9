"""The sizes that a file declares, read before Pillow opens it.

Pillow's WebP and GIF openers allocate whole frames, its TIFF opener builds lists as long as the file says, the HEIC
opener can abort the process, an AVIF above a certain size is rejected without a reason, and a JPEG can keep its decoder
busy for hours. These formats are checked here first.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from .formats import AVIF, GIF, HEIF, JPEG, TIFF, WEBP, PictureFormat
from .heif import check_items, read_spatial_extents
from .tiff_directories import read_tiff_directories

# Encoders write about 10 scans. Each one costs 0.07 s for 100 megapixels and takes 23 bytes of a file: without a limit
# a file of one megabyte could decode for most of an hour.
_MAX_JPEG_SCANS = 100
# In the data of a scan 0xFF is followed by 0x00 or a restart marker; anything else begins the next segment.
_JPEG_MARKER = re.compile(rb"\xff([^\x00\x01\xd0-\xd8\xff])")
_START_OF_SCAN, _END_OF_IMAGE = b"\xda", b"\xd9"
_GIF_EXTENSION, _GIF_IMAGE, _GIF_TRAILER = b"!", b",", b";"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredSize:
    """One frame or page: the largest width and height for which opening or decoding would allocate memory."""

    width: int
    height: int


def read_declared_sizes(file: BinaryIO, picture_format: PictureFormat) -> Iterator[DeclaredSize]:
    """Yield a size for each frame of a GIF or TIFF, one for WebP, AVIF and HEIC, and none for the other formats.

    Lazy: the caller stops at its limit of frames. Raises ValueError, EOFError or struct.error on a broken file, and on
    a HEIC or JPEG that its decoder cannot be trusted with.
    """
    reader = _READERS.get(picture_format)
    if reader is None:
        return
    file.seek(0)
    for width, height in reader(file):
        yield DeclaredSize(width=width, height=height)


def _check_jpeg_scans(file: BinaryIO) -> Iterator[tuple[int, int]]:
    """Raise ValueError if the first picture of the file has too many scans (ITU-T T.81, annex B); yield nothing."""
    data = file.read()
    scans, position = 0, 2
    while (marker := _JPEG_MARKER.search(data, position)) and marker[1] != _END_OF_IMAGE:
        scans += marker[1] == _START_OF_SCAN
        if scans > _MAX_JPEG_SCANS:
            raise ValueError("too many scans in a JPEG")
        position = marker.end() + max(2, int.from_bytes(data[marker.end() : marker.end() + 2], "big"))
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


def _read_gif_frames(file: BinaryIO) -> Iterator[tuple[int, int]]:
    """Yield the canvas of each frame, the larger of the frame's extent and the screen (GIF89a, sections 18 to 26).

    A missing end counts as the end, as in Pillow. Raises EOFError inside a frame's header.
    """
    file.seek(6)
    screen = _read_exactly(file, 7)
    width, height = int.from_bytes(screen[:2], "little"), int.from_bytes(screen[2:4], "little")
    _skip_palette(file, screen[4])
    while (kind := file.read(1)) not in (b"", _GIF_TRAILER):
        if kind == _GIF_EXTENSION:
            file.read(1)
            _skip_sub_blocks(file)
        elif kind == _GIF_IMAGE:
            box = _read_exactly(file, 9)
            left, top, wide, high = (int.from_bytes(box[i : i + 2], "little") for i in (0, 2, 4, 6))
            yield max(width, left + wide), max(height, top + high)
            _skip_palette(file, box[8])
            file.read(1)
            _skip_sub_blocks(file)


def _skip_palette(file: BinaryIO, flags: int) -> None:
    if flags & 0x80:
        file.read(3 << (flags & 7) + 1)


def _skip_sub_blocks(file: BinaryIO) -> None:
    while size := file.read(1):
        if size == b"\x00":
            return
        file.read(size[0])


def _read_exactly(file: BinaryIO, size: int) -> bytes:
    data = file.read(size)
    if len(data) < size:
        raise EOFError("truncated GIF")
    return data


_READERS: dict[PictureFormat, Callable[[BinaryIO], Iterator[tuple[int, int]]]] = {
    JPEG: _check_jpeg_scans,
    GIF: _read_gif_frames,
    TIFF: read_tiff_directories,
    WEBP: _read_webp_canvas,
    AVIF: _read_base_media,
    HEIF: _read_base_media,
}
