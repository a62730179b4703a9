"""Decoding of an accepted file to the pixels to display: upright, in sRGB, on white."""

from typing import BinaryIO

import pi_heif
from PIL import Image, ImageFile

from .colours import convert_to_srgb, flatten_transparency, reduce_mode
from .errors import translate_decode_errors
from .formats import HEAD_BYTES, JPEG, PictureFormat, identify_format
from .metadata import read_orientation
from .pixel_budget import reserve_pixels
from .thumbnails import REDUCING_GAP, compute_thumbnail_size, shrink_to_fit

# Pillow's limit is global and warns long before it raises; inspection.py checks the pixels instead.
Image.MAX_IMAGE_PIXELS = None
pi_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def open_picture(file: BinaryIO, *, max_edge_px: int | None = None) -> Image.Image:
    """Return the first frame as displayed: 8-bit RGB in sRGB, transparency on white, without metadata.

    With `max_edge_px` the size is `compute_thumbnail_size(width, height, max_edge_px)`, and a large JPEG is decoded at
    a fraction of its size. Call this only for files that inspect_picture has accepted: it checks no limits. The file is
    left at 0.

    Raises InvalidImage.
    """
    try:
        file.seek(0)
        picture_format = identify_format(file.read(HEAD_BYTES))
        with translate_decode_errors():
            return _decode(open_lazily(file, picture_format), picture_format, max_edge_px)
    finally:
        file.seek(0)


def open_lazily(file: BinaryIO, picture_format: PictureFormat) -> ImageFile.ImageFile:
    """Return Pillow's picture with no pixels decoded. Only the reader of this format is tried."""
    file.seek(0)
    return Image.open(file, formats=[picture_format.name])


def orient_size(size: tuple[int, int], orientation: int) -> tuple[int, int]:
    """Return the displayed size: EXIF orientations 5 to 8 swap width and height."""
    return (size[1], size[0]) if orientation >= 5 else size


def _decode(image: ImageFile.ImageFile, picture_format: PictureFormat, max_edge_px: int | None) -> Image.Image:
    orientation = read_orientation(image, picture_format)
    profile = image.info.get("icc_profile")
    full = image.size
    edge_px = max(full) if max_edge_px is None else max_edge_px
    if picture_format == JPEG:
        _set_draft_size(image, edge_px)
    with reserve_pixels(image.width * image.height):
        image.load()
        # libheif knows the true size only after decoding.
        size = compute_thumbnail_size(*(full if picture_format == JPEG else image.size), edge_px)
        # The picture is shrunk before its profile is applied, so fewer pixels are converted.
        picture = flatten_transparency(convert_to_srgb(shrink_to_fit(reduce_mode(image), size), profile))
        if orientation in _TURNS:
            picture = picture.transpose(_TURNS[orientation])
        if isinstance(picture, ImageFile.ImageFile):
            picture = picture.copy()
    picture.info.clear()
    return picture


def _set_draft_size(image: ImageFile.ImageFile, edge_px: int) -> None:
    """Tell the JPEG decoder to decode at a fraction of the full size."""
    target = compute_thumbnail_size(*image.size, edge_px)
    image.draft(None, (int(target[0] * REDUCING_GAP), int(target[1] * REDUCING_GAP)))
