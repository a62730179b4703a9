"""The scan of a file of any format, before a decoder opens it: sizes, frames, and the memory that decoding takes.

Decoders allocate whole frames while they open a file, build lists as long as the file says, trust sizes that the pixels
do not have, stay busy for hours, or end the process.
"""

from collections.abc import Callable
from typing import BinaryIO

from . import formats
from .animations import scan_gif, scan_webp
from .base_media import scan_avif, scan_heif
from .errors import build_unaccepted_error
from .file_parts import read_at
from .formats import HEAD_BYTES, RAW_FORMATS, TIFF, PictureFormat, find_format
from .jpeg_segments import scan_jpeg
from .png_chunks import scan_png
from .pnm import scan_pnm
from .raw_previews import find_raw_format, scan_raw
from .scan import Scan
from .simple_headers import (
    scan_bmp,
    scan_dds,
    scan_icon,
    scan_jpeg2000,
    scan_pcx,
    scan_psd,
    scan_qoi,
    scan_tga,
)
from .tiff_directories import scan_tiff

_SCANS: dict[PictureFormat, Callable[[BinaryIO, int], Scan]] = {
    formats.JPEG: scan_jpeg,
    formats.PNG: scan_png,
    formats.GIF: scan_gif,
    formats.WEBP: scan_webp,
    formats.AVIF: scan_avif,
    formats.HEIF: scan_heif,
    formats.TIFF: scan_tiff,
    formats.BMP: scan_bmp,
    formats.ICO: scan_icon,
    formats.JPEG2000: scan_jpeg2000,
    formats.PNM: scan_pnm,
    formats.TGA: scan_tga,
    formats.PCX: scan_pcx,
    formats.PSD: scan_psd,
    formats.QOI: scan_qoi,
    formats.DDS: scan_dds,
    **dict.fromkeys(RAW_FORMATS, scan_raw),
}


def identify_format(file: BinaryIO) -> PictureFormat:
    """Return the format of a file by its content; its name does not matter.

    Raises InvalidImage with the code `svg`, `unsupported` or `not_a_picture`.
    """
    head = read_at(file, 0, HEAD_BYTES)
    found = find_format(head)
    if found is None:
        raise build_unaccepted_error(head)
    return (find_raw_format(file) or TIFF) if found == TIFF else found


def scan_picture(file: BinaryIO, picture_format: PictureFormat, *, max_frames: int) -> Scan:
    """Return what the file declares, counting frames up to one above the limit.

    Raises InvalidImage on an unsupported kind, and any of DECODE_ERRORS on a broken file.
    """
    return _SCANS[picture_format](file, max_frames)
