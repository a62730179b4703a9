"""Small files whose lists are long, empty or repeated, so that reading them takes hours or gigabytes."""

import struct
import zlib
from collections.abc import Callable, Iterator

from .pictures import corners_file

_TYPE_BOX = struct.pack(">I4s4sII", 20, b"ftyp", b"heic", 0, 0)[:16] + b"heic"


def list_hostile_files() -> dict[str, Callable[[], bytes]]:
    return {
        "HEIC with empty extents": _heic_with_empty_extents,
        "HEIC with associations that are cut off": _heic_with_short_associations,
        "HEIC with many configurations": lambda: _TYPE_BOX + struct.pack(">I4s", 65_544, b"hvcC") * 1_000_000,
        "HEIC with many extents of sizes": lambda: _TYPE_BOX + struct.pack(">I4s", 20, b"ispe") * 2_000_000,
        "JPEG 2000 with many codestreams": _jpeg2000_with_many_codestreams,
        "TIFF with many lists": _tiff_with_many_lists,
        "TIFF with repeated lists": _tiff_with_repeated_lists,
        "PNG with large texts": _png_with_large_texts,
    }


def _box(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), name) + body


def _heic_with_empty_extents() -> bytes:
    """Extents whose offset and length take no bytes: 10,000 of each of 10,000 items."""
    items = b"".join(struct.pack(">HHH", key, 0, 10_000) for key in range(10_000))
    return _TYPE_BOX + _box(b"meta", bytes(4) + _box(b"iloc", bytes(6) + struct.pack(">H", 10_000) + items))


def _heic_with_short_associations() -> bytes:
    associations = _box(b"ipma", bytes(4) + b"\xff" * 4) * 10_000
    return _TYPE_BOX + _box(b"meta", bytes(4) + _box(b"pitm", bytes(6)) + _box(b"iprp", associations))


def _jpeg2000_with_many_codestreams() -> bytes:
    return b"\x00\x00\x00\x0cjP  \r\n\x87\n" + b"\xff\x4f\xff\x51" * 3_000_000


def _tiff(pages: Iterator[bytes]) -> bytes:
    """Return a TIFF whose pages hold these entries; 200,000 numbers follow the header."""
    data = bytearray(b"II*\x00" + struct.pack("<L", 0) + b"\xff" * 800_000)
    link = 4
    for entries in pages:
        data[link : link + 4] = struct.pack("<L", len(data))
        data += struct.pack("<H", len(entries) // 12) + entries
        link = len(data)
        data += bytes(4)
    return bytes(data)


def _list_entry(tag: int) -> bytes:
    return struct.pack("<HHLL", tag, 4, 200_000, 8)


def _tiff_with_many_lists() -> bytes:
    tags = (256, 257, 258, 259, 262, 273, 274, 277, 278, 279, 322, 323, 324, 325)
    page = b"".join(map(_list_entry, tags))
    return _tiff(page for _ in range(40))


def _tiff_with_repeated_lists() -> bytes:
    size = b"".join(struct.pack("<HHLL", tag, 4, 1, 8) for tag in (256, 257, 258))
    return _tiff(size + _list_entry(273) * 900 for _ in range(100))


def _png_with_large_texts() -> bytes:
    """Texts of 4 MB each, with a wrong checksum so that Pillow does not refuse them."""
    data = corners_file("PNG").getvalue()
    text = zlib.compress(bytes(4 * 2**20 - 1).replace(b"\x00", b"x"))
    end = data.index(b"IDAT") - 4
    texts = b""
    for number in range(300):
        body = f"text {number}".encode() + b"\x00\x00" + text
        texts += struct.pack(">I", len(body)) + b"zTXt" + body + bytes(4)
    return data[:end] + texts + data[end:]
