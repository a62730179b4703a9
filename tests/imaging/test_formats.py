"""The accepted formats, recognised by content alone."""

import io

import pytest

from collections_app.errors import InvalidImage
from collections_app.imaging import inspect_picture, open_picture

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


@pytest.mark.parametrize("name", ALL_FORMATS)
def test_every_accepted_format_is_recognised_and_keeps_its_colours(name: str) -> None:
    file = corners_file(name)
    info = inspect_picture(file, LIMITS)
    assert (info.format, info.width, info.height, info.frames) == (name, 64, 48, 1)
    assert info.content_type.startswith("image/")
    assert info.extension.startswith(".")
    assert file.tell() == 0
    picture = open_picture(file)
    assert (picture.mode, picture.size, picture.info, file.tell()) == ("RGB", (64, 48), {}, 0)
    assert all_close(corner_colours(picture), [RED, GREEN, BLUE, PALE], 16)


def test_mpo_counts_as_a_jpeg_with_one_frame() -> None:
    info = inspect_picture(write(draw_corners(), "MPO", save_all=True, append_images=[draw_corners()]), LIMITS)
    assert (info.format, info.extension, info.frames) == ("JPEG", ".jpg", 1)


@pytest.mark.parametrize("name", ["PNG", "WEBP", "GIF", "AVIF", "TIFF"])
def test_frames_are_counted(name: str) -> None:
    turned = draw_corners().rotate(180)
    info = inspect_picture(write(draw_corners(), name, save_all=True, append_images=[turned, draw_corners()]), LIMITS)
    assert info.frames == 3


def test_pictures_in_a_heic_are_counted_as_frames() -> None:
    assert inspect_picture(sample("two.heic"), LIMITS).frames == 2


def test_avif_with_the_generic_brand_is_recognised() -> None:
    data = corners_file("AVIF").getvalue()
    assert inspect_picture(io.BytesIO(data[:8] + b"mif1" + data[12:]), LIMITS).format == "AVIF"


REFUSED = {
    "svg": [
        b'<?xml version="1.0"?>\n<!-- a drawing -->\n<svg xmlns="http://www.w3.org/2000/svg"></svg>',
        b"\xef\xbb\xbf  <svg/>",
        "<svg></svg>".encode("utf-16"),
    ],
    "unsupported": [
        b"8BPS\x00\x01" + bytes(40),
        b"\x00\x00\x01\x00\x01\x00" + bytes(40),
        b"\x00\x00\x00\x0cjP  \r\n\x87\n" + bytes(40),
        b"\xff\x0a" + bytes(40),
        b"\x00\x00\x00\x18ftypcrx " + bytes(40),
    ],
    "not_a_picture": [
        b"%PDF-1.7\n",
        b"\x00\x00\x00\x18ftypisom" + bytes(40),
        b"\x1aE\xdf\xa3" + bytes(40),
        b"PK\x03\x04" + bytes(40),
        b"BMW is a car.",
        b"just words",
        b"\x00",
        b"<html><body>no svg here</body></html>",
    ],
}


@pytest.mark.parametrize(("code", "data"), [(code, data) for code, files in REFUSED.items() for data in files])
def test_unaccepted_file_is_refused_in_a_sentence(code: str, data: bytes) -> None:
    file = io.BytesIO(data)
    with pytest.raises(InvalidImage) as caught:
        inspect_picture(file, LIMITS)
    assert caught.value.code == code
    assert str(caught.value).endswith(".")
    assert file.tell() == 0
    with pytest.raises(InvalidImage):
        open_picture(file)


def test_tga_is_refused_because_it_has_no_signature() -> None:
    with pytest.raises(InvalidImage, match="isn't a picture"):
        inspect_picture(write(draw_corners(), "TGA"), LIMITS)
