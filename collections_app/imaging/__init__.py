"""Pictures as files and as pixels: checked, decoded, reduced, hashed. Independent of Django."""

from .date_text import FIRST_YEAR, TakenDate, get_possible_dates, read_date_in_name
from .decoding import hold_picture, open_picture
from .formats import ACCEPTED_ENDINGS, CONTENT_TYPES, FORMATS_BY_WORD, SHOWN_BY_BROWSERS
from .inspection import Limits, PictureInfo, check_byte_size, inspect_picture, read_picture_date
from .perceptual_hash import compute_perceptual_hash
from .processing import estimate_processing
from .thumbnails import (
    THUMBNAIL_CONTENT_TYPE,
    THUMBNAIL_QUALITY,
    compute_longest_edge,
    compute_thumbnail_size,
    draw_contact_sheet,
    make_thumbnail,
)

__all__ = [
    "ACCEPTED_ENDINGS",
    "CONTENT_TYPES",
    "FIRST_YEAR",
    "FORMATS_BY_WORD",
    "SHOWN_BY_BROWSERS",
    "THUMBNAIL_CONTENT_TYPE",
    "THUMBNAIL_QUALITY",
    "Limits",
    "PictureInfo",
    "TakenDate",
    "check_byte_size",
    "compute_longest_edge",
    "compute_perceptual_hash",
    "compute_thumbnail_size",
    "draw_contact_sheet",
    "estimate_processing",
    "get_possible_dates",
    "hold_picture",
    "inspect_picture",
    "make_thumbnail",
    "open_picture",
    "read_date_in_name",
    "read_picture_date",
]
