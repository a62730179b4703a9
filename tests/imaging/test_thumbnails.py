"""The small pictures, and that their size is known beforehand."""

import io
import random

import pytest
from PIL import ExifTags, Image

from collections_app.imaging import THUMBNAIL_CONTENT_TYPE, make_thumbnail, open_picture, thumbnail_size

from .pictures import LIMITS, draw_corners, write

SIZES = [(1, 1), (1, 5000), (5000, 1), (640, 480), (320, 320), (321, 320), (3000, 2001), (4032, 3024), (7, 999)]


def size_of(thumbnail: bytes) -> tuple[int, int]:
    return Image.open(io.BytesIO(thumbnail)).size


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("edge_px", [1, 64, 320])
def test_the_size_is_the_one_announced(size: tuple[int, int], edge_px: int) -> None:
    assert size_of(make_thumbnail(Image.new("RGB", size), edge_px=edge_px)) == thumbnail_size(*size, edge_px)


@pytest.mark.parametrize("size", [(3000, 2001), (1333, 1999), (4000, 1), (2999, 2)])
def test_a_thumbnail_of_a_reduced_picture_has_the_size_of_the_original_s(size: tuple[int, int]) -> None:
    reduced = open_picture(write(Image.new("RGB", size), "PNG"), max_edge_px=1023)
    thumbnail = make_thumbnail(reduced, edge_px=480, full_size=size)
    assert size_of(thumbnail) == thumbnail_size(*size, 480)


@pytest.mark.parametrize("name", ["JPEG", "PNG"])
def test_open_picture_gives_the_announced_size_too(name: str) -> None:
    source = random.Random(1)
    for _ in range(20):
        size = source.randint(1, 900), source.randint(1, 900)
        picture = open_picture(write(Image.new("RGB", size), name), max_edge_px=100)
        assert picture.size == thumbnail_size(*size, 100)


def test_the_long_edge_is_kept_to_and_nothing_is_enlarged() -> None:
    assert thumbnail_size(4000, 3000, 320) == (320, 240)
    assert thumbnail_size(3000, 4000, 320) == (240, 320)
    assert thumbnail_size(100, 50, 320) == (100, 50)
    assert thumbnail_size(100_000_000, 1, 320) == (320, 1)


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


def test_making_a_thumbnail_leaves_the_picture_as_it_was() -> None:
    picture = draw_corners()
    before = picture.tobytes()
    make_thumbnail(picture, edge_px=16)
    assert (picture.size, picture.tobytes()) == ((64, 48), before)


def test_a_thumbnail_of_another_mode_is_made_as_well() -> None:
    assert size_of(make_thumbnail(Image.new("RGBA", (64, 48)), edge_px=32)) == (32, 24)


def test_a_line_of_the_most_pixels_is_reduced_in_little_memory() -> None:
    assert size_of(make_thumbnail(Image.new("RGB", (LIMITS.max_pixels // 10, 1)), edge_px=320)) == (320, 1)
