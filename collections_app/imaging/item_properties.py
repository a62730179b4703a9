"""The items of a HEIC or AVIF file: their types, their places, and the part of the primary picture to show."""

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

Crop = tuple[int, int, int, int]
_MAX_ITEMS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaItem:
    """`extents` are offsets and sizes in the file."""

    type: bytes
    extents: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MetaBox:
    """`crop` is left, top, right and bottom of the primary item's clean aperture."""

    primary_type: bytes | None
    items: tuple[MediaItem, ...]
    crop: Crop | None


def read_meta_box(body: bytes, offset: int) -> MetaBox:
    """Read the body of a `meta` box that begins at an offset of the file (ISO/IEC 14496-12, 8.11)."""
    boxes = dict(iterate_boxes(body, 4, len(body)))
    types = _read_types(body, *boxes[b"iinf"]) if b"iinf" in boxes else {}
    data_start = offset + boxes[b"idat"][0] if b"idat" in boxes else 0
    places = _read_places(body, *boxes[b"iloc"], data_start) if b"iloc" in boxes else {}
    primary = None
    if b"pitm" in boxes:
        start, _ = boxes[b"pitm"]
        primary = int.from_bytes(body[start + 4 : start + (6 if body[start : start + 1] == b"\x00" else 8)], "big")
    return MetaBox(
        primary_type=types.get(primary) if primary is not None else None,
        items=tuple(MediaItem(type=types[key], extents=places.get(key, ())) for key in types),
        crop=_read_crop(body, boxes, primary) if primary is not None and b"iprp" in boxes else None,
    )


def iterate_boxes(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, tuple[int, int]]]:
    """Yield the name, and start and end of the body, of each box."""
    for _ in range(_MAX_ITEMS):
        if start + 8 > end:
            return
        size, name = struct.unpack_from(">I4s", data, start)
        header = 8
        if size == 1 and start + 16 <= end:
            size, header = int.from_bytes(data[start + 8 : start + 16], "big"), 16
        size = size or end - start
        if size < header:
            return
        yield name, (start + header, min(start + size, end))
        start += size


def _read_types(body: bytes, start: int, end: int) -> dict[int, bytes]:
    """Read item information entries of version 2 and 3."""
    start += 6 if body[start : start + 1] == b"\x00" else 8
    types = {}
    for name, (entry, _) in iterate_boxes(body, start, end):
        if name == b"infe" and body[entry : entry + 1] in (b"\x02", b"\x03"):
            wide = 2 if body[entry : entry + 1] == b"\x02" else 4
            key = int.from_bytes(body[entry + 4 : entry + 4 + wide], "big")
            types[key] = body[entry + 6 + wide : entry + 10 + wide]
    return types


class _Numbers:
    """Reads big-endian numbers one after another."""

    def __init__(self, data: bytes, position: int) -> None:
        self._data, self._position = data, position

    def read(self, size: int) -> int:
        self._position += size
        return int.from_bytes(self._data[self._position - size : self._position], "big")


def _read_places(body: bytes, start: int, end: int, data_start: int) -> dict[int, tuple[tuple[int, int], ...]]:
    """Read the item location box (8.11.3). Items made of other items have no place of their own."""
    numbers, places = _Numbers(body[:end], start), {}
    version = numbers.read(4) >> 24
    sizes = numbers.read(2)
    offset_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_size = sizes & 15 if version in (1, 2) else 0
    wide = 4 if version == 2 else 2
    for _ in range(min(numbers.read(wide), _MAX_ITEMS)):
        key = numbers.read(wide)
        method = numbers.read(2) & 15 if version in (1, 2) else 0
        numbers.read(2)
        base = numbers.read(base_size) + (data_start if method == 1 else 0)
        extents = []
        for _ in range(min(numbers.read(2), _MAX_ITEMS)):
            numbers.read(index_size)
            place = base + numbers.read(offset_size)
            extents.append((place, numbers.read(length_size) or 2**62))
        places[key] = tuple(extents) if method in (0, 1) else ()
    return places


def _read_crop(body: bytes, boxes: dict[bytes, tuple[int, int]], primary: int) -> Crop | None:
    """Return the clean aperture of the primary item (ISO/IEC 23008-12, 6.5.3 and 14496-12, 12.1.4)."""
    inner = list(iterate_boxes(body, *boxes[b"iprp"]))
    properties = [each for name, place in inner if name == b"ipco" for each in iterate_boxes(body, *place)]
    size = None
    crop = None
    for index in (index for name, place in inner if name == b"ipma" for index in _read_indexes(body, *place, primary)):
        if not 0 < index <= len(properties):
            continue
        name, (start, end) = properties[index - 1]
        if name == b"ispe" and end - start == 12:
            size = struct.unpack_from(">II", body, start + 4)
        elif name == b"clap" and end - start == 32:
            crop = struct.unpack_from(">IIIIiIiI", body, start)
    return _compute_crop(size, crop) if size and crop else None


def _read_indexes(body: bytes, start: int, end: int, primary: int) -> Iterator[int]:
    """Yield the indexes of an item's properties, counted from 1."""
    numbers = _Numbers(body[:end], start)
    head = numbers.read(4)
    wide, index_size = 4 if head >> 24 else 2, 2 if head & 1 else 1
    for _ in range(min(numbers.read(4), _MAX_ITEMS)):
        key = numbers.read(wide)
        for _ in range(numbers.read(1)):
            index = numbers.read(index_size) & (0x7FFF if index_size == 2 else 0x7F)
            if key == primary:
                yield index


def _compute_crop(size: tuple[int, ...], aperture: tuple[int, ...]) -> Crop | None:
    """Return the crop; None if it is damaged or not within the picture. Fractions of pixels are rounded outwards."""
    if not all(aperture[1::2]):
        return None
    width, height, across, down = (Fraction(aperture[i], aperture[i + 1]) for i in (0, 2, 4, 6))
    left, top = Fraction(size[0] - 1, 2) + across - (width - 1) / 2, Fraction(size[1] - 1, 2) + down - (height - 1) / 2
    if width <= 0 or height <= 0 or left < 0 or top < 0 or left + width > size[0] or top + height > size[1]:
        return None
    return math.floor(left), math.floor(top), math.ceil(left + width), math.ceil(top + height)
