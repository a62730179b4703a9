"""What EXIF says of a picture: which way is up, and when it was taken. Broken metadata never refuses a picture."""

from datetime import datetime
from typing import Any

from PIL import ExifTags, Image

from .errors import DECODE_ERRORS
from .formats import HEIF, TIFF, PictureFormat

# The first photograph that survives is of 1826; an earlier date is a camera's empty clock.
FIRST_YEAR = 1826
# In the last year that a date can have, another time zone may lie beyond it.
LAST_YEAR = 9998
# libheif turns HEIC pictures, and Pillow's TIFF reader turns TIFF, while decoding: turning again would undo it.
_TURNED_BY_DECODER = (HEIF, TIFF)


def read_orientation(image: Image.Image, picture_format: PictureFormat) -> int:
    """Return the EXIF orientation, 1 to 8, that is still to be applied to the decoded pixels; 1 where none is."""
    if picture_format in _TURNED_BY_DECODER:
        return 1
    try:
        value = image.getexif().get(ExifTags.Base.Orientation, 1)
    except DECODE_ERRORS:
        return 1
    return value if value in range(1, 9) else 1


def read_taken_at(image: Image.Image) -> datetime | None:
    """Return DateTimeOriginal, aware where OffsetTimeOriginal is given and naive (the camera's clock) where not."""
    try:
        exif = image.getexif().get_ifd(ExifTags.IFD.Exif)
    except DECODE_ERRORS:
        return None
    moment = _parse(_text(exif.get(ExifTags.Base.DateTimeOriginal)), "%Y:%m:%d %H:%M:%S")
    if moment is None or not FIRST_YEAR <= moment.year <= LAST_YEAR:
        return None
    offset = _parse(_text(exif.get(ExifTags.Base.OffsetTimeOriginal)), "%z")
    return moment.replace(tzinfo=offset.tzinfo) if offset else moment


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        value = value.decode("ascii", errors="replace")
    return value.strip(" \x00") if isinstance(value, str) else ""


def _parse(text: str, layout: str) -> datetime | None:
    try:
        return datetime.strptime(text, layout)
    except ValueError:
        return None
