"""Raw files of cameras: recognised by content, and shown by their largest embedded JPEG."""

import dataclasses
import itertools
import struct
from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO

from . import formats
from .errors import build_raw_error
from .file_parts import find_all, join_parts, measure_file, read_at
from .formats import PictureFormat
from .jpeg_segments import measure_jpeg, scan_jpeg
from .scan import Scan
from .tiff_directories import (
    COMPRESSION,
    DNG_VERSION,
    PHOTOMETRIC,
    STRIP_OFFSETS,
    STRIP_SIZES,
    TILE_OFFSETS,
    TILE_SIZES,
    Directory,
    iterate_directories,
    read_sub_directories,
)

MIN_PREVIEW_WIDTH = 1000
_MAX_DIRECTORIES, _MAX_PREVIEWS, _MAX_SENSOR_PARTS = 20, 500, 20_000
# Cameras write their metadata before the pixels.
_METADATA_BYTES = 2**20
_SENSOR_PHOTOMETRICS = (32803, 34892)
_SENSOR_COMPRESSIONS = (32767, 32769, 32770, 34713, 65000, 65535)
_FORMAT_BY_MAKE = {
    "NIKON": formats.NEF,
    "CANON": formats.CR2,
    "SONY": formats.ARW,
    "PENTAX": formats.PEF,
    "RICOH": formats.PEF,
    "SAMSUNG": formats.SRW,
    "HASSELBLAD": formats.HASSELBLAD_RAW,
}


def find_raw_format(file: BinaryIO) -> PictureFormat | None:
    """Return the raw format of a file that begins like a TIFF; None if its pages are ordinary pictures."""
    make, has_page, has_sensor_data = "", False, False
    for directory in _iterate_pages(file):
        if DNG_VERSION in directory.values:
            return formats.DNG
        make = make or directory.make
        has_page, has_sensor_data = True, has_sensor_data or _has_sensor_data(directory)
    if has_page and read_at(file, 8, 2) == b"CR":
        return formats.CR2
    if not has_sensor_data:
        return None
    return next((each for word, each in _FORMAT_BY_MAKE.items() if make.startswith(word)), formats.TIFF_RAW)


def scan_raw(file: BinaryIO, max_frames: int) -> Scan:
    """Return the largest embedded JPEG, by its pixels. Raises InvalidImage if none has MIN_PREVIEW_WIDTH."""
    found = max(_iterate_previews(file), default=None)
    if found is None or found[1] < MIN_PREVIEW_WIDTH:
        raise build_raw_error()
    offset = found[3]
    preview = scan_jpeg(join_parts(file, [(offset, measure_file(file) - offset)]), max_frames)
    return dataclasses.replace(preview, exif=_read_exif(file))


def _iterate_pages(file: BinaryIO) -> Iterator[Directory]:
    """Yield the first pages and the directories below them, up to the first that is damaged."""
    with suppress(ValueError, EOFError, struct.error):
        for directory in itertools.islice(iterate_directories(file), _MAX_DIRECTORIES):
            yield directory
            yield from read_sub_directories(file, directory)


def _has_sensor_data(directory: Directory) -> bool:
    return directory.get(PHOTOMETRIC) in _SENSOR_PHOTOMETRICS or directory.get(COMPRESSION) in _SENSOR_COMPRESSIONS


def _iterate_previews(file: BinaryIO) -> Iterator[tuple[int, int, int, int]]:
    """Yield pixels, width, height and offset of each JPEG in the file that is not part of the sensor's data."""
    sensor = list(itertools.islice(_iterate_sensor_parts(file), _MAX_SENSOR_PARTS))
    for offset in itertools.islice(find_all(file, b"\xff\xd8\xff"), _MAX_PREVIEWS):
        if any(start <= offset < end for start, end in sensor):
            continue
        with suppress(ValueError):
            if size := measure_jpeg(file, offset):
                yield size[0] * size[1], *size, offset


def _iterate_sensor_parts(file: BinaryIO) -> Iterator[tuple[int, int]]:
    """Yield start and end of each strip and tile of the sensor's data."""
    if read_at(file, 0, 2) not in (b"II", b"MM"):
        return
    for values in (directory.values for directory in _iterate_pages(file) if _has_sensor_data(directory)):
        for offsets, sizes in ((STRIP_OFFSETS, STRIP_SIZES), (TILE_OFFSETS, TILE_SIZES)):
            for start, size in zip(values.get(offsets, ()), values.get(sizes, ()), strict=False):
                yield start, start + size


def _read_exif(file: BinaryIO) -> bytes:
    """Return the metadata of the raw file itself, if it is built like a TIFF; otherwise the preview has its own."""
    head = read_at(file, 0, _METADATA_BYTES)
    if head[:2] in (b"II", b"MM"):
        version = b"\x2a\x00" if head[:2] == b"II" else b"\x00\x2a"
        return b"Exif\x00\x00" + head[:2] + version + head[4:]
    box = head.find(b"CMT1")
    return b"Exif\x00\x00" + head[box + 4 :] if box >= 0 else b""
