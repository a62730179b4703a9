"""The accepted formats, recognised by content alone."""

import io
import struct

import pytest

from collections_app.errors import InvalidImage
from collections_app.imaging import FORMATS_BY_WORD, SHOWN_BY_BROWSERS, inspect_picture, open_picture

from .other_formats import OTHER_FORMATS
from .pictures import (
    ALL_FORMATS,
    BLUE,
    GREEN,
    LIMITS,
    PALE,
    RED,
    all_close,
    colour_at,
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
        b"8BPS\x00\x02" + bytes(40),
        b"icns" + bytes(40),
        b"\x76\x2f\x31\x01" + bytes(40),
        b"\xff\x0a" + bytes(40),
        b"\x00\x00\x00\x18ftypcrx " + bytes(40),
        b"FUJIFILMCCD-RAW" + bytes(40),
        b"MM\x00\x2b\x00\x08\x00\x00" + bytes(40),
        b"\x00\x00\x00\x10ftypmif3heic\x00\x00\x00\x10mini" + bytes(8),
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
        b"<!doctype html><body><svg></svg></body>",
        b"\x00\x00\x00\x14ftypM4A " + bytes(40),
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


@pytest.mark.parametrize("name", OTHER_FORMATS)
def test_every_other_format_is_recognised_and_keeps_its_colours(name: str) -> None:
    file = io.BytesIO(OTHER_FORMATS[name])
    info = inspect_picture(file, LIMITS)
    assert (info.format, info.width, info.height, info.frames) == (name.split()[0], 64, 48, 1)
    assert all_close(corner_colours(open_picture(file)), [RED, GREEN, BLUE, PALE], 16)


@pytest.mark.parametrize("name", OTHER_FORMATS)
def test_half_of_a_file_is_refused(name: str) -> None:
    data = OTHER_FORMATS[name]
    with pytest.raises(InvalidImage) as caught:
        inspect_picture(io.BytesIO(data[: len(data) // 2]), LIMITS)
    assert caught.value.code in {"truncated", "damaged"}


def test_gray_and_black_and_white_files_of_the_pnm_family_are_read() -> None:
    for name, mode in (("PPM", "1"), ("PPM", "L"), ("PPM", "I;16")):
        gray = draw_corners().convert("L")
        picture = gray.point(lambda level: 257 * level, "I").convert("I;16") if mode == "I;16" else gray.convert(mode)
        expected = picture.convert("RGB") if mode != "I;16" else gray.convert("RGB")
        assert open_picture(write(picture, name)).tobytes() == expected.tobytes()
    assert colour_at(open_picture(io.BytesIO(b"P1\n# a comment\n2 1\n1 0\n")), (0, 0)) == (0, 0, 0)
    assert colour_at(open_picture(io.BytesIO(b"P2 2 1 4\n0 4")), (1, 0)) == (255, 255, 255)


@pytest.mark.parametrize("name", ["TGA", "BMP", "ICO", "TIFF"])
def test_a_fourth_channel_of_zeros_counts_as_unused(name: str) -> None:
    picture = draw_corners()
    picture.putalpha(0)
    options = {"bitmap_format": "bmp", "sizes": [(64, 48)]} if name == "ICO" else {}
    assert all_close(corner_colours(open_picture(write(picture, name, **options))), [RED, GREEN, BLUE, PALE])


def test_unsupported_kind_of_an_accepted_format_is_not_called_damaged() -> None:
    twelve_bits = corners_file("JPEG").getvalue().replace(b"\xff\xc0\x00\x11\x08", b"\xff\xc0\x00\x11\x0c")
    tiff = write(draw_corners(), "TIFF").getvalue()
    compression = struct.pack("<HHLL", 259, 3, 1, 1)
    deep_psd = OTHER_FORMATS["PSD"][:22] + b"\x00\x10" + OTHER_FORMATS["PSD"][24:]
    for data in (twelve_bits, tiff.replace(compression, struct.pack("<HHLL", 259, 3, 1, 34712)), deep_psd):
        with pytest.raises(InvalidImage) as caught:
            inspect_picture(io.BytesIO(data), LIMITS)
        assert caught.value.code == "unsupported"
        assert "Save it as JPEG or PNG" in str(caught.value)


def test_only_formats_that_browsers_show_are_served_as_they_are() -> None:
    assert {"JPEG", "PNG", "GIF", "WEBP", "AVIF", "BMP", "ICO"} == SHOWN_BY_BROWSERS
    assert {"NEF raw", "DNG raw", "CR3 raw"} <= set(FORMATS_BY_WORD["raw"])
    assert FORMATS_BY_WORD["nef"] == ("NEF raw",)
