"""The checks of an uploaded file, cheapest first, before it is decoded in full."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import BinaryIO

from PIL import Image

from collections_app.errors import InvalidImage
from collections_app.errors import gettext_noop as _

from .date_text import TakenDate
from .decoding import compute_draft_bytes, load_pixels, open_lazily, orient_size
from .errors import translate_decode_errors
from .file_parts import measure_file
from .formats import AVIF, DDS, HEIF, PNG, QOI, PictureFormat
from .jpeg_segments import check_open_end, compute_check_bytes
from .memory_budget import reserve_memory
from .metadata import find_camera, read_metadata, read_orientation
from .png_chunks import check_png_rows
from .prescan import identify_format, scan_picture
from .processing import rate_processing
from .scan import Scan
from .simple_headers import MAX_SLOW_PIXELS, is_slow_dds
from .taken_dates import find_taken_date

# Decoding a JPEG at an eighth of its size reads all of its data.
_CHECK_DIVISOR = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of one uploaded file. A JPEG, which can be decoded at a fraction of its size, has its own limit."""

    max_bytes: int
    max_pixels: int
    max_frames: int
    max_jpeg_pixels: int = 250_000_000

    def get_max_pixels(self, picture_format: PictureFormat) -> int:
        return max(self.max_pixels, self.max_jpeg_pixels) if picture_format.reader == "JPEG" else self.max_pixels


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureInfo:
    """The properties of an accepted picture.

    `width` and `height` are those of the picture as displayed. `frames` counts the frames of an animation or the pages
    of a document; a JPEG has one. `taken` is None if the metadata hold no date, `camera` is empty if they name none.
    `processing` is the rating of `rate_processing`.
    """

    format: str
    extension: str
    content_type: str
    width: int
    height: int
    frames: int
    taken: TakenDate | None
    processing: int
    camera: str = ""

    @property
    def taken_at(self) -> datetime | None:
        """The wall clock; naive if the camera recorded no UTC offset."""
        return self.taken.value if self.taken else None


def inspect_picture(file: BinaryIO, limits: Limits) -> PictureInfo:
    """Check bytes, format, pixels, frames and completeness, in this order, and return the picture's properties.

    No memory is allocated for pixels before their number is checked. The file is left at 0.

    Raises InvalidImage with one of the codes `empty`, `too_large`, `not_a_picture`, `svg`, `unsupported`,
    `too_many_pixels`, `too_many_frames`, `truncated`, `damaged`.
    """
    try:
        _check_bytes(file, limits)
        picture_format = identify_format(file)
        with translate_decode_errors(picture_format.name):
            scan = scan_picture(file, picture_format, max_frames=limits.max_frames)
            _check_pixels(scan.pixels, _get_max_pixels(file, picture_format, limits))
            _check_frames(scan.frames, limits)
            if picture_format == PNG:
                check_png_rows(file)
        with reserve_memory(_compute_bytes(scan, picture_format)), translate_decode_errors(picture_format.name):
            # A separate function, so that its pixels are freed before the memory is released.
            return _decode_and_describe(scan, picture_format, limits)
    finally:
        file.seek(0)


def read_picture_date(file: BinaryIO) -> TakenDate | None:
    """Return the date in the metadata of an accepted file. The file is left at 0.

    Raises InvalidImage.
    """
    try:
        picture_format = identify_format(file)
        with translate_decode_errors(picture_format.name):
            scan = scan_picture(file, picture_format, max_frames=1)
        with reserve_memory(scan.decode_bytes), translate_decode_errors(picture_format.name):
            return find_taken_date(read_metadata(open_lazily(scan, picture_format), scan.file, picture_format))
    finally:
        file.seek(0)


def _get_max_pixels(file: BinaryIO, picture_format: PictureFormat, limits: Limits) -> int:
    is_slow = picture_format == QOI or (picture_format == DDS and is_slow_dds(file))
    max_pixels = limits.get_max_pixels(picture_format)
    return min(max_pixels, MAX_SLOW_PIXELS) if is_slow else max_pixels


def _compute_bytes(scan: Scan, picture_format: PictureFormat) -> int:
    if picture_format.reader == "JPEG":
        return max(compute_draft_bytes(scan, _CHECK_DIVISOR), compute_check_bytes(scan))
    return scan.decode_bytes


def _decode_and_describe(scan: Scan, picture_format: PictureFormat, limits: Limits) -> PictureInfo:
    """Decode, then read the metadata: Pillow may decode while it reads metadata, and would hide an error."""
    if scan.is_open_ended:
        check_open_end(scan)
    image = open_lazily(scan, picture_format)
    quantization = getattr(image, "quantization", None)
    frames = max(scan.frames, getattr(image, "n_frames", 1)) if picture_format in (AVIF, HEIF) else scan.frames
    _check_frames(frames, limits)
    is_jpeg = picture_format.reader == "JPEG"
    image = load_pixels(image, scan, divisor=_CHECK_DIVISOR if is_jpeg else 1)
    size = (scan.width, scan.height) if is_jpeg else image.size
    _check_pixels(size[0] * size[1], limits.get_max_pixels(picture_format))
    info = _build_info(image, size, picture_format)
    metadata = read_metadata(image, scan.file, picture_format)
    processing = rate_processing(metadata, picture_format, quantization)
    taken, camera = find_taken_date(metadata), find_camera(metadata)
    return replace(info, frames=frames, taken=taken, processing=processing, camera=camera)


def _build_info(image: Image.Image, size: tuple[int, int], picture_format: PictureFormat) -> PictureInfo:
    width, height = orient_size(size, read_orientation(image, picture_format))
    return PictureInfo(
        format=picture_format.name,
        extension=picture_format.extension,
        content_type=picture_format.content_type,
        width=width,
        height=height,
        frames=1,
        taken=None,
        processing=0,
    )


def _check_bytes(file: BinaryIO, limits: Limits) -> None:
    size = measure_file(file)
    if size == 0:
        raise InvalidImage("empty", _("This file is empty. Select another one."))
    check_byte_size(size, limits)


def check_byte_size(size: int, limits: Limits) -> None:
    """Raises InvalidImage with the code `too_large`."""
    if size > limits.max_bytes:
        sentence = _("This file is %(size)s MB. The limit is %(limit)s MB.")
        raise InvalidImage(
            "too_large", sentence, size=_convert_to_megabytes(size), limit=_convert_to_megabytes(limits.max_bytes)
        )


def _check_pixels(pixels: int, max_pixels: int) -> None:
    if pixels > max_pixels:
        sentence = _("This picture has %(size)s megapixels. The limit is %(limit)s. Make it smaller and try again.")
        size, limit = _convert_to_megapixels(pixels), _convert_to_megapixels(max_pixels)
        raise InvalidImage("too_many_pixels", sentence, size=size, limit=limit)


def _check_frames(frames: int, limits: Limits) -> None:
    if frames > limits.max_frames:
        sentence = _("This picture has too many frames or pages. The limit is %(limit)s.")
        raise InvalidImage("too_many_frames", sentence, limit=limits.max_frames)


def _convert_to_megabytes(size: int) -> float:
    return _round_up(size, 1024 * 1024)


def _convert_to_megapixels(pixels: int) -> float:
    return _round_up(pixels, 1_000_000)


def _round_up(amount: int, unit: int) -> float:
    """Round up to two decimals. Rounding to nearest could show the limit itself for a value just above it."""
    hundredths = -(-amount * 100 // unit)
    return hundredths / 100 if hundredths % 100 else hundredths // 100
