"""Conversion of every mode that Pillow decodes to 8-bit sRGB, without clipping."""

import functools
import io
import math
from collections.abc import Callable

from PIL import Image, ImageCms

from .errors import DECODE_ERRORS

_DEEP_GRAY_MODES = ("I", "F", "I;16", "I;16L", "I;16B", "I;16N")
# The colour space in the header of an ICC profile, to the mode whose pixels the profile describes.
_PROFILE_MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}
_PROFILE_ERRORS: tuple[type[Exception], ...] = (ImageCms.PyCMSError, *DECODE_ERRORS)


def build_mode_reducer(image: Image.Image, *, may_lack_alpha: bool) -> Callable[[Image.Image], Image.Image]:
    """Return a function that converts a part of the picture to L, RGB, RGBA or CMYK, 8 bits a channel.

    The colour space stays. With `may_lack_alpha`, a fourth channel that is zero everywhere counts as unused: programs
    write it so into formats where it has no agreed meaning.
    """
    if image.mode in _DEEP_GRAY_MODES:
        scale, offset = _scale_and_offset(image)
        return functools.partial(_scale_to_8_bits, scale=scale, offset=offset)
    if may_lack_alpha and image.mode == "RGBA" and image.getchannel("A").getextrema() == (0, 0):
        return functools.partial(Image.Image.convert, mode="RGB")
    return _reduce_mode


def _reduce_mode(image: Image.Image) -> Image.Image:
    if image.mode == "LAB":
        return ImageCms.profileToProfile(
            image, ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), outputMode="RGB"
        ) or image.convert("RGB")
    if image.mode == "La":
        return image.convert("LA").convert("RGBA")
    if image.has_transparency_data:
        return image.convert("RGBA")
    if image.mode == "1":
        return image.convert("L")
    return image if image.mode in ("L", "RGB", "CMYK") else image.convert("RGB")


def convert_to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Return RGB or RGBA in sRGB. A profile that is broken or describes another mode is ignored."""
    converted = _apply_profile(image, profile) if profile else None
    if converted is not None:
        return converted
    return image if image.mode in ("RGB", "RGBA") else image.convert("RGB")


def flatten_transparency(image: Image.Image) -> Image.Image:
    """Return RGB, with transparency on white."""
    if image.mode == "RGB":
        return image
    background = Image.new("RGB", image.size, "white")
    background.paste(image, mask=image.getchannel("A"))
    return background


def _scale_to_8_bits(image: Image.Image, *, scale: float, offset: float) -> Image.Image:
    """Return L. Pillow's own conversion clips everything above 255 to white."""
    deep = image if image.mode in ("I", "F") else image.convert("I")
    return deep.convert("F").point(lambda value: value * scale + offset).convert("L")


def _scale_and_offset(image: Image.Image) -> tuple[float, float]:
    """Return the linear map to 0..255.

    16-bit pixels span 0..65535. 32-bit pixels do not declare their range: 0..1, 0..255 and 0..65535 are recognised,
    and any other range is scaled from the darkest to the lightest pixel.
    """
    if image.mode.startswith("I;16"):
        return 255 / 65535, 0.5
    low, high = (float(value) for value in image.getextrema())  # type: ignore[arg-type]
    if not math.isfinite(high - low):
        return 1.0, 0.0
    if low >= 0:
        for top in (1.0, 255.0, 65535.0):
            if high <= top and (image.mode == "F" or top > 1):
                return 255 / top, 0.5
    return 255 / (high - low or 1.0), -255 * low / (high - low or 1.0) + 0.5


def _apply_profile(image: Image.Image, profile: bytes) -> Image.Image | None:
    try:
        mode, transform = _build_srgb_transform(profile)
        base = _convert_to_mode(image, mode)
        if base is None or transform is None:
            return None
        converted = transform.apply(base)
    except _PROFILE_ERRORS:
        return None
    if image.mode == "RGBA":
        converted.putalpha(image.getchannel("A"))
    return converted


@functools.lru_cache(maxsize=8)
def _build_srgb_transform(profile: bytes) -> tuple[str | None, ImageCms.ImageCmsTransform | None]:
    """Return the mode that the profile describes, and the transform.

    Building a transform costs as much as applying it, and pictures from one camera share a profile. Several threads
    may apply one transform at the same time.
    """
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    mode = _PROFILE_MODES.get(source.profile.xcolor_space.strip())
    if mode is None:
        return None, None
    return mode, ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")


def _convert_to_mode(image: Image.Image, mode: str | None) -> Image.Image | None:
    """Return the picture in the mode that the profile describes, or None if the profile is for another mode."""
    if image.mode == mode:
        return image
    return image.convert("RGB") if mode == "RGB" and image.mode in ("L", "RGBA") else None
