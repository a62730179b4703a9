"""Broken and hostile files: any bytes give a picture or InvalidImage."""

import io
import struct
import zlib
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from collections_app.errors import InvalidImage
from collections_app.imaging import Limits, inspect_picture, open_picture

from .bombs import png
from .pictures import (
    ALL_FORMATS,
    BLUE,
    GREEN,
    LIMITS,
    PALE,
    RED,
    all_close,
    corner_colours,
    corners_file,
    draw_corners,
    sample,
    write,
)

SMALL_LIMITS = Limits(max_bytes=100_000, max_pixels=1_000_000, max_frames=20)
ORIGINALS = {name: corners_file(name).getvalue() for name in ALL_FORMATS}
ORIGINALS["TIFF LZW"] = write(draw_corners(), "TIFF", compression="tiff_lzw").getvalue()
ORIGINALS["JPEG progressive"] = write(draw_corners(), "JPEG", progressive=True).getvalue()
ORIGINALS["two HEIF"] = sample("two.heic").getvalue()


def refusal_code(data: bytes) -> str:
    """Return the code of the refusal; empty if the file is accepted."""
    try:
        inspect_picture(io.BytesIO(data), LIMITS)
    except InvalidImage as error:
        return error.code
    return ""


@pytest.mark.parametrize("name", ORIGINALS)
def test_truncated_file_is_refused_unless_every_pixel_is_there(name: str) -> None:
    whole = ORIGINALS[name]
    expected = open_picture(io.BytesIO(whole)).tobytes()
    refusals = 0
    for cut in sorted({1, 2, 8, 12, 30, *range(0, len(whole), max(1, len(whole) // 40)), len(whole) - 1}):
        code = refusal_code(whole[:cut])
        assert code in {"", "empty", "not_a_picture", "truncated", "damaged"}
        assert code or open_picture(io.BytesIO(whole[:cut])).tobytes() == expected
        refusals += bool(code)
    assert refusals >= 30


@pytest.mark.parametrize("name", ["JPEG", "PNG", "GIF", "BMP", "TIFF"])
def test_truncated_picture_is_reported_as_incomplete(name: str) -> None:
    with pytest.raises(InvalidImage) as caught:
        inspect_picture(io.BytesIO(ORIGINALS[name][: len(ORIGINALS[name]) * 3 // 5]), LIMITS)
    assert caught.value.code == "truncated"
    assert "Upload it again" in str(caught.value)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    name=st.sampled_from(sorted(ORIGINALS)),
    changes=st.lists(st.tuples(st.integers(0, 2000), st.binary(min_size=1, max_size=4)), min_size=1, max_size=6),
    cut=st.integers(0, 300),
)
def test_mutated_bytes_raise_only_invalid_image(name: str, changes: list[tuple[int, bytes]], cut: int) -> None:
    data = bytearray(ORIGINALS[name])
    for position, value in changes:
        data[position % len(data) : position % len(data) + len(value)] = value
    file = io.BytesIO(data[: len(data) - cut])
    with suppress(InvalidImage):
        info = inspect_picture(file, SMALL_LIMITS)
        assert open_picture(file).size == (info.width, info.height)
        assert max(open_picture(file, max_edge_px=16).size) <= 16


@pytest.mark.parametrize("word", [b"\xff\xfe\xfd\xfc", b"E\x80if"])
def test_heic_that_would_crash_the_process_is_refused(word: bytes) -> None:
    data = ORIGINALS["HEIF"]
    with pytest.raises(InvalidImage) as caught:
        inspect_picture(io.BytesIO(data.replace(b"Exif", word, 1)), LIMITS)
    assert caught.value.code == "damaged"


def test_a_jpeg_that_would_decode_for_hours_is_refused() -> None:
    data = ORIGINALS["JPEG progressive"]
    scan = data[data.rindex(b"\xff\xda") : -2]
    inspect_picture(io.BytesIO(data[:-2] + 20 * scan + data[-2:]), LIMITS)
    with pytest.raises(InvalidImage) as caught:
        inspect_picture(io.BytesIO(data[:-2] + 100 * scan + data[-2:]), LIMITS)
    assert caught.value.code == "damaged"


def test_data_after_the_end_of_a_jpeg_does_not_count_as_scans() -> None:
    video_of_a_motion_photo = b"\xff\xda\x00\x02" * 1000
    assert inspect_picture(io.BytesIO(ORIGINALS["JPEG"] + video_of_a_motion_photo), LIMITS).format == "JPEG"


def test_a_broken_colour_profile_is_ignored() -> None:
    for profile in (b"no profile", bytes(200), b"\x00\x00\x02\x00" * 64):
        file = write(draw_corners(), "PNG", icc_profile=profile)
        inspect_picture(file, LIMITS)
        assert open_picture(file).tobytes() == draw_corners().tobytes()


@pytest.mark.parametrize("name", [b"zTXt", b"iCCP", b"tEXt", b"iTXt", b"gAMA", b"pHYs", b"tRNS", b"eXIf", b"prVt"])
def test_png_is_read_without_metadata_that_cannot_be_read(name: bytes) -> None:
    bodies = [b"key\x00\x00" + zlib.compress(bytes(50_000_000)), b"key\x00\x00" + zlib.compress(bytes(2_000_000)), b""]
    good_checksums = [struct.pack(">I", zlib.crc32(name + body)) for body in bodies]
    data = ORIGINALS["PNG"]
    for body, checksum in [*zip(bodies, good_checksums, strict=True), (b"key\x00text", b"\xde\xad\xbe\xef")]:
        chunk = struct.pack(">I", len(body)) + name + body + checksum
        file = io.BytesIO(data[:33] + chunk + data[33:])
        assert inspect_picture(file, LIMITS).format == "PNG"
        assert open_picture(file).tobytes() == draw_corners().tobytes()


def photo(**options: Any) -> bytes:
    """Return a JPEG whose data are spread evenly over the picture."""
    picture = Image.merge("RGB", [Image.effect_noise((320, 240), 40 + 10 * index) for index in range(3)])
    return write(picture.resize((640, 480)), "JPEG", **options).getvalue()


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_rows": 1}, {"subsampling": 0}])
def test_jpeg_a_few_bytes_short_is_accepted_and_a_cut_one_is_refused(options: dict[str, Any]) -> None:
    data = photo(**options)
    for missing in (1, 2, 4, 6):
        file = io.BytesIO(data[:-missing])
        assert inspect_picture(file, LIMITS).width == 640
        assert open_picture(file).size == (640, 480)
    for share in (2, 3, 5, 10, 20):
        assert refusal_code(data[: len(data) - len(data) // share]) == "truncated"


def test_progressive_jpeg_without_its_last_scans_is_refused() -> None:
    data = photo(progressive=True)
    last_scan = data.rindex(b"\xff\xda")
    assert refusal_code(data[:last_scan]) == "truncated"


def test_jpeg_with_short_metadata_segments_is_accepted() -> None:
    data = ORIGINALS["JPEG"]
    for segment in (b"\xff\xe0\x00\x07JFIF\x00", b"\xff\xee\x00\x07Adobe", b"\xff\xe1\x00\x08Exif\x00\x00"):
        assert refusal_code(data[:2] + segment + data[2:]) == ""


def test_damaged_png_is_refused_although_reading_its_metadata_decodes_it() -> None:
    noise = write(Image.effect_noise((300, 300), 50), "PNG").getvalue()
    start = noise.index(b"IDAT") + len(noise) // 2
    assert refusal_code(noise[:start] + bytes(40) + noise[start + 40 :]) == "damaged"


@pytest.mark.parametrize("rows", [0, 1, 47])
def test_png_whose_rows_end_early_is_refused(rows: int) -> None:
    assert refusal_code(png(64, 48, 8, zlib.compress(bytes(65 * rows)))) == "truncated"
    assert refusal_code(png(64, 48, 8, zlib.compress(bytes(65 * 48)))) == ""


def test_png_without_its_end_is_accepted() -> None:
    data = ORIGINALS["PNG"]
    for missing in (4, 12, 14):
        assert open_picture(io.BytesIO(data[:-missing])).tobytes() == draw_corners().tobytes()
        assert refusal_code(data[:-missing]) == ""


@pytest.mark.parametrize("name", ["GIF", "WEBP", "TIFF", "PNG"])
def test_animation_is_accepted_if_its_first_frame_is_whole(name: str) -> None:
    frames = [draw_corners().rotate(90 * turn) for turn in (1, 2)]
    data = write(draw_corners(), name, save_all=True, append_images=frames).getvalue()
    file = io.BytesIO(data[: len(data) * 9 // 10])
    assert inspect_picture(file, LIMITS).width == 64
    assert all_close(corner_colours(open_picture(file)), [RED, GREEN, BLUE, PALE], 16)


@pytest.mark.parametrize("name", ALL_FORMATS)
def test_data_after_the_end_is_ignored(name: str) -> None:
    data = ORIGINALS[name]
    expected = open_picture(io.BytesIO(data)).tobytes()
    assert refusal_code(data + b"garbage" * 100) == ""
    assert open_picture(io.BytesIO(data + b"garbage" * 100)).tobytes() == expected


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_broken_metadata_never_refuses_a_picture(name: str) -> None:
    for metadata in (
        b"Exif\x00\x00MM\x00\x2a\xff\xff\xff\xff",
        b"Exif\x00\x00",
        b"Exif\x00\x00II\x2a\x00\x08\x00\x00\x00",
    ):
        options: dict[str, Any] = {} if name == "TIFF" else {"exif": metadata}
        file = write(draw_corners(), name, icc_profile=b"broken" * 50, **options)
        assert inspect_picture(file, LIMITS).width == 64
        assert all_close(corner_colours(open_picture(file)), [RED, GREEN, BLUE, PALE], 30)


def test_disk_error_is_not_an_image_error() -> None:
    class FailingDisk(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() > 100:
                raise OSError(5, "Input/output error")
            return super().read(size)

    with pytest.raises(OSError, match="Input/output"):
        inspect_picture(FailingDisk(write(Image.effect_noise((300, 300), 50), "PNG").getvalue()), LIMITS)
