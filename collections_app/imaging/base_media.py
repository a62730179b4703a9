"""The boxes of a HEIC or AVIF file (ISO/IEC 14496-12 and 23008-12), read before a decoder opens it.

Names of boxes are searched in the whole file instead of parsed where a check must not miss one: every box that a
decoder finds carries its name, so a file cannot hide a box by nesting it in a way that the decoder and this module read
differently. Four bytes match by accident once in 4 GB.
"""

import struct
from collections.abc import Iterator
from typing import BinaryIO

from .file_parts import find_all, measure_file, read_at
from .formats import AVIF, HEIF, PictureFormat
from .item_properties import MetaBox, read_meta_box
from .scan import Scan
from .unaccepted import build_unsupported_error
from .video_headers import read_av1_size, read_hevc_size

_MAX_META_BYTES = 16 * 2**20
_MAX_UNITS = 10_000
_HEADER_BYTES = 256
# libheif and libavif hold the planes, the assembled picture and its conversion to RGB, up to 16 bits a sample.
_CODEC_BYTES_PER_PIXEL = 12
_SUPPORTED_ITEMS = {
    "AVIF": (b"av01", b"grid", b"iden", b"sato", b"tmap"),
    "HEIF": (b"hvc1", b"hev1", b"grid", b"iden", b"iovl", b"mski"),
}
_HEVC_ITEMS, _AV1_ITEM = (b"hvc1", b"hev1"), b"av01"


def scan_avif(file: BinaryIO, max_frames: int) -> Scan:
    return _scan(file, AVIF)


def scan_heif(file: BinaryIO, max_frames: int) -> Scan:
    return _scan(file, HEIF)


def _scan(file: BinaryIO, picture_format: PictureFormat) -> Scan:
    """Raises ValueError on a file that its decoder cannot be trusted with, InvalidImage on an unsupported kind."""
    _check_items(file)
    boxes = dict(_iterate_top_boxes(file))
    meta = _read_meta(file, boxes)
    if b"mini" in boxes or (meta and meta.primary_type not in (None, *_SUPPORTED_ITEMS[picture_format.name])):
        raise build_unsupported_error("HEIF" if b"mini" in boxes else picture_format.name)
    declared, decoded = list(_read_spatial_extents(file)), list(_read_bitstream_sizes(file, meta))
    if picture_format == AVIF and b"avis" in read_at(file, 8, 64):
        decoded += _read_sequence_sizes(file)
    width, height = max(declared or decoded or [(0, 0)], key=lambda size: size[0] * size[1])
    pixels = max(size[0] * size[1] for size in [(width, height), *decoded])
    return Scan(
        file=file,
        width=width,
        height=height,
        other_sizes=tuple(decoded),
        codec_bytes=pixels * _CODEC_BYTES_PER_PIXEL + 2 * measure_file(file),
        crop=meta.crop if meta and picture_format == AVIF else None,
    )


def _iterate_top_boxes(file: BinaryIO) -> Iterator[tuple[bytes, tuple[int, int]]]:
    """Yield the name, the offset of the body and its size."""
    end, offset = measure_file(file), 0
    for _ in range(_MAX_UNITS):
        head = read_at(file, offset, 16)
        if len(head) < 8:
            return
        size, header = int.from_bytes(head[:4], "big"), 8
        if size == 1:
            size, header = int.from_bytes(head[8:16], "big"), 16
        size = size or end - offset
        if size < header:
            return
        yield head[4:8], (offset + header, size - header)
        offset += size


def _read_meta(file: BinaryIO, boxes: dict[bytes, tuple[int, int]]) -> MetaBox | None:
    if b"meta" not in boxes:
        return None
    offset, size = boxes[b"meta"]
    if offset + size > measure_file(file):
        raise EOFError("the description of the items is truncated")
    if size > _MAX_META_BYTES:
        raise ValueError("the description of the items is too large")
    return read_meta_box(read_at(file, offset, size), offset)


def _read_spatial_extents(file: BinaryIO) -> Iterator[tuple[int, int]]:
    for body in _iterate_named_boxes(file, b"ispe", 12):
        if len(body) == 12:
            width, height = struct.unpack(">II", body[4:12])
            yield width, height


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


def _iterate_named_boxes(file: BinaryIO, name: bytes, max_bytes: int) -> Iterator[bytes]:
    """Yield the bodies (version, flags, payload) of the boxes of this name."""
    for offset in find_all(file, name):
        size = int.from_bytes(read_at(file, max(0, offset - 4), 4), "big")
        if size in (0, 1):
            raise ValueError("a box that gives its size elsewhere")
        yield read_at(file, offset + 4, min(max(0, size - 8), max_bytes))


def _read_bitstream_sizes(file: BinaryIO, meta: MetaBox | None) -> Iterator[tuple[int, int]]:
    """Yield the sizes in the headers of the bitstreams, wherever a decoder takes them from."""
    for body in _iterate_named_boxes(file, b"hvcC", 65_536):
        yield from filter(None, map(read_hevc_size, _iterate_hevc_parameters(body)))
    for body in _iterate_named_boxes(file, b"av1C", 65_536):
        yield from _read_av1_sizes(body[4:])
    for item in meta.items if meta else ():
        for offset, size in item.extents:
            if item.type in _HEVC_ITEMS:
                yield from _read_hevc_units(file, offset, size)
            elif item.type == _AV1_ITEM:
                yield from _read_av1_units(file, offset, size)


def _iterate_hevc_parameters(body: bytes) -> Iterator[bytes]:
    """Yield the sequence parameter sets of a configuration record (ISO/IEC 14496-15, 8.3.3.1)."""
    if len(body) < 23:
        return
    position = 23
    for _ in range(body[22]):
        if position + 3 > len(body):
            return
        count = int.from_bytes(body[position + 1 : position + 3], "big")
        position += 3
        for _ in range(count):
            size = int.from_bytes(body[position : position + 2], "big")
            yield body[position + 2 : position + 2 + size]
            position += 2 + size


def _read_hevc_units(file: BinaryIO, offset: int, size: int) -> Iterator[tuple[int, int]]:
    end = offset + size
    for _ in range(_MAX_UNITS):
        head = read_at(file, offset, 4 + _HEADER_BYTES)
        if len(head) < 6 or offset >= end:
            return
        if found := read_hevc_size(head[4:]):
            yield found
        offset += 4 + int.from_bytes(head[:4], "big")


def _read_av1_units(file: BinaryIO, offset: int, size: int) -> Iterator[tuple[int, int]]:
    """Read the open bitstream units (AV1 specification, section 5.3) of one item or sample."""
    end = offset + size
    for _ in range(_MAX_UNITS):
        head = read_at(file, offset, _HEADER_BYTES)
        if len(head) < 2 or offset >= end:
            return
        length, start = _read_unit_length(head)
        if head[0] >> 3 & 15 == 1 and (found := read_av1_size(head[start:])):
            yield found
        offset += start + (length if head[0] & 2 else end - offset)


def _read_av1_sizes(data: bytes) -> Iterator[tuple[int, int]]:
    position = 0
    while position + 2 < len(data):
        length, start = _read_unit_length(data[position : position + 12])
        if data[position] >> 3 & 15 == 1 and (found := read_av1_size(data[position + start :])):
            yield found
        position += start + (length if data[position] & 2 else len(data))


def _read_unit_length(head: bytes) -> tuple[int, int]:
    """Return the length of a unit's body (leb128) and where the body begins."""
    start, length, shift = 2 if head[0] & 4 else 1, 0, 0
    if head[0] & 2:
        for byte in head[start : start + 8]:
            start += 1
            length |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                break
    return length, start


def _read_sequence_sizes(file: BinaryIO) -> Iterator[tuple[int, int]]:
    """Read the first sample of each track; only that one is decoded."""
    for name, width in ((b"stco", 4), (b"co64", 8)):
        for body in _iterate_named_boxes(file, name, 16):
            if len(body) >= 8 + width:
                yield from _read_av1_units(file, int.from_bytes(body[8 : 8 + width], "big"), _HEADER_BYTES)
