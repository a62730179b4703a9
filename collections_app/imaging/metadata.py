"""EXIF metadata: orientation and date. Broken metadata is ignored; it never rejects a picture."""

from datetime import datetime
from typing import Any

from PIL import ExifTags, Image

from .errors import DECODE_ERRORS
from .formats import HEIF, TIFF, PictureFormat

# The oldest surviving photograph dates from 1826; an earlier date comes from a clock that was not set.
FIRST_YEAR = 1826
# A conversion to another time zone could leave the range of datetime in the year 9999.
LAST_YEAR = 9998
# libheif and Pillow's TIFF reader apply the orientation while decoding.
_TURNED_BY_DECODER = (HEIF, TIFF)


def read_orientation(image: Image.Image, picture_format: PictureFormat) -> int:
    """Return the EXIF orientation, 1 to 8, to apply to the decoded pixels; 1 means none."""
    if picture_format in _TURNED_BY_DECODER:
        return 1
    try:
        value = image.getexif().get(ExifTags.Base.Orientation, 1)
    except DECODE_ERRORS:
        return 1
    return value if value in range(1, 9) else 1


def read_taken_at(image: Image.Image) -> datetime | None:
    """Return DateTimeOriginal; aware if OffsetTimeOriginal is present, otherwise naive (the camera's clock)."""
    try:
        exif = image.getexif().get_ifd(ExifTags.IFD.Exif)
    except DECODE_ERRORS:
        return None
    moment = _parse_datetime(_decode_text(exif.get(ExifTags.Base.DateTimeOriginal)), "%Y:%m:%d %H:%M:%S")
    if moment is None or not FIRST_YEAR <= moment.year <= LAST_YEAR:
        return None
    offset = _parse_datetime(_decode_text(exif.get(ExifTags.Base.OffsetTimeOriginal)), "%z")
    return moment.replace(tzinfo=offset.tzinfo) if offset else moment


def _decode_text(value: Any) -> str:
    if isinstance(value, bytes):
        value = value.decode("ascii", errors="replace")
    return value.strip(" \x00") if isinstance(value, str) else ""


def _parse_datetime(text: str, layout: str) -> datetime | None:
    try:
        return datetime.strptime(text, layout)
    except ValueError:
        return None
