"""The limits of bytes, pixels and frames, checked in this order."""

import dataclasses
import io

import pytest

from collections_app.errors import InvalidImage
from collections_app.imaging import Limits, inspect_picture

from .pictures import LIMITS, corners_file, draw_corners, sample, write


def refusal(file: io.BytesIO, limits: Limits) -> InvalidImage:
    with pytest.raises(InvalidImage) as caught:
        inspect_picture(file, limits)
    return caught.value


def test_an_empty_file_is_refused() -> None:
    assert refusal(io.BytesIO(), LIMITS).code == "empty"


def test_too_many_bytes_are_refused_with_both_numbers() -> None:
    error = refusal(io.BytesIO(bytes(3 * 1024 * 1024)), dataclasses.replace(LIMITS, max_bytes=2 * 1024 * 1024))
    assert (error.code, str(error)) == ("too_large", "This file is 3 MB. The limit is 2 MB.")


def test_too_many_pixels_are_refused_with_both_numbers() -> None:
    error = refusal(write(draw_corners(1001, 1000), "PNG"), dataclasses.replace(LIMITS, max_pixels=1_000_000))
    assert error.code == "too_many_pixels"
    assert str(error).startswith("This picture has 1.01 megapixels. The limit is 1.")


def test_large_sizes_are_reported_in_whole_megapixels() -> None:
    data = bytearray(corners_file("BMP").getvalue())
    data[18:26] = (12_000).to_bytes(4, "little") + (10_000).to_bytes(4, "little")
    assert str(refusal(io.BytesIO(data), LIMITS)).startswith("This picture has 120 megapixels. The limit is 100.")


@pytest.mark.parametrize("name", ["PNG", "WEBP", "GIF", "AVIF", "TIFF"])
def test_too_many_frames_are_refused(name: str) -> None:
    frames = [draw_corners(64 + 2 * i, 48) if name == "TIFF" else draw_corners().rotate(i) for i in range(1, 5)]
    file = write(draw_corners(), name, save_all=True, append_images=frames)
    assert inspect_picture(file, dataclasses.replace(LIMITS, max_frames=5)).frames == 5
    error = refusal(file, dataclasses.replace(LIMITS, max_frames=4))
    assert error.code == "too_many_frames"
    assert str(error) == "This picture has too many frames or pages. The limit is 4."


def test_too_many_pictures_in_a_heic_are_refused() -> None:
    assert refusal(sample("two.heic"), dataclasses.replace(LIMITS, max_frames=1)).code == "too_many_frames"


def test_limits_are_checked_in_their_order() -> None:
    file = write(draw_corners(), "GIF", save_all=True, append_images=[draw_corners().rotate(90)])
    limits = Limits(max_bytes=10, max_pixels=10, max_frames=1)
    assert refusal(file, limits).code == "too_large"
    limits = dataclasses.replace(limits, max_bytes=10_000)
    assert refusal(file, limits).code == "too_many_pixels"
    limits = dataclasses.replace(limits, max_pixels=10_000)
    assert refusal(file, limits).code == "too_many_frames"


def test_a_picture_at_the_limits_is_accepted() -> None:
    file = corners_file("PNG")
    info = inspect_picture(file, Limits(max_bytes=len(file.getvalue()), max_pixels=64 * 48, max_frames=1))
    assert (info.width, info.height, info.frames) == (64, 48, 1)
