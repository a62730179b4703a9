"""The segments of a JPEG file (ITU-T T.81, annex B), read block by block before a decoder opens it."""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import JpegImagePlugin

from .errors import build_unsupported_error
from .file_parts import Part, join_parts, measure_file, read_at
from .memory_budget import MAX_BYTES
from .scan import Scan, compute_raster_bytes

_Levels = NDArray[np.uint8]
END_MARKER = b"\xff\xd9"
# Encoders write about 10 scans. Each one costs 0.07 s for 100 megapixels and takes 23 bytes of a file: without a limit
# a file of one megabyte could decode for most of an hour.
_MAX_SCANS = 100
_MAX_SEGMENTS = 20_000
_BLOCK_BYTES = 262_144
# In the data of a scan 0xFF is followed by 0x00 or a restart marker; anything else begins the next segment.
_MARKER = re.compile(rb"\xff([^\x00\x01\xd0-\xd8\xff])")
_RESTART = re.compile(rb"\xff[\xd0-\xd7]")
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
_FRAMES = (0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF)
_DECODABLE_FRAMES, _PROGRESSIVE_FRAMES = (0xC0, 0xC1, 0xC2, 0xC9, 0xCA), (0xC2, 0xCA)
# Pillow reads fields of these segments without looking at their length.
_CHECKED_SEGMENTS = ((0xE0, b"JFIF"), (0xEE, b"Adobe"))
_COEFFICIENT_BYTES = 2
# The part of the picture that may be missing at the end of a file without an end marker: one hundredth, or two blocks.
_MISSING_SHARE, _MISSING_BLOCKS = 100, 2
_FILLERS, _FILLER_BYTES = 3, 4096
# check_open_end needs memory for the pixels of a JPEG so many times.
_CHECK_RASTERS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class _Segment:
    marker: int
    offset: int
    size: int

    @property
    def end(self) -> int:
        return self.offset + self.size


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frame:
    """A frame header. `samples` are those of all components, in pixels of the whole picture."""

    marker: int
    precision: int
    width: int
    height: int
    components: int
    samples: int


def scan_jpeg(file: BinaryIO, max_frames: int) -> Scan:
    """Raises ValueError on a damaged file or one that would decode for hours, InvalidImage on an unsupported kind."""
    frames: list[_Frame] = []
    left_out: list[_Segment] = []
    scans: list[bytes] = []
    is_open_ended = True
    for segment in _iterate_segments(file):
        if segment.marker == _END_OF_IMAGE:
            is_open_ended = False
        elif segment.marker in _FRAMES:
            frames.append(_read_frame(file, segment))
        elif segment.marker == _START_OF_SCAN:
            scans.append(read_at(file, segment.offset + 4, segment.size - 4))
        elif _is_too_short(file, segment):
            left_out.append(segment)
    if not frames or not scans:
        raise EOFError("a JPEG without pixels is truncated")
    largest = max(frames, key=lambda frame: frame.width * frame.height)
    has_separate_scans = any(scan[:1] != bytes([frames[0].components]) for scan in scans)
    is_buffered = largest.marker in _PROGRESSIVE_FRAMES or has_separate_scans
    if is_open_ended and not _is_complete(scans, frames[0].components):
        raise EOFError("scans of a JPEG are truncated")
    return Scan(
        file=join_parts(file, [*_leave_out(left_out, measure_file(file)), END_MARKER]),
        width=largest.width,
        height=largest.height,
        codec_bytes=largest.samples * _COEFFICIENT_BYTES * is_buffered + 64 * largest.width,
        is_open_ended=is_open_ended,
    )


def check_open_end(scan: Scan) -> None:
    """Raise EOFError if more than the last hundredth of the picture is missing in a JPEG without an end marker.

    The decoder fills missing blocks without an error. So the file is decoded with several fillers after its end: blocks
    that differ are missing. A JPEG of several scans is compared in full size, because a later scan may only add
    details; any other at an eighth, one pixel for each block.
    """
    is_simple = _is_simple(scan)
    if compute_check_bytes(scan) > MAX_BYTES:
        raise EOFError("a large JPEG is truncated")
    expected = _decode_with_filler(scan.file, b"", is_simple)
    allowed = max(_MISSING_BLOCKS * (1 if is_simple else 64), expected.shape[0] * expected.shape[1] // _MISSING_SHARE)
    generator = np.random.default_rng(0)
    for _ in range(_FILLERS):
        filler = generator.integers(0, 255, _FILLER_BYTES, dtype=np.uint8).tobytes()
        other = _decode_with_filler(scan.file, filler, is_simple)
        if _count_missing(expected, other, 2 if is_simple else 16) > allowed:
            raise EOFError("a JPEG is truncated")


def compute_check_bytes(scan: Scan) -> int:
    """Return the memory that check_open_end takes; 0 if the file has its end."""
    if not scan.is_open_ended:
        return 0
    divisor = 8 if _is_simple(scan) else 1
    return scan.codec_bytes + _CHECK_RASTERS * compute_raster_bytes(
        scan.width // divisor + 1, scan.height // divisor + 1
    )


def _is_simple(scan: Scan) -> bool:
    """Return whether the decoder holds no coefficients of the whole picture, as with one scan."""
    return scan.codec_bytes < scan.width * scan.height


def measure_jpeg(file: BinaryIO, offset: int) -> tuple[int, int] | None:
    """Return the size of the JPEG that begins at a place of a file; None if nothing decodable begins there."""
    for count, segment in enumerate(_iterate_segments(file, offset)):
        if segment.marker in _FRAMES:
            frame = _read_frame_or_none(file, segment)
            is_usable = frame and frame.marker in _DECODABLE_FRAMES and frame.precision == 8
            return (frame.width, frame.height) if frame and is_usable else None
        if count > 100 or segment.marker in (_START_OF_SCAN, _END_OF_IMAGE):
            return None
    return None


def _iterate_segments(file: BinaryIO, start: int = 0) -> Iterator[_Segment]:
    """Yield the segments of the first picture, from the marker to the end of the segment's own length."""
    position, scans = start + 2, 0
    for _ in range(_MAX_SEGMENTS):
        found = _find_marker(file, position)
        if found is None:
            return
        marker, offset = found
        scans += marker == _START_OF_SCAN
        if scans > _MAX_SCANS:
            raise ValueError("too many scans in a JPEG")
        length = max(2, int.from_bytes(read_at(file, offset + 2, 2), "big"))
        yield _Segment(marker=marker, offset=offset, size=2 if marker == _END_OF_IMAGE else length + 2)
        if marker == _END_OF_IMAGE:
            return
        position = offset + 2 + length
    raise ValueError("too many segments in a JPEG")


def _find_marker(file: BinaryIO, position: int) -> tuple[int, int] | None:
    """Return the next marker and its place."""
    size = 4096
    while block := read_at(file, position, size):
        if found := _MARKER.search(block):
            return found[1][0], position + found.start()
        if len(block) < size:
            return None
        position, size = position + size - 1, _BLOCK_BYTES
    return None


def _read_frame(file: BinaryIO, segment: _Segment) -> _Frame:
    frame = _read_frame_or_none(file, segment)
    if frame is None:
        raise EOFError("the header of a JPEG is truncated")
    if segment.marker not in _DECODABLE_FRAMES or frame.precision != 8 or not frame.height:
        raise build_unsupported_error("JPEG")
    return frame


def _read_frame_or_none(file: BinaryIO, segment: _Segment) -> _Frame | None:
    body = read_at(file, segment.offset + 4, segment.size - 4)
    if len(body) < 6 or len(body) < 6 + 3 * body[5] or not body[5]:
        return None
    precision, height, width, count = struct.unpack(">BHHB", body[:6])
    factors = [divmod(body[7 + 3 * index], 16) for index in range(count)]
    largest = max(1, max(across for across, _ in factors)) * max(1, max(down for _, down in factors))
    padded = (width + 32) * (height + 32)
    return _Frame(
        marker=segment.marker,
        precision=precision,
        width=width,
        height=height,
        components=count,
        samples=sum(-(-padded * across * down // largest) for across, down in factors),
    )


def _is_complete(scans: list[bytes], components: int) -> bool:
    """Return whether the scans together give every bit of every coefficient (annex G)."""
    missing_bits: dict[int, bytearray] = {}
    for scan in scans:
        count = scan[0] if scan else 0
        if len(scan) < 4 + 2 * count:
            return False
        start, end, bits = scan[1 + 2 * count : 4 + 2 * count]
        for component in scan[1 : 1 + 2 * count : 2]:
            levels = missing_bits.setdefault(component, bytearray(b"\xff" * 64))
            levels[start : end + 1] = bytes([bits & 15]) * len(levels[start : end + 1])
    return len(missing_bits) >= components and not any(map(any, missing_bits.values()))


def _is_too_short(file: BinaryIO, segment: _Segment) -> bool:
    return segment.size < 16 and any(
        segment.marker == marker and read_at(file, segment.offset + 4, len(word)) == word
        for marker, word in _CHECKED_SEGMENTS
    )


def _leave_out(segments: list[_Segment], size: int) -> Iterator[Part]:
    start = 0
    for segment in segments:
        yield start, segment.offset - start
        start = segment.end
    yield start, size - start


def _decode_with_filler(file: BinaryIO, filler: bytes, is_simple: bool) -> _Levels:
    """Decode with these bytes after the end; a JPEG of one scan at an eighth of its size."""
    end = measure_file(file) - len(END_MARKER)
    if read_at(file, end - 1, 1) == b"\xff":  # half of a marker
        end -= 1
    # The decoder skips everything up to the next restart marker, so the filler has them too.
    restarts = _RESTART.findall(read_at(file, max(0, end - 4 * _BLOCK_BYTES), min(end, 4 * _BLOCK_BYTES)))
    following = [b"\xff" + bytes([0xD0 | restarts[-1][1] + step & 7]) + filler for step in range(1, 9) if restarts]
    whole = join_parts(file, [(0, end), filler, *(following if filler else ()), END_MARKER])
    image = JpegImagePlugin.JpegImageFile(whole, "")
    if is_simple:
        image.draft(None, (1, 1))
    pixels = np.asarray(image)
    return pixels if pixels.ndim == 3 else pixels[:, :, None]


def _count_missing(left: _Levels, right: _Levels, band: int) -> int:
    """Return the number of pixels from the first block that differs to the end. Blocks have `band` by `band` pixels."""
    height, width = left.shape[:2]
    for top in range(0, height, band):
        differs = (left[top : top + band] != right[top : top + band]).any(axis=(0, 2))
        if differs.any():
            missing: int = (height - top) * width - int(differs.argmax()) * min(band, height - top)
            return missing
    return 0
