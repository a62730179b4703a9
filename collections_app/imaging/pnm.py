"""The PNM family (PBM, PGM, PPM, PAM, PFM), read with numpy.

Pillow reads neither PAM nor PFM in colour, and takes a microsecond for each pixel of 16 bits.
Formats: netpbm's manual pages pbm(5), pgm(5), ppm(5), pam(5) and pfm(5).
"""

import math
import re
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .errors import build_unsupported_error
from .file_parts import measure_file, read_at
from .scan import Scan

_HEADER_BYTES = 65_536
_TOKEN = re.compile(rb"(?:\s|#[^\r\n]*[\r\n])*([^\s#]+)")
_PAM_LINE = re.compile(rb"[ \t]*(?:#[^\n]*|(WIDTH|HEIGHT|DEPTH|MAXVAL|TUPLTYPE)[ \t]+([^\n]+)|(ENDHDR))?[ \t\r]*\n")
_CHANNELS = {b"1": 1, b"2": 1, b"3": 3, b"4": 1, b"5": 1, b"6": 3, b"f": 1, b"F": 3}
_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
# While the samples are converted: as read, as whole numbers, and scaled.
_BYTES_PER_SAMPLE = 14
# Numbers written as text are split in Python.
_MAX_TEXT_BYTES = 64 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class _Header:
    """`kind` is the character after the P. `scale` is the largest value; negative for little-endian PFM."""

    kind: bytes
    width: int
    height: int
    channels: int
    scale: float
    start: int

    @property
    def samples(self) -> int:
        return self.width * self.height * self.channels


def scan_pnm(file: BinaryIO, max_frames: int) -> Scan:
    """Raises ValueError on a damaged header."""
    header = _read_header(file)
    text_bytes = 60 * min(measure_file(file), _MAX_TEXT_BYTES) if header.kind in b"123" else 0
    return Scan(
        file=file,
        width=header.width,
        height=header.height,
        codec_bytes=header.samples * _BYTES_PER_SAMPLE + text_bytes,
    )


def decode_pnm(file: BinaryIO) -> Image.Image:
    """Return the picture in 8 bits a channel. Raises EOFError if pixels are missing, ValueError on damaged ones."""
    header = _read_header(file)
    if header.kind in b"123":
        levels = _scale(_read_text_samples(file, header), header.scale)
    elif header.kind == b"4":
        levels = _read_bits(file, header)
    elif header.kind in b"fF":
        levels = _read_floats(file, header)
    else:
        levels = _scale(_read_numbers(file, header, ">u2" if header.scale > 255 else "u1"), header.scale)
    if header.kind == b"1":
        levels = np.asarray(255 - levels, dtype=np.uint8)
    pixels = levels.reshape(header.height, header.width, header.channels)
    return Image.fromarray(pixels[:, :, 0] if header.channels == 1 else pixels, _MODES[header.channels])


def _read_header(file: BinaryIO) -> _Header:
    head = read_at(file, 0, _HEADER_BYTES)
    kind = head[1:2]
    if kind == b"7":
        return _read_pam_header(head)
    tokens, position = [], 2
    for _ in range(2 if kind in b"14" else 3):
        found = _TOKEN.match(head, position)
        if not found:
            raise ValueError("the header of a PNM is damaged")
        tokens.append(found[1])
        position = found.end()
    scale = float(tokens[2]) if len(tokens) == 3 else 1.0
    return _check_header(
        _Header(
            kind=kind,
            width=int(tokens[0]),
            height=int(tokens[1]),
            channels=_CHANNELS[kind],
            scale=scale,
            start=position + 1,
        )
    )


def _read_pam_header(head: bytes) -> _Header:
    values: dict[bytes, bytes] = {}
    position = 3
    while found := _PAM_LINE.match(head, position):
        position = found.end()
        if found[3]:
            break
        if found[1]:
            values[found[1]] = found[2].strip()
    width, height, channels, scale = (int(values.get(key, b"0")) for key in (b"WIDTH", b"HEIGHT", b"DEPTH", b"MAXVAL"))
    if channels > 4:
        raise build_unsupported_error("PAM")
    return _check_header(_Header(kind=b"7", width=width, height=height, channels=channels, scale=scale, start=position))


def _check_header(header: _Header) -> _Header:
    is_scale_valid = math.isfinite(header.scale) and header.scale != 0
    if header.kind not in b"fF":
        is_scale_valid = 1 <= header.scale <= 65_535
    if header.width <= 0 or header.height <= 0 or header.channels <= 0 or not is_scale_valid:
        raise ValueError("the header of a PNM is damaged")
    return header


def _read_numbers(file: BinaryIO, header: _Header, kind: str) -> NDArray[Any]:
    size = header.samples * np.dtype(kind).itemsize
    data = read_at(file, header.start, size)
    if len(data) < size:
        raise EOFError("a PNM is truncated")
    return np.frombuffer(data, kind)


def _read_text_samples(file: BinaryIO, header: _Header) -> NDArray[Any]:
    if measure_file(file) > _MAX_TEXT_BYTES:
        raise build_unsupported_error("PNM")
    text = re.sub(rb"#[^\r\n]*", b"", read_at(file, header.start - 1, _MAX_TEXT_BYTES))
    if header.kind == b"1":
        digits = np.frombuffer(re.sub(rb"\s+", b"", text), np.uint8)[: header.samples] - ord("0")
    else:
        digits = np.array(text.split()[: header.samples], dtype=np.int64)
    if len(digits) < header.samples:
        raise EOFError("a PNM is truncated")
    if digits.min() < 0 or digits.max() > header.scale:
        raise ValueError("a value in a PNM is too large")
    return digits


def _scale(values: NDArray[Any], scale: float) -> NDArray[np.uint8]:
    if scale == 255:
        return values.astype(np.uint8)
    scaled: NDArray[np.uint8] = (np.minimum(values, scale) * np.float32(255 / scale) + np.float32(0.5)).astype(np.uint8)
    return scaled


def _read_bits(file: BinaryIO, header: _Header) -> NDArray[np.uint8]:
    row_bytes = (header.width + 7) // 8
    data = read_at(file, header.start, row_bytes * header.height)
    if len(data) < row_bytes * header.height:
        raise EOFError("a PBM is truncated")
    rows = np.unpackbits(np.frombuffer(data, np.uint8).reshape(header.height, row_bytes), axis=1)
    return np.ascontiguousarray((1 - rows[:, : header.width]) * np.uint8(255))


def _read_floats(file: BinaryIO, header: _Header) -> NDArray[np.uint8]:
    """Values from 0 to 1, the last row first. Lighter ones are cut off, as in a photograph."""
    values = _read_numbers(file, header, "<f4" if header.scale < 0 else ">f4")
    rows = np.nan_to_num(values.reshape(header.height, -1)[::-1], nan=0.0, posinf=1.0, neginf=0.0)
    levels: NDArray[np.uint8] = (np.clip(rows, 0, 1) * np.float32(255) + np.float32(0.5)).astype(np.uint8)
    return np.ascontiguousarray(levels)
