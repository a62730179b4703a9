"""The chunks of a PNG file (PNG specification, third edition).

Pillow refuses a file because of large or damaged text, and accepts one whose compressed rows end early. Here only the
pixels count: chunks that Pillow cannot read are left out, and the rows are counted.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from PIL import PngImagePlugin

from .errors import build_unsupported_error
from .file_parts import Part, join_parts, measure_file, read_at, read_exactly
from .scan import Scan

MAX_PROFILE_BYTES = 4 * 2**20
PngImagePlugin.MAX_TEXT_CHUNK = MAX_PROFILE_BYTES
_MAX_METADATA_BYTES = 16 * 2**20
_INFLATED_BYTES = 2**20
# Encoders write a chunk for each 8 kB or more; the list of a file's chunks stays small.
_MAX_CHUNKS = 100_000
_END = b"\x00\x00\x00\x00IEND\xaeB`\x82"
# The colour type to its samples a pixel and its depths (section 11.2.1).
_COLOUR_TYPES = {0: (1, (1, 2, 4, 8, 16)), 2: (3, (8, 16)), 3: (1, (1, 2, 4, 8)), 4: (2, (8, 16)), 6: (4, (8, 16))}
_TRANSPARENCY_BYTES = {0: range(2, 3), 2: range(6, 7), 3: range(1, 257)}
# Adam7 (section 8.1): first column and row, and distances, of each pass.
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
_METADATA = (b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"iCCP")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Header:
    width: int
    height: int
    bits: int
    colour_type: int
    is_interlaced: bool

    def count_bytes(self) -> int:
        """Return the number of bytes of all rows, each with its filter byte."""
        if not self.is_interlaced:
            return self._count_rows(self.width, self.height)
        return sum(
            self._count_rows(-(-(self.width - left) // across), -(-(self.height - top) // down))
            for left, top, across, down in _PASSES
            if self.width > left and self.height > top
        )

    def _count_rows(self, width: int, height: int) -> int:
        return height * (1 + (width * self.bits + 7) // 8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """`offset` and `size` are those of the content."""

    name: bytes
    offset: int
    size: int

    @property
    def part(self) -> tuple[int, int]:
        return self.offset - 8, self.size + 12


def scan_png(file: BinaryIO, max_frames: int) -> Scan:
    """Raises ValueError on a damaged file, EOFError if rows are missing, InvalidImage on an unsupported kind."""
    chunks = list(iterate_png_chunks(file))
    header = _read_header(file, chunks)
    data = [chunk for chunk in chunks if chunk.name == b"IDAT"]
    parts: list[Part] = [b"\x89PNG\r\n\x1a\n", chunks[0].part]
    parts += _select_chunks(file, chunks, header)
    for chunk in data:
        # The last one may be cut, or its checksum wrong, with all pixels there.
        parts += [struct.pack(">I4s", chunk.size, b"IDAT"), (chunk.offset, chunk.size), bytes(4)]
    has_animation = any(chunk.name == b"acTL" for chunk in chunks)
    frames = sum(chunk.name == b"fcTL" for chunk in chunks) if has_animation else 1
    return Scan(
        file=join_parts(file, [*parts, _END]),
        width=header.width,
        height=header.height,
        frames=max(1, min(frames, max_frames + 1)),
        codec_bytes=_INFLATED_BYTES + 3 * header.width * 8,
    )


def check_png_rows(file: BinaryIO) -> None:
    """Inflate the rows without keeping them. Raises EOFError if some are missing and zlib.error if they are damaged."""
    chunks = list(iterate_png_chunks(file))
    missing = _read_header(file, chunks).count_bytes()
    inflater = zlib.decompressobj()
    for chunk in chunks:
        if chunk.name != b"IDAT":
            continue
        for offset in range(chunk.offset, chunk.offset + chunk.size, _INFLATED_BYTES):
            data = read_at(file, offset, min(_INFLATED_BYTES, chunk.offset + chunk.size - offset))
            while data and missing > 0:
                missing -= len(inflater.decompress(data, min(missing, _INFLATED_BYTES)))
                data = inflater.unconsumed_tail
        if missing <= 0:
            return
    if missing > 0:
        raise EOFError("rows of a PNG are missing")


def iterate_png_chunks(file: BinaryIO) -> Iterator[Chunk]:
    """Yield the chunks up to IEND, to the end of the file, or to bytes that are no chunk."""
    size, offset = measure_file(file), 8
    for _ in range(_MAX_CHUNKS):
        if offset + 8 > size:
            return
        length, name = struct.unpack(">I4s", read_at(file, offset, 8))
        if not name.isalpha() or not name.isascii() or name == b"IEND":
            return
        yield Chunk(name=name, offset=offset + 8, size=min(length, size - offset - 8))
        offset += 12 + length
    raise ValueError("too many chunks in a PNG")


def _read_header(file: BinaryIO, chunks: list[Chunk]) -> _Header:
    if not chunks:
        raise EOFError("a PNG without chunks")
    if chunks[0].name == b"CgBI":
        raise build_unsupported_error("PNG")
    if chunks[0].name != b"IHDR" or chunks[0].size != 13 or not _is_intact(file, chunks[0]):
        raise ValueError("the header of a PNG is damaged")
    file.seek(chunks[0].offset)
    width, height, depth, colour_type, method, filters, interlacing = struct.unpack(">IIBBBBB", read_exactly(file, 13))
    samples, depths = _COLOUR_TYPES.get(colour_type, (0, ()))
    if depth not in depths or method or filters or interlacing > 1 or not 0 < width < 2**31 or not 0 < height < 2**31:
        raise ValueError("the header of a PNG is damaged")
    return _Header(
        width=width,
        height=height,
        bits=depth * samples,
        colour_type=colour_type,
        is_interlaced=bool(interlacing),
    )


def _select_chunks(file: BinaryIO, chunks: list[Chunk], header: _Header) -> Iterator[Part]:
    """Yield the palette, the transparency and the metadata that Pillow can read."""
    left = _MAX_METADATA_BYTES
    palettes = [chunk for chunk in chunks if chunk.name == b"PLTE"]
    if header.colour_type == 3:
        if not palettes or palettes[0].size % 3 or not 0 < palettes[0].size <= 768 or not _is_intact(file, palettes[0]):
            raise ValueError("the palette of a PNG is damaged")
        yield palettes[0].part
    for chunk in chunks:
        if chunk.name == b"tRNS" and chunk.size in _TRANSPARENCY_BYTES.get(header.colour_type, ()):
            if _is_intact(file, chunk):
                yield chunk.part
        elif chunk.name in _METADATA and chunk.size <= left and _is_readable(file, chunk):
            left -= chunk.size
            yield chunk.part


def _is_intact(file: BinaryIO, chunk: Chunk) -> bool:
    data = read_at(file, chunk.offset - 4, chunk.size + 8)
    return len(data) == chunk.size + 8 and zlib.crc32(data[:-4]) == int.from_bytes(data[-4:], "big")


def _is_readable(file: BinaryIO, chunk: Chunk) -> bool:
    """Check the checksum, and that compressed text is not larger than Pillow accepts."""
    if not _is_intact(file, chunk):
        return False
    if chunk.name in (b"tEXt", b"eXIf"):
        return True
    data = read_at(file, chunk.offset, chunk.size)
    _, _, fields = data.partition(b"\x00")
    if not fields:
        return False
    if chunk.name == b"iTXt":
        if fields[:1] != b"\x01":
            return True
        fields = fields[2:].split(b"\x00", 2)[-1]
    else:
        fields = fields[1:]
    inflater = zlib.decompressobj()
    try:
        inflater.decompress(fields, MAX_PROFILE_BYTES)
    except zlib.error:
        return False
    return not inflater.unconsumed_tail
