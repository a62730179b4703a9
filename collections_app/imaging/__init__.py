"""Pictures as files and as pixels: checked, decoded, reduced. Called by the services; knows no Django and no model."""

from .checksums import checksum
from .decoding import open_picture
from .inspection import Limits, PictureInfo, check_byte_size, inspect_picture
from .memory import room_for
from .perceptual import perceptual_hash
from .sheets import make_sheet
from .thumbnails import QUALITY, THUMBNAIL_CONTENT_TYPE, make_thumbnail, thumbnail_size

__all__ = [
    "QUALITY",
    "THUMBNAIL_CONTENT_TYPE",
    "Limits",
    "PictureInfo",
    "check_byte_size",
    "checksum",
    "inspect_picture",
    "make_sheet",
    "make_thumbnail",
    "open_picture",
    "perceptual_hash",
    "room_for",
    "thumbnail_size",
]
