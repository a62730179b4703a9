"""From a file to the pixels a person would see: turned, in sRGB, on white. Called by the worker and the search."""

from typing import BinaryIO

import pi_heif
from PIL import Image, ImageFile

from .colours import flatten, simplify, to_srgb
from .errors import decoding
from .formats import HEAD_BYTES, JPEG, PictureFormat, identify
from .memory import reserve_pixels
from .metadata import read_orientation
from .thumbnails import REDUCING_GAP, shrink, thumbnail_size

# Pillow's own limit is one number for the whole process, and warns long before it refuses; inspection.py has ours.
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
    """Return the first frame as it is displayed: 8-bit RGB in sRGB, transparency on white, free of metadata.

    With `max_edge_px` the long edge is at most that: the size is `thumbnail_size(width, height, max_edge_px)`, and a
    large JPEG is decoded at a fraction of its size. For files that inspect_picture has accepted: no limit is checked
    here. The file is left at 0.

    Raises InvalidImage.
    """
    try:
        file.seek(0)
        picture_format = identify(file.read(HEAD_BYTES))
        with decoding():
            return _decode(open_lazily(file, picture_format), picture_format, max_edge_px)
    finally:
        file.seek(0)


def open_lazily(file: BinaryIO, picture_format: PictureFormat) -> ImageFile.ImageFile:
    """Return Pillow's picture with nothing decoded yet; only the one format's reader is tried."""
    file.seek(0)
    return Image.open(file, formats=[picture_format.name])


def turned_size(size: tuple[int, int], orientation: int) -> tuple[int, int]:
    """Return the size after turning: orientations 5 to 8 swap width and height."""
    return (size[1], size[0]) if orientation >= 5 else size


def _decode(image: ImageFile.ImageFile, picture_format: PictureFormat, max_edge_px: int | None) -> Image.Image:
    orientation = read_orientation(image, picture_format)
    profile = image.info.get("icc_profile")
    full = image.size
    edge_px = max(full) if max_edge_px is None else max_edge_px
    if picture_format == JPEG:
        _draft(image, edge_px)
    with reserve_pixels(image.width * image.height):
        image.load()
        # libheif learns the true size only while decoding.
        size = thumbnail_size(*(full if picture_format == JPEG else image.size), edge_px)
        # Shrinking comes before the colours: a profile is applied to the pixels that stay.
        picture = flatten(to_srgb(shrink(simplify(image), size), profile))
        if orientation in _TURNS:
            picture = picture.transpose(_TURNS[orientation])
        if isinstance(picture, ImageFile.ImageFile):
            picture = picture.copy()
    picture.info.clear()
    return picture


def _draft(image: ImageFile.ImageFile, edge_px: int) -> None:
    """Only a JPEG may be decoded at less than its full size."""
    wanted = thumbnail_size(*image.size, edge_px)
    image.draft(None, (int(wanted[0] * REDUCING_GAP), int(wanted[1] * REDUCING_GAP)))
