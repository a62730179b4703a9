"""The first frame of a GIF or WebP file, apart from those that follow, which may be missing or damaged."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from .file_parts import Part, join_parts, measure_file, read_at, read_exactly
from .scan import Scan, compute_raster_bytes

_GIF_EXTENSION, _GIF_IMAGE, _GIF_TRAILER = b"!", b",", b";"
# libwebp has two canvases and returns a copy of one, with 4 bytes a pixel.
_WEBP_BYTES_PER_PIXEL = 12
_WEBP_PICTURES = (b"VP8 ", b"VP8L")
_WEBP_ANIMATION_FLAG = 0x02
_MAX_CHUNKS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class _RiffChunk:
    name: bytes
    offset: int
    size: int
    is_whole: bool

    @property
    def parts(self) -> list[Part]:
        """The chunk with its real size, even if the file gives another."""
        return [self.name + struct.pack("<I", self.size), (self.offset, self.size), bytes(self.size % 2)]


def scan_gif(file: BinaryIO, max_frames: int) -> Scan:
    """Return the canvas, the larger of the first frame's extent and the screen (GIF89a, sections 18 to 26).

    Frames are counted up to the first whose header is cut off. Raises EOFError if that is the first one.
    """
    file.seek(6)
    screen = read_exactly(file, 7)
    width, height = struct.unpack("<HH", screen[:4])
    _skip_palette(file, screen[4])
    frames, end = 0, 0
    while frames <= max_frames and (box := _find_gif_frame(file, is_first=not frames)):
        if not frames:
            width, height = max(width, box[0] + box[2]), max(height, box[1] + box[3])
            end = file.tell()
        frames += 1
    if not frames:
        raise EOFError("a GIF without a picture is truncated")
    return Scan(
        file=join_parts(file, [(0, end), _GIF_TRAILER]),
        width=width,
        height=height,
        frames=frames,
        codec_bytes=compute_raster_bytes(width, height),
    )


def scan_webp(file: BinaryIO, max_frames: int) -> Scan:
    """Return the canvas (RFC 9649, sections 2.5 to 2.7). Raises EOFError if the first frame is cut off."""
    size = measure_file(file)
    chunks = list(_iterate_riff(file, 12, size, max_frames))
    extended = next((chunk for chunk in chunks if chunk.name == b"VP8X" and chunk.size >= 10), None)
    frames = [chunk for chunk in chunks if chunk.name == b"ANMF"]
    pictures = [chunk for chunk in chunks if chunk.name in _WEBP_PICTURES]
    canvas = read_at(file, extended.offset, 10) if extended else bytes(10)
    is_animated = extended is not None and bool(canvas[0] & _WEBP_ANIMATION_FLAG) and bool(frames)
    first = frames[0] if is_animated else pictures[0] if pictures else None
    if first is None or not first.is_whole:
        raise EOFError("the first frame of a WebP is truncated")
    sizes = [_read_picture_size(file, first)]
    if extended:
        sizes.append((int.from_bytes(canvas[4:7], "little") + 1, int.from_bytes(canvas[7:10], "little") + 1))
    width, height = max(each[0] for each in sizes), max(each[1] for each in sizes)
    body = _select_webp_chunks(chunks, first, canvas if extended else b"")
    length = sum(len(part) if isinstance(part, bytes) else part[1] for part in body)
    return Scan(
        file=join_parts(file, [b"RIFF" + struct.pack("<I", length + 4) + b"WEBP", *body]),
        width=width,
        height=height,
        frames=max(1, len(frames)) if is_animated else 1,
        codec_bytes=width * height * _WEBP_BYTES_PER_PIXEL + 2 * first.size,
    )


def _find_gif_frame(file: BinaryIO, *, is_first: bool) -> tuple[int, int, int, int] | None:
    """Return left, top, width and height of the next frame and skip its data; None if there is no other frame."""
    while (kind := file.read(1)) not in (b"", _GIF_TRAILER):
        if kind == _GIF_EXTENSION:
            file.read(1)
            _skip_sub_blocks(file)
        elif kind == _GIF_IMAGE:
            box = file.read(9)
            if len(box) < 9:
                if is_first:
                    raise EOFError("the first frame of a GIF is truncated")
                return None
            _skip_palette(file, box[8])
            file.read(1)
            _skip_sub_blocks(file)
            left, top, width, height = struct.unpack("<HHHH", box[:8])
            return left, top, width, height
    return None


def _skip_palette(file: BinaryIO, flags: int) -> None:
    if flags & 0x80:
        file.read(3 << (flags & 7) + 1)


def _skip_sub_blocks(file: BinaryIO) -> None:
    while size := file.read(1):
        if size == b"\x00":
            return
        file.read(size[0])


def _iterate_riff(file: BinaryIO, offset: int, end: int, max_frames: int) -> Iterator[_RiffChunk]:
    """Yield the chunks, stopping after one frame above the limit, or after many chunks of another kind."""
    frames = others = 0
    while offset + 8 <= end and frames <= max_frames and others <= _MAX_CHUNKS:
        name, size = struct.unpack("<4sI", read_at(file, offset, 8))
        frames, others = frames + (name == b"ANMF"), others + (name != b"ANMF")
        yield _RiffChunk(
            name=name, offset=offset + 8, size=min(size, end - offset - 8), is_whole=offset + 8 + size <= end
        )
        offset += 8 + size + size % 2


def _read_picture_size(file: BinaryIO, chunk: _RiffChunk) -> tuple[int, int]:
    """Return the size that the bitstream gives; for a frame of an animation also where it ends."""
    if chunk.name == b"ANMF":
        box = read_at(file, chunk.offset, 16).ljust(16, b"\x00")
        left, top, width, height = (int.from_bytes(box[i : i + 3], "little") for i in (0, 3, 6, 9))
        inner = list(_iterate_riff(file, chunk.offset + 16, chunk.offset + chunk.size, 10))
        sizes = [_read_picture_size(file, each) for each in inner if each.name in _WEBP_PICTURES]
        return max([2 * left + width + 1, *(each[0] for each in sizes)]), max(
            [2 * top + height + 1, *(each[1] for each in sizes)]
        )
    head = read_at(file, chunk.offset, 10).ljust(10, b"\x00")
    if chunk.name == b"VP8L":
        bits = int.from_bytes(head[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return int.from_bytes(head[6:8], "little") & 0x3FFF, int.from_bytes(head[8:10], "little") & 0x3FFF


def _select_webp_chunks(chunks: list[_RiffChunk], first: _RiffChunk, canvas: bytes) -> list[Part]:
    """Return the first frame and the metadata in the order of the specification."""
    whole = {chunk.name: chunk for chunk in reversed(chunks) if chunk.is_whole}
    if not canvas:
        return first.parts
    flags = canvas[0] if first.name == b"ANMF" else canvas[0] & ~_WEBP_ANIMATION_FLAG
    parts: list[Part] = [b"VP8X" + struct.pack("<IB", 10, flags) + canvas[1:]]
    if b"ICCP" in whole:
        parts += whole[b"ICCP"].parts
    if first.name == b"ANMF":
        parts += whole[b"ANIM"].parts if b"ANIM" in whole else [b"ANIM" + struct.pack("<I", 6) + bytes(6)]
    elif b"ALPH" in whole:
        parts += whole[b"ALPH"].parts
    parts += first.parts
    for name in (b"EXIF", b"XMP "):
        if name in whole:
            parts += whole[name].parts
    return parts
