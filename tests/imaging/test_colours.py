"""Every mode is decoded to the colour that a person expects."""

import io
import struct
import zlib
from array import array
from typing import Any

import pytest
from PIL import Image, ImageCms

from collections_app.imaging import inspect_picture, open_picture

from .bombs import png
from .pictures import LIMITS, Colour, colour_at, draw_corners, is_close, write


def shown(file: io.BytesIO, max_edge_px: int | None = None) -> Colour:
    """Return the colour in the middle of an accepted picture."""
    inspect_picture(file, LIMITS)
    picture = open_picture(file, max_edge_px=max_edge_px)
    assert picture.mode == "RGB"
    return colour_at(picture, (picture.width // 2, picture.height // 2))


def plain(mode: str, colour: float | tuple[int, ...]) -> Image.Image:
    return Image.new(mode, (40, 20), colour)


@pytest.mark.parametrize("max_edge_px", [None, 10])
@pytest.mark.parametrize(
    ("mode", "colour", "name", "expected"),
    [
        ("1", 1, "PNG", (255, 255, 255)),
        ("L", 100, "PNG", (100, 100, 100)),
        ("L", 100, "JPEG", (100, 100, 100)),
        ("LA", (100, 128), "PNG", (177, 177, 177)),
        ("LA", (100, 255), "TIFF", (100, 100, 100)),
        ("RGBA", (200, 0, 0, 0), "PNG", (255, 255, 255)),
        ("RGBA", (200, 0, 0, 128), "WEBP", (227, 127, 127)),
        ("RGBA", (200, 0, 0, 255), "AVIF", (200, 0, 0)),
        ("CMYK", (0, 200, 200, 10), "JPEG", (245, 53, 53)),
        ("CMYK", (0, 200, 200, 10), "TIFF", (245, 53, 53)),
        ("YCbCr", (100, 100, 200), "TIFF", (201, 58, 50)),
        ("LAB", (138, 209, 198), "TIFF", (251, 5, 4)),
        ("I;16", 30000, "PNG", (117, 117, 117)),
        ("I;16", 65535, "TIFF", (255, 255, 255)),
        ("I", 30000, "TIFF", (117, 117, 117)),
        ("I", 200, "TIFF", (200, 200, 200)),
        ("F", 0.5, "TIFF", (128, 128, 128)),
        ("F", 100.0, "TIFF", (100, 100, 100)),
    ],
)
def test_every_mode_keeps_its_colours(
    mode: str, colour: float | tuple[int, ...], name: str, expected: Colour, max_edge_px: int | None
) -> None:
    options: dict[str, Any] = (
        {"lossless": True} if name == "WEBP" else {"quality": 100} if name in ("AVIF", "JPEG") else {}
    )
    assert is_close(shown(write(plain(mode, colour), name, **options), max_edge_px), expected, 3)


def test_deep_gray_is_scaled_without_clipping() -> None:
    picture = Image.frombytes("I;16", (256, 1), array("H", range(0, 65536, 256)).tobytes())
    grays = list(open_picture(write(picture, "PNG")).tobytes()[::3])
    assert grays == sorted(grays)
    assert (grays[0], grays[-1], len(set(grays)) > 250) == (0, 254, True)


def test_16_bit_rgb_png_is_scaled() -> None:
    assert is_close(shown(_png_of_16_bit_rgb((60000, 30000, 1000))), (233, 117, 4), 2)


def test_values_of_an_unknown_range_are_scaled() -> None:
    picture = Image.new("F", (40, 20), -1000.0)
    picture.paste(3000.0, (20, 0, 40, 20))
    picture = open_picture(write(picture, "TIFF"))
    assert (colour_at(picture, (5, 5)), colour_at(picture, (35, 5))) == ((0, 0, 0), (255, 255, 255))


@pytest.mark.parametrize(("value", "grey"), [("nan", 0), ("-inf", 0), ("inf", 255)])
def test_unusable_numbers_are_shown_black_or_white(value: str, grey: int) -> None:
    assert shown(write(plain("F", float(value)), "TIFF")) == (grey,) * 3


@pytest.mark.parametrize("name", ["PNG", "GIF"])
def test_a_transparent_palette_entry_shows_white(name: str) -> None:
    picture = Image.new("P", (40, 20), 1)
    picture.putpalette([255, 0, 0, 0, 0, 255])
    assert is_close(shown(write(picture, name)), (0, 0, 255))
    assert is_close(shown(write(picture, name, transparency=1)), (255, 255, 255))


def test_a_transparent_colour_of_an_rgb_png_shows_white() -> None:
    assert shown(write(plain("RGB", (1, 2, 3)), "PNG", transparency=(1, 2, 3))) == (255, 255, 255)


def test_transparency_does_not_bleed_dark_when_shrinking() -> None:
    picture = Image.new("RGBA", (200, 200), (0, 0, 0, 0))
    picture.paste((255, 255, 255, 255), (0, 0, 101, 200))
    extrema = open_picture(write(picture, "PNG"), max_edge_px=50).getextrema()
    assert extrema == ((255, 255),) * 3


@pytest.mark.parametrize("max_edge_px", [None, 10])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_colour_profile_is_applied(mode: str, max_edge_px: int | None) -> None:
    file = write(plain("RGB", (255, 0, 0)).convert(mode), "PNG", icc_profile=_profile_with_red_and_green_swapped())
    assert is_close(shown(file, max_edge_px), (0, 255, 0), 3)


def test_a_colour_profile_is_applied_to_a_palette() -> None:
    profile = _profile_with_red_and_green_swapped()
    assert is_close(shown(write(plain("RGB", (255, 0, 0)).quantize(4), "PNG", icc_profile=profile)), (0, 255, 0), 3)


def test_an_srgb_profile_changes_nothing() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert is_close(shown(write(plain("RGB", (200, 100, 50)), "PNG", icc_profile=profile)), (200, 100, 50), 1)


def test_a_profile_for_another_kind_of_pixels_is_ignored() -> None:
    profile = _profile_with_red_and_green_swapped()
    assert is_close(shown(write(plain("CMYK", (0, 200, 200, 10)), "JPEG", icc_profile=profile)), (245, 53, 53), 3)


def test_only_the_first_frame_is_shown() -> None:
    file = write(plain("RGB", (200, 0, 0)), "GIF", save_all=True, append_images=[plain("RGB", (0, 0, 200))])
    assert is_close(shown(file), (200, 0, 0))


def test_picture_is_usable_after_its_file_is_closed() -> None:
    file = write(draw_corners(), "TIFF")
    picture = open_picture(file)
    file.close()
    assert len(picture.tobytes()) == 64 * 48 * 3


def _profile_with_red_and_green_swapped() -> bytes:
    """Return the sRGB profile with red and green exchanged in its table of tags."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile.replace(b"rXYZ", b"----").replace(b"gXYZ", b"rXYZ").replace(b"----", b"gXYZ")


def _png_of_16_bit_rgb(colour: Colour) -> io.BytesIO:
    row = b"\x00" + struct.pack(">HHH", *colour) * 8
    return io.BytesIO(png(8, 8, 16, zlib.compress(row * 8), colour_type=2))
