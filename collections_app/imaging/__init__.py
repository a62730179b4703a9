"""Pictures as files and as pixels: checked, decoded, reduced. Called by the services; knows no Django and no model."""

from .checksums import checksum
from .contact_sheet import draw_contact_sheet
from .decoding import open_picture
from .inspection import Limits, PictureInfo, check_byte_size, inspect_picture
from .memory import reserve_pixels
from .perceptual import perceptual_hash
from .thumbnails import QUALITY, THUMBNAIL_CONTENT_TYPE, make_thumbnail, thumbnail_size

__all__ = [
    "QUALITY",
    "THUMBNAIL_CONTENT_TYPE",
    "Limits",
    "PictureInfo",
    "check_byte_size",
    "checksum",
    "draw_contact_sheet",
    "inspect_picture",
    "make_thumbnail",
    "open_picture",
    "perceptual_hash",
    "reserve_pixels",
    "thumbnail_size",
]
