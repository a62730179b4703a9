"""Thumbnails, whose size is known before they exist, and contact sheets."""

import io
import random

import pytest
from PIL import ExifTags, Image

from collections_app.imaging import (
    THUMBNAIL_CONTENT_TYPE,
    compute_thumbnail_size,
    draw_contact_sheet,
    make_thumbnail,
    open_picture,
)

from .pictures import LIMITS, colour_at, draw_corners, write

SIZES = [(1, 1), (1, 5000), (5000, 1), (640, 480), (320, 320), (321, 320), (3000, 2001), (4032, 3024), (7, 999)]


def size_of(thumbnail: bytes) -> tuple[int, int]:
    return Image.open(io.BytesIO(thumbnail)).size


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("edge_px", [1, 64, 320])
def test_thumbnail_has_the_predicted_size(size: tuple[int, int], edge_px: int) -> None:
    assert size_of(make_thumbnail(Image.new("RGB", size), edge_px=edge_px)) == compute_thumbnail_size(*size, edge_px)


@pytest.mark.parametrize("size", [(3000, 2001), (1333, 1999), (4000, 1), (2999, 2)])
def test_thumbnail_of_a_reduced_picture_has_the_same_size(size: tuple[int, int]) -> None:
    reduced = open_picture(write(Image.new("RGB", size), "PNG"), max_edge_px=1023)
    thumbnail = make_thumbnail(reduced, edge_px=480, full_size=size)
    assert size_of(thumbnail) == compute_thumbnail_size(*size, 480)


@pytest.mark.parametrize("name", ["JPEG", "PNG"])
def test_open_picture_returns_the_predicted_size(name: str) -> None:
    source = random.Random(1)
    for _ in range(20):
        size = source.randint(1, 900), source.randint(1, 900)
        picture = open_picture(write(Image.new("RGB", size), name), max_edge_px=100)
        assert picture.size == compute_thumbnail_size(*size, 100)


def test_long_edge_is_limited_and_nothing_is_enlarged() -> None:
    assert compute_thumbnail_size(4000, 3000, 320) == (320, 240)
    assert compute_thumbnail_size(3000, 4000, 320) == (240, 320)
    assert compute_thumbnail_size(100, 50, 320) == (100, 50)
    assert compute_thumbnail_size(100_000_000, 1, 320) == (320, 1)


def test_a_thumbnail_is_a_jpeg_without_metadata() -> None:
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (52.0, 31.0, 0.0)
    exif[ExifTags.Base.Artist] = "SECRET"
    original = Image.open(write(draw_corners(), "JPEG", exif=exif, comment=b"SECRET", icc_profile=bytes(300)))
    thumbnail = make_thumbnail(original, edge_px=32)
    clean = Image.open(io.BytesIO(thumbnail))
    assert Image.MIME[clean.format or ""] == THUMBNAIL_CONTENT_TYPE
    assert not clean.getexif()
    assert set(clean.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert b"SECRET" not in thumbnail
    assert b"Exif" not in thumbnail


def test_making_a_thumbnail_does_not_change_the_picture() -> None:
    picture = draw_corners()
    before = picture.tobytes()
    make_thumbnail(picture, edge_px=16)
    assert (picture.size, picture.tobytes()) == ((64, 48), before)


def test_other_modes_get_a_thumbnail() -> None:
    assert size_of(make_thumbnail(Image.new("RGBA", (64, 48)), edge_px=32)) == (32, 24)


def test_extremely_wide_picture_is_reduced_in_little_memory() -> None:
    assert size_of(make_thumbnail(Image.new("RGB", (LIMITS.max_pixels // 10, 1)), edge_px=320)) == (320, 1)


def test_contact_sheet_has_rows_of_five() -> None:
    colours = [(200, 40 * i, 0) for i in range(6)]
    sheet = draw_contact_sheet(Image.new("RGB", (30, 20), colour) for colour in colours)
    assert (sheet.size, sheet.mode) == ((750, 300), "RGB")
    assert [colour_at(sheet, (75 + 150 * i, 75)) for i in range(5)] == colours[:5]
    assert colour_at(sheet, (75, 225)) == colours[5]
    assert colour_at(sheet, (225, 225)) == (255, 255, 255)


def test_contact_sheet_of_one_picture_has_one_row() -> None:
    assert draw_contact_sheet([Image.new("RGB", (9, 9))]).size == (750, 150)


def test_contact_sheet_crops_and_does_not_distort() -> None:
    picture = Image.new("RGB", (400, 100), "red")
    picture.paste("blue", (175, 25, 225, 75))
    sheet = draw_contact_sheet([picture], columns=1, cell_px=100)
    assert [colour_at(sheet, point) for point in ((50, 50), (50, 10), (10, 50))] == [
        (0, 0, 255),
        (255, 0, 0),
        (255, 0, 0),
    ]


def test_contact_sheet_without_pictures_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one picture"):
        draw_contact_sheet([])
