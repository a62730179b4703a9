"""Pictures as files and as pixels: checked, decoded, reduced, hashed. Independent of Django."""

from .decoding import open_picture
from .formats import CONTENT_TYPES, FORMAT_BY_WORD
from .inspection import Limits, PictureInfo, check_byte_size, inspect_picture
from .perceptual_hash import compute_perceptual_hash
from .pixel_budget import reserve_pixels
from .thumbnails import (
    THUMBNAIL_CONTENT_TYPE,
    THUMBNAIL_QUALITY,
    compute_thumbnail_size,
    draw_contact_sheet,
    make_thumbnail,
)

__all__ = [
    "CONTENT_TYPES",
    "FORMAT_BY_WORD",
    "THUMBNAIL_CONTENT_TYPE",
    "THUMBNAIL_QUALITY",
    "Limits",
    "PictureInfo",
    "check_byte_size",
    "compute_perceptual_hash",
    "compute_thumbnail_size",
    "draw_contact_sheet",
    "inspect_picture",
    "make_thumbnail",
    "open_picture",
    "reserve_pixels",
]
