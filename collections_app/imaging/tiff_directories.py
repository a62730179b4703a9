"""The directories (pages) of a TIFF or BigTIFF file (TIFF 6.0, section 2), read without loading values."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

# Cameras write about 60 entries. Pillow reads every entry of every page, and a page takes only 6 bytes of a file.
MAX_ENTRIES = 1000
# Pillow makes a tuple of about 400 bytes of each strip or tile offset; 100 megapixels in 32 x 32 tiles have 100,000.
MAX_VALUES = 200_000
_RAW_BYTE_TYPES = (1, 2, 6, 7)
_WIDTH, _HEIGHT, _TILE_WIDTH, _TILE_HEIGHT = 256, 257, 322, 323


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """The struct formats of a file: number of entries, one entry, offset of the next directory."""

    count: struct.Struct
    entry: struct.Struct
    offset: struct.Struct
    order: str


def read_tiff_directories(file: BinaryIO) -> Iterator[tuple[int, int]]:
    """Yield the width and height of each page; a tile that is larger than its page counts instead.

    Raises ValueError on counts above the limits and struct.error on a directory outside the file.
    """
    layout, offset = _read_header(file)
    seen: set[int] = set()
    while offset and offset not in seen:
        seen.add(offset)
        file.seek(offset)
        values = _read_directory(file, layout)
        yield (
            max(values.get(_WIDTH, 0), values.get(_TILE_WIDTH, 0)),
            max(values.get(_HEIGHT, 0), values.get(_TILE_HEIGHT, 0)),
        )
        following = file.read(layout.offset.size)
        # Pillow also treats a missing offset as the end.
        offset = layout.offset.unpack(following)[0] if len(following) == layout.offset.size else 0


def _read_header(file: BinaryIO) -> tuple[_Layout, int]:
    file.seek(0)
    head = file.read(16)
    order = "<" if head[:2] == b"II" else ">"
    big = 0x2B in head[2:4]
    layout = _Layout(
        count=struct.Struct(order + ("Q" if big else "H")),
        entry=struct.Struct(order + ("HHQ8s" if big else "HHL4s")),
        offset=struct.Struct(order + ("Q" if big else "L")),
        order=order,
    )
    return layout, layout.offset.unpack_from(head, 8 if big else 4)[0]


def _read_directory(file: BinaryIO, layout: _Layout) -> dict[int, int]:
    """Return the sizes among the entries. The file is left before the offset of the next directory."""
    (count,) = layout.count.unpack(file.read(layout.count.size))
    if count > MAX_ENTRIES:
        raise ValueError("too many entries in a TIFF directory")
    entries = file.read(count * layout.entry.size)
    sizes = {}
    for tag, kind, values, inline in layout.entry.iter_unpack(entries):
        if values > MAX_VALUES and kind not in _RAW_BYTE_TYPES:
            raise ValueError("too many values in a TIFF entry")
        if tag in (_WIDTH, _HEIGHT, _TILE_WIDTH, _TILE_HEIGHT):
            sizes[tag] = _read_first_value(inline, kind, layout.order)
    return sizes


def _read_first_value(inline: bytes, kind: int, order: str) -> int:
    """Return a SHORT, LONG or LONG8 stored in the entry itself; 0 for other types, which Pillow rejects."""
    code = {3: "H", 4: "L", 16: "Q"}.get(kind)
    if code is None or struct.calcsize(order + code) > len(inline):
        return 0
    value: int = struct.unpack_from(order + code, inline)[0]
    return value
