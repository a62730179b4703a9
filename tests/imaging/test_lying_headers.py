"""Files whose container declares a small picture, and whose bitstream holds a large one."""

import dataclasses
import io
import struct
from contextlib import suppress

import pytest

from collections_app.errors import InvalidImage
from collections_app.imaging import Limits, inspect_picture, open_picture

from .pictures import LIMITS, corners_file, draw_corners, sample, write

SMALL_LIMITS = dataclasses.replace(
    LIMITS, **{field.name: 2000 for field in dataclasses.fields(LIMITS) if field.name.endswith("pixels")}
)


def _declare_extents(data: bytes, width: int, height: int) -> bytes:
    changed, start = bytearray(data), data.find(b"ispe")
    while start >= 0:
        changed[start + 8 : start + 16] = struct.pack(">II", width, height)
        start = data.find(b"ispe", start + 4)
    return bytes(changed)


def _animate(name: str, width: int, height: int) -> bytes:
    picture = draw_corners(width, height)
    return write(picture, name, save_all=True, append_images=[picture.rotate(180)]).getvalue()


def _webp_with_canvas(width: int, height: int) -> bytes:
    frame = write(draw_corners(), "WEBP", lossless=True).getvalue()[12:]
    canvas = bytes(4) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<I", 10) + canvas + frame
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _icon() -> bytes:
    data = bytearray(write(draw_corners(), "ICO", sizes=[(64, 48)]).getvalue())
    data[6:8] = bytes([16, 16])
    return bytes(data)


def _jpeg2000() -> bytes:
    data = bytearray(write(draw_corners(), "JPEG2000").getvalue())
    start = data.index(b"ihdr") + 4
    data[start : start + 8] = struct.pack(">II", 16, 16)
    return bytes(data)


def _jpeg_with_two_frame_headers() -> bytes:
    data = corners_file("JPEG").getvalue()
    start = data.index(b"\xff\xc0")
    header = bytearray(data[start : start + 19])
    header[5:9] = struct.pack(">HH", 16, 16)
    return data[:start] + data[start : start + 19] + bytes(header) + data[start + 19 :]


LIARS = {
    "AVIF": _declare_extents(write(draw_corners(), "AVIF").getvalue(), 16, 16),
    "animated AVIF": _declare_extents(_animate("AVIF", 64, 48), 16, 16),
    "HEIC": _declare_extents(sample("corners.heic").getvalue(), 16, 16),
    "WebP": _webp_with_canvas(16, 16),
    "ICO": _icon(),
    "JPEG 2000": _jpeg2000(),
    "JPEG": _jpeg_with_two_frame_headers(),
}


@pytest.mark.parametrize("name", LIARS)
def test_the_size_in_the_bitstream_counts(name: str) -> None:
    with pytest.raises(InvalidImage) as caught:
        inspect_picture(io.BytesIO(LIARS[name]), SMALL_LIMITS)
    assert caught.value.code == "too_many_pixels"


@pytest.mark.parametrize("name", LIARS)
def test_a_file_that_lies_within_the_limits_is_shown_or_refused(name: str) -> None:
    file = io.BytesIO(LIARS[name])
    with suppress(InvalidImage):
        info = inspect_picture(file, LIMITS)
        assert open_picture(file).size == (info.width, info.height)


def test_an_honest_file_is_accepted_at_the_limit() -> None:
    limits = Limits(max_bytes=10**6, max_pixels=64 * 64, max_frames=5)
    for data in (_animate("WEBP", 64, 48), write(draw_corners(), "AVIF").getvalue(), sample("corners.heic").getvalue()):
        assert inspect_picture(io.BytesIO(data), limits).width == 64


def _avif_with_aperture(width: int, height: int, left: int, top: int) -> bytes:
    """Return the AVIF of `draw_corners` with a `clap` property for a part of it (ISO/IEC 14496-12, 12.1.4)."""
    data = bytearray(write(draw_corners(), "AVIF", quality=95, subsampling="4:4:4").getvalue())
    across, down = 2 * left + width - 64, 2 * top + height - 48
    clap = struct.pack(">I4sIIIIiIiI", 40, b"clap", width, 1, height, 1, across, 2, down, 2)
    properties = data.index(b"ipco") - 4
    end = properties + int.from_bytes(data[properties : properties + 4], "big")
    count = _count_boxes(data, properties + 8, end)
    associations = data.index(b"ipma")
    entry = associations + 4 + 4 + 4 + 2
    insert = entry + 1 + data[entry]
    data[entry] += 1
    data[insert:insert] = bytes([0x80 | (count + 1)])
    data[end:end] = clap
    for name, growth in ((b"ipma", 1), (b"ipco", 40), (b"iprp", 41), (b"meta", 41)):
        start = data.index(name) - 4
        data[start : start + 4] = struct.pack(">I", int.from_bytes(data[start : start + 4], "big") + growth)
    place = data.index(b"iloc")
    offset = data.index(struct.pack(">I", data.index(b"mdat") + 4 - 41), place)
    data[offset : offset + 4] = struct.pack(">I", data.index(b"mdat") + 4)
    return bytes(data)


def _count_boxes(data: bytearray, start: int, end: int) -> int:
    count = 0
    while start < end:
        start += int.from_bytes(data[start : start + 4], "big")
        count += 1
    return count


def test_the_clean_aperture_of_an_avif_is_applied() -> None:
    file = io.BytesIO(_avif_with_aperture(32, 24, 32, 0))
    info = inspect_picture(file, LIMITS)
    picture = open_picture(file)
    assert (info.width, info.height) == picture.size == (32, 24)
    assert abs(picture.getpixel((16, 12))[1] - 160) < 12  # type: ignore[index]


def test_a_clean_aperture_outside_the_picture_is_ignored() -> None:
    assert inspect_picture(io.BytesIO(_avif_with_aperture(32, 24, 50, 0)), LIMITS).width == 64
