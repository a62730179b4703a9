"""Pictures as files and as pixels: checked, decoded, reduced, hashed. Independent of Django."""

from .date_text import FIRST_YEAR, TakenDate, get_possible_dates
from .decoding import open_picture
from .formats import CONTENT_TYPES, FORMAT_BY_WORD
from .inspection import Limits, PictureInfo, check_byte_size, inspect_picture, read_picture_date
from .name_dates import read_date_in_name
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
    "FIRST_YEAR",
    "FORMAT_BY_WORD",
    "THUMBNAIL_CONTENT_TYPE",
    "THUMBNAIL_QUALITY",
    "Limits",
    "PictureInfo",
    "TakenDate",
    "check_byte_size",
    "compute_perceptual_hash",
    "compute_thumbnail_size",
    "draw_contact_sheet",
    "get_possible_dates",
    "inspect_picture",
    "make_thumbnail",
    "open_picture",
    "read_date_in_name",
    "read_picture_date",
    "reserve_pixels",
]
