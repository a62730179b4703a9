"""The date when a picture was taken."""

import io
from datetime import datetime, timedelta, timezone

import pytest
from PIL import ExifTags, Image, TiffImagePlugin

from collections_app.imaging import inspect_picture
from collections_app.imaging.metadata import Metadata, find_camera

from .pictures import LIMITS, draw_corners, write


def make_file_taken_at(moment: str | bytes, offset: str | None = None, name: str = "JPEG") -> io.BytesIO:
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Camera"
    details = exif.get_ifd(ExifTags.IFD.Exif)
    details[ExifTags.Base.DateTimeOriginal] = moment
    if offset is not None:
        details[ExifTags.Base.OffsetTimeOriginal] = offset
    return write(draw_corners(), name, exif=exif)


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_the_date_is_read_from_every_format_that_carries_exif(name: str) -> None:
    file = make_file_taken_at("2021:02:03 04:05:06", "-05:30", name)
    zone = timezone(-timedelta(hours=5, minutes=30))
    assert inspect_picture(file, LIMITS).taken_at == datetime(2021, 2, 3, 4, 5, 6, tzinfo=zone)


def test_the_date_is_read_from_a_tiff() -> None:
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[ExifTags.IFD.Exif] = {ExifTags.Base.DateTimeOriginal: "2021:02:03 04:05:06"}
    file = write(draw_corners(), "TIFF", tiffinfo=tags)
    assert inspect_picture(file, LIMITS).taken_at == datetime(2021, 2, 3, 4, 5, 6)


@pytest.mark.parametrize("offset", [None, "", "   :  ", "+99:00", "nonsense"])
def test_date_without_a_usable_offset_is_naive(offset: str | None) -> None:
    taken_at = inspect_picture(make_file_taken_at("2021:02:03 04:05:06", offset), LIMITS).taken_at
    assert taken_at == datetime(2021, 2, 3, 4, 5, 6)
    assert taken_at is not None
    assert taken_at.tzinfo is None


@pytest.mark.parametrize(
    "moment",
    [
        "0000:00:00 00:00:00",
        "0001:01:01 00:00:00",
        "2021:13:01 00:00:00",
        "    :  :     :  :  ",
        "",
        "yesterday",
        b"\xff\x00",
    ],
)
def test_invalid_date_is_ignored(moment: str | bytes) -> None:
    assert inspect_picture(make_file_taken_at(moment), LIMITS).taken_at is None


def test_a_picture_without_exif_has_no_date() -> None:
    assert inspect_picture(write(draw_corners(), "PNG"), LIMITS).taken_at is None


def test_broken_exif_does_not_refuse_a_picture() -> None:
    file = write(draw_corners(), "JPEG", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\x7f garbage")
    assert inspect_picture(file, LIMITS).taken_at is None


@pytest.mark.parametrize(
    ("make", "model", "named"),
    [
        ("Canon", "Canon EOS 90D", "Canon EOS 90D"),
        ("NIKON CORPORATION", "NIKON D750", "NIKON D750"),
        ("samsung", "SM-G991B", "samsung SM-G991B"),
        ("Canon", None, "Canon"),
        (None, "Pixel 7\0", "Pixel 7"),
        (None, None, ""),
        ("A\x1b[31m\n b", "c" * 200, f"A [31m b {'c' * 91}"),
        (b"\xff", b"", "\N{REPLACEMENT CHARACTER}"),
    ],
)
def test_camera_is_named_once(make: str | bytes | None, model: str | bytes | None, named: str) -> None:
    metadata = Metadata(main={ExifTags.Base.Make: make, ExifTags.Base.Model: model})
    assert find_camera(metadata) == named


def test_camera_is_read_from_the_file() -> None:
    assert inspect_picture(make_file_taken_at("2021:02:03 04:05:06"), LIMITS).camera == "Camera"
