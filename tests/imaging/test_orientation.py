"""All eight EXIF orientations, in every format that carries them."""

from datetime import datetime, timedelta, timezone

import pytest
from PIL import ExifTags, Image

from collections_app.imaging import inspect_picture, open_picture

from .pictures import BLUE, GREEN, LIMITS, PALE, RED, all_close, corner_colours, draw_corners, sample, write

# The inverse of each orientation, applied to the upright picture before it is stored.
STORED = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.mark.parametrize("max_edge_px", [None, 200, 32])
@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("orientation", STORED)
def test_pictures_are_shown_upright(name: str, orientation: int, max_edge_px: int | None) -> None:
    upright = draw_corners(256, 192)
    turn = STORED[orientation]
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    file = write(upright if turn is None else upright.transpose(turn), name, exif=exif, quality=95)
    info = inspect_picture(file, LIMITS)
    picture = open_picture(file, max_edge_px=max_edge_px)
    assert (info.width, info.height) == (256, 192)
    assert picture.size == {None: (256, 192), 200: (200, 150), 32: (32, 24)}[max_edge_px]
    assert all_close(corner_colours(picture), [RED, GREEN, BLUE, PALE], 14)
    assert not picture.getexif()


def test_heic_is_rotated_once_by_its_container_and_not_by_exif() -> None:
    info = inspect_picture(sample("corners.heic"), LIMITS)
    assert (info.width, info.height) == (64, 48)
    assert info.taken_at == datetime(2024, 5, 6, 7, 8, 9, tzinfo=timezone(timedelta(hours=2)))


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_unknown_orientation_is_ignored(value: int) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = value
    file = write(draw_corners(), "JPEG", exif=exif)
    assert inspect_picture(file, LIMITS).width == 64
    assert open_picture(file).size == (64, 48)
