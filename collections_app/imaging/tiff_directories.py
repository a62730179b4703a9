"""The directories (pages) of a TIFF or BigTIFF file (TIFF 6.0, section 2), and of raw files that are built like one."""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from .errors import build_unsupported_error
from .file_parts import read_at, read_exactly
from .scan import Scan

# Cameras write about 60 entries. Pillow reads every entry of every page, and a page takes only 6 bytes of a file.
MAX_ENTRIES = 1000
# Pillow makes a tuple of about 400 bytes of each strip or tile offset; 100 megapixels in 32 x 32 tiles have 100,000.
MAX_VALUES = 200_000
# The lists of a raw file are shorter. Numbers in Python take ten times as much memory as in the file.
_MAX_LIST_VALUES = 10_000
_MAX_MAKE_BYTES = 100
_TEXT_TYPE, _RAW_BYTE_TYPES = 2, (1, 2, 6, 7)
_MAX_SUB_DIRECTORIES = 100
WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, MAKE = 256, 257, 258, 259, 262, 271
STRIP_OFFSETS, ORIENTATION, SAMPLES, ROWS_PER_STRIP, STRIP_SIZES, SUB_DIRECTORIES = 273, 274, 277, 278, 279, 330
TILE_WIDTH, TILE_HEIGHT, TILE_OFFSETS, TILE_SIZES, DNG_VERSION = 322, 323, 324, 325, 50706
_READ_TAGS = {
    *(WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, STRIP_OFFSETS, ORIENTATION, SAMPLES, ROWS_PER_STRIP, STRIP_SIZES),
    *(SUB_DIRECTORIES, TILE_WIDTH, TILE_HEIGHT, TILE_OFFSETS, TILE_SIZES, DNG_VERSION),
}
_LIST_TAGS = {STRIP_OFFSETS, STRIP_SIZES, TILE_OFFSETS, TILE_SIZES, SUB_DIRECTORIES}
# The type of an entry, to the struct format of its whole numbers.
_NUMBER_TYPES = {1: "B", 3: "H", 4: "L", 13: "L", 16: "Q"}
# The compressions that libtiff in Pillow's wheels decodes.
_DECODABLE_COMPRESSIONS = (1, 2, 3, 4, 5, 6, 7, 8, 32771, 32773, 32809, 32946, 34661, 34676, 34677, 34925, 50000, 50001)
_COEFFICIENT_COMPRESSIONS = (6, 7)

# Type, number of values, and the value or its offset.
_Entry = tuple[int, int, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """The struct formats of a file: number of entries, one entry, offset of the next directory."""

    count: struct.Struct
    entry: struct.Struct
    offset: struct.Struct
    order: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """The entries of one page. `values` are the first 10,000 whole numbers of each list, and one of other entries."""

    values: Mapping[int, tuple[int, ...]]
    make: str

    def get(self, tag: int, default: int = 0) -> int:
        values = self.values.get(tag)
        return values[0] if values else default

    @property
    def size(self) -> tuple[int, int]:
        """The size of the page; a tile that is larger than its page counts instead."""
        return max(self.get(WIDTH), self.get(TILE_WIDTH)), max(self.get(HEIGHT), self.get(TILE_HEIGHT))

    @property
    def codec_bytes(self) -> int:
        """The memory for one strip or tile, packed and unpacked, of all samples."""
        width = self.get(TILE_WIDTH) or self.get(WIDTH)
        height = self.get(TILE_HEIGHT) or min(self.get(ROWS_PER_STRIP) or self.get(HEIGHT), self.get(HEIGHT))
        samples = max(1, self.get(SAMPLES, 1))
        unpacked = width * height * samples * max(8, self.get(BITS, 1)) // 8
        coefficients = 2 * width * height * samples if self.get(COMPRESSION) in _COEFFICIENT_COMPRESSIONS else 0
        return unpacked + coefficients + 4 * width * height


def scan_tiff(file: BinaryIO, max_frames: int) -> Scan:
    """Count the pages up to the first that is damaged. Raises ValueError or struct.error if that is the first one."""
    head = read_at(file, 0, 4)
    if head == b"MM\x00\x2b":  # Pillow reads a BigTIFF only in the other byte order
        raise build_unsupported_error("BigTIFF")
    pages = iterate_directories(file)
    first = next(pages)
    if first.get(COMPRESSION, 1) not in _DECODABLE_COMPRESSIONS:
        raise build_unsupported_error("TIFF")
    frames = 1
    try:
        while frames <= max_frames and next(pages, None):
            frames += 1
    except (ValueError, EOFError, struct.error):
        pass
    width, height = first.size
    return Scan(file=file, width=width, height=height, frames=frames, codec_bytes=first.codec_bytes)


def iterate_directories(file: BinaryIO) -> Iterator[Directory]:
    """Yield the pages. Raises ValueError on counts above the limits and struct.error outside the file."""
    layout, offset = _read_header(file)
    seen: set[int] = set()
    while offset and offset not in seen:
        seen.add(offset)
        directory, offset = _read_directory(file, layout, offset)
        yield directory
    if not seen:
        raise ValueError("a TIFF without a page")


def read_sub_directories(file: BinaryIO, parent: Directory) -> Iterator[Directory]:
    """Yield the directories below another one. Raises like iterate_directories."""
    layout, _ = _read_header(file)
    for offset in parent.values.get(SUB_DIRECTORIES, ())[:_MAX_SUB_DIRECTORIES]:
        yield _read_directory(file, layout, offset)[0]


def _read_header(file: BinaryIO) -> tuple[_Layout, int]:
    head = read_at(file, 0, 16)
    order = "<" if head[:2] == b"II" else ">"
    big = 0x2B in head[2:4]
    layout = _Layout(
        count=struct.Struct(order + ("Q" if big else "H")),
        entry=struct.Struct(order + ("HHQ8s" if big else "HHL4s")),
        offset=struct.Struct(order + ("Q" if big else "L")),
        order=order,
    )
    return layout, layout.offset.unpack_from(head, 8 if big else 4)[0]


def _read_directory(file: BinaryIO, layout: _Layout, offset: int) -> tuple[Directory, int]:
    """Return a directory, and the offset of the next one."""
    (count,) = layout.count.unpack(read_at(file, offset, layout.count.size))
    if count > MAX_ENTRIES:
        raise ValueError("too many entries in a TIFF directory")
    entries = read_exactly(file, count * layout.entry.size)
    following = file.read(layout.offset.size)
    # Like Pillow, read only the first of repeated entries.
    first: dict[int, _Entry] = {}
    for tag, kind, length, inline in layout.entry.iter_unpack(entries):
        if length > MAX_VALUES and kind not in _RAW_BYTE_TYPES:
            raise ValueError("too many values in a TIFF entry")
        first.setdefault(tag, (kind, length, inline))
    values = {tag: _read_numbers(file, layout, tag, first[tag]) for tag in _READ_TAGS & first.keys()}
    make = _read_text(file, layout, first[MAKE]) if MAKE in first else ""
    # Pillow also treats a missing offset as the end.
    next_offset = layout.offset.unpack(following)[0] if len(following) == layout.offset.size else 0
    return Directory(values=values, make=make.upper()), next_offset


def _read_numbers(file: BinaryIO, layout: _Layout, tag: int, entry: _Entry) -> tuple[int, ...]:
    """Return whole numbers; none for other types, which Pillow rejects."""
    kind, length, inline = entry
    code = _NUMBER_TYPES.get(kind)
    if code is None:
        return ()
    number = struct.Struct(layout.order + code)
    data = _read_value(file, layout, length * number.size, inline)
    count = min(len(data) // number.size, _MAX_LIST_VALUES if tag in _LIST_TAGS else 1)
    return struct.unpack_from(f"{layout.order}{count}{code}", data)


def _read_text(file: BinaryIO, layout: _Layout, entry: _Entry) -> str:
    kind, length, inline = entry
    data = _read_value(file, layout, length, inline) if kind == _TEXT_TYPE else b""
    return data[:_MAX_MAKE_BYTES].decode("latin-1").strip("\x00 ")


def _read_value(file: BinaryIO, layout: _Layout, size: int, inline: bytes) -> bytes:
    """Return the first bytes of a value, which is inside its entry if it fits there."""
    if size <= len(inline):
        return inline[:size]
    return read_at(file, layout.offset.unpack(inline)[0], min(size, 8 * _MAX_LIST_VALUES))
