"""Broken and hostile files: any bytes give a picture or InvalidImage."""

import io
import struct
import zlib
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from collections_app.errors import InvalidImage
from collections_app.imaging import Limits, inspect_picture, open_picture

from .pictures import ALL_FORMATS, LIMITS, corners_file, draw_corners, sample, write

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


def test_disk_error_is_not_an_image_error() -> None:
    class FailingDisk(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() > 100:
                raise OSError(5, "Input/output error")
            return super().read(size)

    with pytest.raises(OSError, match="Input/output"):
        inspect_picture(FailingDisk(write(Image.effect_noise((300, 300), 50), "PNG").getvalue()), LIMITS)
