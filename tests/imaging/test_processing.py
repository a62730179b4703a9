"""Ratings of how much a picture was processed: copies made by programs rank behind the file of the camera."""

import io
from typing import Any

import pytest
from PIL import ExifTags, Image

from collections_app.imaging import Limits, estimate_processing, inspect_picture
from tests.duplicate_pictures import draw
from tests.imaging.test_raw_previews import make_jpeg, make_raw

LIMITS = Limits(max_bytes=10**8, max_pixels=10**8, max_frames=10)
_Base = ExifTags.Base
CAMERA: dict[int, str] = {_Base.Make: "Nikon", _Base.Model: "D70", _Base.Software: "Ver.1.01"}


def write(file_format: str = "JPEG", *, tags: dict[int, str] | None = None, **options: Any) -> bytes:
    exif = Image.Exif()
    exif.update(tags or {})
    if tags:
        # Pillow writes no directory of the camera into a TIFF.
        directory = exif if file_format == "TIFF" else exif.get_ifd(ExifTags.IFD.Exif)
        directory[_Base.DateTimeOriginal] = "2013:05:06 07:08:09"
    file = io.BytesIO()
    draw().save(file, file_format, exif=exif, **options)
    return file.getvalue()


def rate(content: bytes) -> int:
    return inspect_picture(io.BytesIO(content), LIMITS).processing


# From the least processed to the most.
FILES = {
    "a camera's file": write(tags=CAMERA, quality=85),
    "the same without loss, from an editor": write("TIFF", tags=CAMERA | {_Base.Software: "GIMP 2.10"}),
    "a camera's file, saved by an editor": write(tags=CAMERA | {_Base.Software: "Adobe Photoshop 25"}, quality=98),
    "a drawing or a screenshot": write("PNG"),
    "a file from a messenger": write(quality=98),
    "a strongly compressed one": write(tags=CAMERA, quality=40),
}


def test_files_are_rated_in_this_order() -> None:
    ratings = {name: rate(content) for name, content in FILES.items()}
    assert sorted(ratings, key=lambda name: ratings[name]) == list(FILES)
    assert len(set(ratings.values())) == len(FILES)


def test_raw_file_is_rated_best() -> None:
    assert rate(make_raw(make_jpeg(1200, 900))) == 0


def test_high_quality_tells_nothing() -> None:
    assert rate(write(quality=80)) == rate(write(quality=100))


@pytest.mark.parametrize("tags", [{_Base.Make: "Nikon"}, {_Base.Software: "Ver.1.01"}])
def test_camera_needs_a_name(tags: dict[int, str]) -> None:
    assert (rate(write(tags=tags)) < rate(write())) is (_Base.Make in tags)


def test_pictures_without_a_rating_are_estimated_in_the_same_order() -> None:
    estimates = [
        estimate_processing("NEF raw", has_taken_time=False),
        estimate_processing("TIFF", has_taken_time=True),
        estimate_processing("JPEG", has_taken_time=True),
        estimate_processing("PNG", has_taken_time=False),
        estimate_processing("JPEG", has_taken_time=False),
    ]
    assert estimates == sorted(set(estimates))
    assert estimates[3:] == [rate(write("PNG")), rate(write())]
