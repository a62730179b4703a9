"""A small corpus: every format and mode, whole, cut and with changed bytes, against a strict decode by Pillow."""

import io
import random
import warnings
from typing import Any

import pytest
from PIL import Image

from collections_app.errors import InvalidImage
from collections_app.imaging import inspect_picture, open_picture
from collections_app.imaging.errors import DECODE_ERRORS

from .other_formats import OTHER_FORMATS
from .pictures import LIMITS, sample, write

# Formats that Pillow reads less strictly or more strictly than browsers, or in another way than imaging/.
_LENIENT = ("JPEG", "PNG", "GIF", "WEBP", "PNM", "TIFF")
_MODES = {
    "PNG": ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"),
    "JPEG": ("L", "RGB", "CMYK"),
    "GIF": ("L", "P", "RGB"),
    "WEBP": ("RGB", "RGBA"),
    "AVIF": ("RGB", "RGBA"),
    "BMP": ("1", "L", "P", "RGB", "RGBA"),
    "TIFF": ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "I", "F", "LAB", "YCbCr"),
    "JPEG2000": ("L", "LA", "RGB", "RGBA", "I;16"),
    "TGA": ("1", "L", "LA", "P", "RGB", "RGBA"),
    "PCX": ("1", "L", "P", "RGB"),
    "DDS": ("L", "LA", "RGB", "RGBA"),
}


def draw_noise(mode: str) -> Image.Image:
    """Return the same noisy picture in any mode."""
    levels = bytes(random.Random(7).choices(range(256), k=40 * 30 * 3))
    picture = Image.frombytes("RGB", (40, 30), levels).resize((64, 48))
    if mode in ("LA", "RGBA"):
        picture.putalpha(Image.linear_gradient("L").resize((64, 48)))
    if mode in ("I;16", "I", "F"):
        return picture.convert("L").convert("I").convert(mode)
    return picture.convert(mode)


def _write_all() -> dict[str, bytes]:
    files = {f"{name} {mode}": write(draw_noise(mode), name) for name, modes in _MODES.items() for mode in modes}
    options: list[tuple[str, dict[str, Any]]] = [
        *(("TIFF", {"compression": each}) for each in ("tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg", "zstd")),
        *(("TIFF", {"big_tiff": True}), ("JPEG", {"progressive": True}), ("JPEG", {"restart_marker_rows": 1})),
        *(("PNG", {"interlace": 1}), ("WEBP", {"lossless": True}), ("TGA", {"rle": True})),
    ]
    for name, option in options:
        files[f"{name} {option}"] = write(draw_noise("RGB"), name, **option)
    whole = {name: file.getvalue() for name, file in files.items()}
    return {**whole, **OTHER_FORMATS, "HEIF": sample("corners.heic").getvalue()}


CORPUS = _write_all()


def is_accepted(data: bytes) -> bool:
    """Accepted files must also open, in full and reduced."""
    try:
        inspect_picture(io.BytesIO(data), LIMITS)
    except InvalidImage:
        return False
    open_picture(io.BytesIO(data))
    open_picture(io.BytesIO(data), max_edge_px=20)
    return True


def is_decoded_by_pillow(data: bytes) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            Image.open(io.BytesIO(data)).load()
    except DECODE_ERRORS:
        return False
    return True


@pytest.mark.parametrize("name", CORPUS)
def test_healthy_file_is_accepted(name: str) -> None:
    assert is_accepted(CORPUS[name])


@pytest.mark.parametrize("name", CORPUS)
def test_no_damaged_file_is_accepted_whose_pixels_do_not_decode(name: str) -> None:
    generator, data = random.Random(name), CORPUS[name]
    variants = [data[: len(data) * tenths // 10] for tenths in range(1, 10)]
    for _ in range(10):
        changed = bytearray(data)
        changed[generator.randrange(len(data))] ^= 1 << generator.randrange(8)
        variants.append(bytes(changed))
    for variant in variants:
        assert not is_accepted(variant) or name.startswith(_LENIENT) or is_decoded_by_pillow(variant)


@pytest.mark.parametrize("name", CORPUS)
def test_half_a_file_is_never_accepted(name: str) -> None:
    data = CORPUS[name]
    assert not is_accepted(data[: len(data) // 2])
