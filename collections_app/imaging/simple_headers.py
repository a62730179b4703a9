"""The sizes in the headers of formats whose readers in Pillow need no more than a check of the size."""

import struct
from typing import BinaryIO

from .errors import build_unsupported_error
from .file_parts import find_all, measure_file, read_at, read_exactly
from .scan import Scan

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_MAX_ICONS = 1000
# Pillow decodes these in Python: about a microsecond for each pixel.
MAX_SLOW_PIXELS = 16_000_000
_PSD_MODES = {(0, 1), (0, 8), (1, 8), (2, 8), (3, 8), (4, 8), (7, 8), (8, 8), (9, 8)}
_DDS_FOURCC_FLAG, _DDS_LUMINANCE_FLAG = 0x4, 0x20000
_BMP_RLE = (1, 2)
# openjpeg holds samples of 4 bytes, and a little more while it transforms them.
_JPEG2000_BYTES_PER_SAMPLE = 6


def scan_bmp(file: BinaryIO, max_frames: int) -> Scan:
    head = read_at(file, 0, 34).ljust(34, b"\x00")
    if int.from_bytes(head[14:18], "little") == 12:
        width, height = struct.unpack("<HH", head[18:22])
        return Scan(file=file, width=width, height=height)
    width, height = (abs(each) for each in struct.unpack("<ii", head[18:26]))
    is_packed = int.from_bytes(head[30:34], "little") in _BMP_RLE
    return Scan(file=file, width=width, height=height, codec_bytes=3 * width * height * is_packed)


def scan_tga(file: BinaryIO, max_frames: int) -> Scan:
    width, height = struct.unpack("<HH", read_at(file, 12, 4))
    return Scan(file=file, width=width, height=height)


def scan_pcx(file: BinaryIO, max_frames: int) -> Scan:
    file.seek(4)
    left, top, right, bottom = struct.unpack("<HHHH", read_exactly(file, 8))
    width, height = right - left + 1, bottom - top + 1
    if width <= 0 or height <= 0:
        raise ValueError("a PCX without pixels")
    return Scan(file=file, width=width, height=height, codec_bytes=16 * width)


def scan_psd(file: BinaryIO, max_frames: int) -> Scan:
    file.seek(4)
    version, height, width, depth, mode = struct.unpack(">H8xIIHH", read_exactly(file, 22))
    if version != 1 or (mode, depth) not in _PSD_MODES:
        raise build_unsupported_error("PSD")
    return Scan(file=file, width=width, height=height, codec_bytes=16 * height + measure_file(file))


def scan_qoi(file: BinaryIO, max_frames: int) -> Scan:
    file.seek(4)
    width, height = struct.unpack(">II", read_exactly(file, 8))
    return Scan(file=file, width=width, height=height, codec_bytes=8 * width * height)


def scan_dds(file: BinaryIO, max_frames: int) -> Scan:
    file.seek(12)
    height, width = struct.unpack("<II", read_exactly(file, 8))
    return Scan(file=file, width=width, height=height, codec_bytes=8 * width * height * is_slow_dds(file))


def is_slow_dds(file: BinaryIO) -> bool:
    """Return whether the pixels have a layout that Pillow decodes in Python."""
    (flags,) = struct.unpack("<I", read_at(file, 80, 4).ljust(4, b"\x00"))
    return not flags & (_DDS_FOURCC_FLAG | _DDS_LUMINANCE_FLAG)


def scan_icon(file: BinaryIO, max_frames: int) -> Scan:
    """Return the largest size that an entry's own header gives, which may differ from the directory's."""
    (count,) = struct.unpack("<H", read_at(file, 4, 2).ljust(2, b"\x00"))
    if not 0 < count <= _MAX_ICONS:
        raise ValueError("an icon file without icons, or with too many")
    directory = read_at(file, 6, 16 * count)
    sizes = [
        _read_icon_size(file, int.from_bytes(directory[start + 12 : start + 16], "little"))
        for start in range(0, len(directory), 16)
    ]
    width, height = max(sizes, key=lambda size: size[0] * size[1])
    return Scan(file=file, width=width, height=height, codec_bytes=12 * width * height)


def _read_icon_size(file: BinaryIO, offset: int) -> tuple[int, int]:
    head = read_at(file, offset, 24).ljust(24, b"\x00")
    if head.startswith(_PNG_SIGNATURE):
        width, height = struct.unpack(">II", head[16:24])
    else:
        width, height = (abs(each) for each in struct.unpack("<ii", head[4:12]))
    return width, height


def scan_jpeg2000(file: BinaryIO, max_frames: int) -> Scan:
    """Read the size of the codestream (ISO/IEC 15444-1, A.5.1), and the header of the box format if there is one."""
    sizes, codec_bytes = [], 0
    for offset in find_all(file, b"\xff\x4f\xff\x51"):
        fields = read_at(file, offset + 8, 36)
        if len(fields) == 36:
            right, bottom, left, top, tile_width, tile_height = struct.unpack(">IIIIII", fields[:24])
            (components,) = struct.unpack(">H", fields[32:34])
            width, height = max(0, right - left), max(0, bottom - top)
            samples = min(width, tile_width) * min(height, tile_height) * max(1, components)
            sizes.append((width, height))
            codec_bytes = max(codec_bytes, samples * _JPEG2000_BYTES_PER_SAMPLE)
    if not sizes:
        raise EOFError("a JPEG 2000 picture without a codestream is truncated")
    for offset in find_all(file, b"ihdr"):
        height, width = struct.unpack(">II", read_at(file, offset + 4, 8).ljust(8, b"\x00"))
        sizes.append((width, height))
        break
    width, height = sizes[0]
    return Scan(file=file, width=width, height=height, other_sizes=tuple(sizes), codec_bytes=codec_bytes)
