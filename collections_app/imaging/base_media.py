"""The boxes of a HEIC or AVIF file (ISO/IEC 14496-12 and 23008-12), read before a decoder opens it.

Names of boxes are searched in the whole file instead of parsed where a check must not miss one: every box that a
decoder finds carries its name, so a file cannot hide a box by nesting it in a way that the decoder and this module read
differently. Four bytes match by accident once in 4 GB.
"""

import io
import math
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import BinaryIO

from .errors import build_unsupported_error
from .file_parts import find_all, measure_file, read_at, read_exactly
from .formats import AVIF, HEIF, PictureFormat
from .scan import Scan
from .video_headers import (
    iterate_av1_units,
    iterate_hevc_parameters,
    iterate_hevc_units,
    read_av1_size,
    read_hevc_size,
)

_Crop = tuple[int, int, int, int]
# Where a box's body begins and ends.
_Place = tuple[int, int]
_MAX_META_BYTES = 16 * 2**20
_MAX_BOXES = 10_000
_MAX_EXTENTS = 20_000
_MAX_UNITS = 20_000
# A sample's size is in another box; the sequence header comes first.
_SAMPLE_BYTES = 256
# libheif and libavif hold the planes, the assembled picture and its conversion to RGB, up to 16 bits a sample.
_CODEC_BYTES_PER_PIXEL = 12
_SUPPORTED_ITEMS = {
    "AVIF": (b"av01", b"grid", b"iden", b"sato", b"tmap"),
    "HEIF": (b"hvc1", b"hev1", b"grid", b"iden", b"iovl", b"mski"),
}
_HEVC_ITEMS, _AV1_ITEM = (b"hvc1", b"hev1"), b"av01"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Item:
    """`extents` are offsets and sizes in the file."""

    type: bytes
    extents: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _MetaBox:
    """`crop` is left, top, right and bottom of the primary item's clean aperture."""

    primary_type: bytes | None = None
    items: tuple[_Item, ...] = ()
    crop: _Crop | None = None


class _Numbers:
    """Reads big-endian numbers one after another. Raises EOFError at the end."""

    def __init__(self, data: bytes) -> None:
        self._file = io.BytesIO(data)

    def read(self, size: int) -> int:
        return int.from_bytes(read_exactly(self._file, size), "big")


def scan_avif(file: BinaryIO, max_frames: int) -> Scan:
    return _scan(file, AVIF)


def scan_heif(file: BinaryIO, max_frames: int) -> Scan:
    return _scan(file, HEIF)


def _scan(file: BinaryIO, picture_format: PictureFormat) -> Scan:
    """Raises ValueError on a file that could harm its decoder, InvalidImage on an unsupported kind."""
    _check_items(file)
    file_size = measure_file(file)
    boxes = dict(_iterate_boxes(file, 0, file_size))
    meta = _read_meta(file, *boxes[b"meta"]) if b"meta" in boxes else _MetaBox()
    if b"mini" in boxes:
        raise build_unsupported_error("HEIF")
    if meta.primary_type not in (None, *_SUPPORTED_ITEMS[picture_format.name]):
        raise build_unsupported_error(picture_format.name)
    declared, decoded = list(_read_spatial_extents(file)), list(_read_bitstream_sizes(file, meta))
    width, height = max(declared or decoded or [(0, 0)], key=lambda size: size[0] * size[1])
    pixels = max(size[0] * size[1] for size in [(width, height), *decoded])
    return Scan(
        file=file,
        width=width,
        height=height,
        other_sizes=tuple(decoded),
        codec_bytes=pixels * _CODEC_BYTES_PER_PIXEL + 2 * file_size,
        crop=meta.crop if picture_format == AVIF else None,
    )


def _check_items(file: BinaryIO) -> None:
    """Raise ValueError if an item's type or content type is not text.

    pi_heif 1.4 decodes them as UTF-8 and aborts the process where that fails.
    """
    for body in _iterate_named_boxes(file, b"infe", 4096):
        if len(body) < 12 or body[0] > 3:
            continue
        if body[0] < 2:
            raise ValueError("an item of a HEIC without a type")
        text = body[8 if body[0] == 2 else 10 :]
        if not text[:4].isascii():
            raise ValueError("an item of a HEIC with a damaged type")
        if text.startswith(b"mime"):
            text.decode("utf-8")


def _read_spatial_extents(file: BinaryIO) -> Iterator[tuple[int, int]]:
    for body in _iterate_named_boxes(file, b"ispe", 12):
        if len(body) == 12:
            width, height = struct.unpack(">II", body[4:12])
            yield width, height


def _read_bitstream_sizes(file: BinaryIO, meta: _MetaBox) -> Iterator[tuple[int, int]]:
    """Yield the sizes in the headers of the bitstreams, wherever a decoder takes them from."""
    yield from _read_sizes(_iterate_hevc_units(file, meta), read_hevc_size)
    yield from _read_sizes(_iterate_av1_units(file, meta), read_av1_size)


def _read_sizes(
    units: Iterable[bytes], read_size: Callable[[bytes], tuple[int, int] | None]
) -> Iterator[tuple[int, int]]:
    for count, unit in enumerate(units):
        if count == _MAX_UNITS:
            raise ValueError("too many units in the bitstreams of a HEIC or AVIF")
        if size := read_size(unit):
            yield size


def _iterate_hevc_units(file: BinaryIO, meta: _MetaBox) -> Iterator[bytes]:
    for record in _iterate_named_boxes(file, b"hvcC", 65_536):
        yield from iterate_hevc_parameters(record)
    for item in meta.items:
        for offset, size in item.extents if item.type in _HEVC_ITEMS else ():
            yield from iterate_hevc_units(file, offset, size)


def _iterate_av1_units(file: BinaryIO, meta: _MetaBox) -> Iterator[bytes]:
    for record in _iterate_named_boxes(file, b"av1C", 65_536):
        yield from iterate_av1_units(io.BytesIO(record), 4, len(record))
    for item in meta.items:
        for offset, size in item.extents if item.type == _AV1_ITEM else ():
            yield from iterate_av1_units(file, offset, size)
    if b"avis" in read_at(file, 8, 64):  # an animation: only the first sample of each track is decoded
        for name, width in ((b"stco", 4), (b"co64", 8)):
            for body in _iterate_named_boxes(file, name, 16):
                if len(body) >= 8 + width:
                    yield from iterate_av1_units(file, int.from_bytes(body[8 : 8 + width], "big"), _SAMPLE_BYTES)


def _iterate_named_boxes(file: BinaryIO, name: bytes, max_bytes: int) -> Iterator[bytes]:
    """Yield the bodies (version, flags, payload) of the boxes of this name."""
    for offset in find_all(file, name):
        size = int.from_bytes(read_at(file, max(0, offset - 4), 4), "big")
        if size in (0, 1):
            raise ValueError("a box that gives its size elsewhere")
        yield read_at(file, offset + 4, min(max(0, size - 8), max_bytes))


def _iterate_boxes(file: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, _Place]]:
    """Yield the name and the place of each box between two offsets."""
    for _ in range(_MAX_BOXES):
        head = read_at(file, start, 16)
        if start + 8 > end or len(head) < 8:
            return
        size, header = int.from_bytes(head[:4], "big"), 8
        if size == 1:
            size, header = int.from_bytes(head[8:16], "big"), 16
        size = size or end - start
        if size < header:
            return
        yield head[4:8], (start + header, start + size)
        start += size


def _read_meta(file: BinaryIO, start: int, end: int) -> _MetaBox:
    """Read the description of the items (ISO/IEC 14496-12, 8.11)."""
    if end > measure_file(file):
        raise EOFError("the description of the items is truncated")
    if end - start > _MAX_META_BYTES:
        raise ValueError("the description of the items is too large")
    body = read_at(file, start, end - start)
    boxes = {name: (place, body[slice(*place)]) for name, place in _iterate_boxes(io.BytesIO(body), 4, len(body))}
    types = _read_types(boxes[b"iinf"][1]) if b"iinf" in boxes else {}
    data_start = start + boxes[b"idat"][0][0] if b"idat" in boxes else 0
    places = _read_places(boxes[b"iloc"][1], data_start) if b"iloc" in boxes else {}
    primary = None
    if b"pitm" in boxes:
        content = boxes[b"pitm"][1]
        primary = int.from_bytes(content[4 : 6 if content[:1] == b"\x00" else 8], "big")
    return _MetaBox(
        primary_type=types.get(primary) if primary is not None else None,
        items=tuple(_Item(type=types[key], extents=places.get(key, ())) for key in types),
        crop=_read_crop(boxes[b"iprp"][1], primary) if primary is not None and b"iprp" in boxes else None,
    )


def _read_types(body: bytes) -> dict[int, bytes]:
    """Read item information entries of version 2 and 3."""
    types = {}
    for name, (start, _) in _iterate_boxes(io.BytesIO(body), 6 if body[:1] == b"\x00" else 8, len(body)):
        if name == b"infe" and body[start : start + 1] in (b"\x02", b"\x03"):
            wide = 2 if body[start : start + 1] == b"\x02" else 4
            key = int.from_bytes(body[start + 4 : start + 4 + wide], "big")
            types[key] = body[start + 6 + wide : start + 10 + wide]
    return types


def _read_places(body: bytes, data_start: int) -> dict[int, tuple[tuple[int, int], ...]]:
    """Read the item location box (8.11.3). Items made of other items have no place of their own."""
    numbers, places, extent_count = _Numbers(body), {}, 0
    version = numbers.read(4) >> 24
    sizes = numbers.read(2)
    offset_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_size = sizes & 15 if version in (1, 2) else 0
    wide = 4 if version == 2 else 2
    for _ in range(min(numbers.read(wide), _MAX_BOXES)):
        key = numbers.read(wide)
        method = numbers.read(2) & 15 if version in (1, 2) else 0
        numbers.read(2)
        base = numbers.read(base_size) + (data_start if method == 1 else 0)
        extents = []
        extent_count += (count := numbers.read(2))
        if extent_count > _MAX_EXTENTS:  # an extent may take no bytes of the box
            raise ValueError("too many extents in a HEIC or AVIF")
        for _ in range(count):
            numbers.read(index_size)
            place = base + numbers.read(offset_size)
            extents.append((place, numbers.read(length_size) or 2**62))
        places[key] = tuple(extents) if method in (0, 1) else ()
    return places


def _read_crop(body: bytes, primary: int) -> _Crop | None:
    """Return the clean aperture of the primary item (ISO/IEC 23008-12, 6.5.3 and 14496-12, 12.1.4)."""
    file = io.BytesIO(body)
    boxes = list(_iterate_boxes(file, 0, len(body)))
    container = dict(boxes).get(b"ipco", (0, 0))
    properties = list(_iterate_boxes(file, *container))
    contents = [body[slice(*place)] for name, place in boxes if name == b"ipma"]
    size = crop = None
    for index in (index for content in contents for index in _read_indexes(content, primary)):
        if not 0 < index <= len(properties):
            continue
        name, (start, end) = properties[index - 1]
        if name == b"ispe" and end - start == 12 <= len(body) - start:
            size = struct.unpack_from(">II", body, start + 4)
        elif name == b"clap" and end - start == 32 <= len(body) - start:
            crop = struct.unpack_from(">IIIIiIiI", body, start)
    return _compute_crop(size, crop) if size and crop else None


def _read_indexes(body: bytes, primary: int) -> Iterator[int]:
    """Yield the indexes of an item's properties, counted from 1."""
    numbers = _Numbers(body)
    head = numbers.read(4)
    wide, index_size = 4 if head >> 24 else 2, 2 if head & 1 else 1
    for _ in range(numbers.read(4)):
        key = numbers.read(wide)
        for _ in range(numbers.read(1)):
            index = numbers.read(index_size) & (0x7FFF if index_size == 2 else 0x7F)
            if key == primary:
                yield index


def _compute_crop(size: tuple[int, ...], aperture: tuple[int, ...]) -> _Crop | None:
    """Return the crop; None if it is damaged or not within the picture. Fractions of pixels are rounded outwards."""
    if not all(aperture[1::2]):
        return None
    width, height, across, down = (Fraction(aperture[i], aperture[i + 1]) for i in (0, 2, 4, 6))
    left, top = Fraction(size[0] - 1, 2) + across - (width - 1) / 2, Fraction(size[1] - 1, 2) + down - (height - 1) / 2
    if width <= 0 or height <= 0 or left < 0 or top < 0 or left + width > size[0] or top + height > size[1]:
        return None
    return math.floor(left), math.floor(top), math.ceil(left + width), math.ceil(top + height)
