"""Ratings of how much a picture was processed after the camera took it, from the traces in its file.

Of copies with the same number of pixels, the one with the lowest rating is the best.
"""

import re
from collections.abc import Mapping, Sequence

from PIL import ExifTags

from .date_text import decode_text
from .formats import BMP, PCX, PNG, PNM, PSD, QOI, RAW_FORMATS, TGA, TIFF, PictureFormat
from .metadata import Metadata

_Base = ExifTags.Base
_LOSSLESS_NAMES = {each.name for each in (PNG, TIFF, BMP, PNM, TGA, PCX, PSD, QOI)}
_RAW_NAMES = {each.name for each in RAW_FORMATS}
# Names in the field "Software", in which cameras write their own name or firmware.
_EDITORS = re.compile(
    r"adobe|photoshop|lightroom|gimp|darktable|rawtherapee|capture one|affinity|luminar|dxo|snapseed|picasa|pixelmator"
    r"|pixlr|paint|canva|polarr|vsco|krita|imagemagick|photos \d|digikam|acdsee|irfanview|xnview|instagram|facebook",
    re.IGNORECASE,
)
_XMP_EDITED = re.compile(r"xmpMM:History|xmp:CreatorTool\s*(?:=|>)")
# The sum of the luminance table of ITU-T T.81, K.1, and the part of it that libjpeg's quality 70 has.
_STANDARD_TABLE_SUM = 3688
_STRONG_COMPRESSION = 0.6
# The ratings. Of pictures with the same origin, one without loss comes first.
_RAW = 0
_FROM_CAMERA, _EDITED, _UNKNOWN_ORIGIN = 1, 3, 5
_STRONGLY_COMPRESSED = 9


def rate_processing(
    metadata: Metadata, picture_format: PictureFormat, quantization: Mapping[int, Sequence[int]] | None = None
) -> int:
    """Return the rating, 0 for a raw file. `quantization`: the tables of a JPEG, which show its compression."""
    if picture_format.is_raw:
        return _RAW
    if quantization and sum(quantization.get(0, ())) > _STRONG_COMPRESSION * _STANDARD_TABLE_SUM:
        return _STRONGLY_COMPRESSED
    return _rate_origin(metadata) + (picture_format.name not in _LOSSLESS_NAMES)


def estimate_processing(format_name: str, *, has_taken_time: bool) -> int:
    """Return the rating as far as a row shows it, for pictures that were stored without one."""
    if format_name in _RAW_NAMES:
        return _RAW
    return (_FROM_CAMERA if has_taken_time else _UNKNOWN_ORIGIN) + (format_name not in _LOSSLESS_NAMES)


def _rate_origin(metadata: Metadata) -> int:
    """A picture is from a camera if its metadata name the camera and the time. Messengers and websites remove both."""
    names_camera = decode_text(metadata.main.get(_Base.Make)) or decode_text(metadata.main.get(_Base.Model))
    taken = metadata.photo.get(_Base.DateTimeOriginal) or metadata.main.get(_Base.DateTimeOriginal)
    if not names_camera or not taken:
        return _UNKNOWN_ORIGIN
    is_edited = _EDITORS.search(decode_text(metadata.main.get(_Base.Software))) or _XMP_EDITED.search(metadata.xmp)
    return _EDITED if is_edited else _FROM_CAMERA
