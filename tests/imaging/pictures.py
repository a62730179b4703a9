"""Pictures for the tests, drawn here and written with Pillow, which cannot write HEIC: such files are in samples/."""

import io
from pathlib import Path
from typing import Any

from PIL import Image

from collections_app.imaging import Limits

LIMITS = Limits(max_bytes=50 * 1024 * 1024, max_pixels=100_000_000, max_frames=1000)
SAMPLES = Path(__file__).parent / "samples"
WRITABLE = ("JPEG", "PNG", "WEBP", "GIF", "AVIF", "BMP", "TIFF")
ALL_FORMATS = (*WRITABLE, "HEIF")
RED, GREEN, BLUE, PALE = (220, 30, 30), (30, 160, 60), (40, 60, 200), (240, 240, 240)

Colour = tuple[int, int, int]


def draw_corners(width: int = 64, height: int = 48) -> Image.Image:
    """Return a picture: top left red, top right green, bottom left blue, bottom right pale."""
    picture = Image.new("RGB", (width, height), PALE)
    picture.paste(RED, (0, 0, width // 2, height // 2))
    picture.paste(GREEN, (width // 2, 0, width, height // 2))
    picture.paste(BLUE, (0, height // 2, width // 2, height))
    return picture


def write(picture: Image.Image, name: str, **options: Any) -> io.BytesIO:
    file = io.BytesIO()
    picture.save(file, name, **options)
    file.seek(0)
    return file


def sample(name: str) -> io.BytesIO:
    return io.BytesIO((SAMPLES / name).read_bytes())


def corners_file(name: str) -> io.BytesIO:
    """Return the picture of `draw_corners` in any accepted format, nearly lossless."""
    if name == "HEIF":
        return sample("corners.heic")
    options: dict[str, dict[str, Any]] = {
        "JPEG": {"quality": 95, "subsampling": 0},
        "WEBP": {"lossless": True},
        "AVIF": {"quality": 95},
    }
    return write(draw_corners(), name, **options.get(name, {}))


def corner_colours(picture: Image.Image) -> list[Colour]:
    """Return the colours near the corners: top left, top right, bottom left, bottom right."""
    right, bottom = picture.width - 5, picture.height - 5
    return [colour_at(picture, point) for point in ((4, 4), (right, 4), (4, bottom), (right, bottom))]


def colour_at(picture: Image.Image, point: tuple[int, int]) -> Colour:
    colour = picture.getpixel(point)
    assert isinstance(colour, tuple)
    red, green, blue = colour
    return int(red), int(green), int(blue)


def is_close(left: Colour, right: Colour, tolerance: int = 8) -> bool:
    return all(abs(a - b) <= tolerance for a, b in zip(left, right, strict=True))


def all_close(left: list[Colour], right: list[Colour], tolerance: int = 8) -> bool:
    return all(is_close(a, b, tolerance) for a, b in zip(left, right, strict=True))
