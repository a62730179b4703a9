"""The checks of an uploaded file, cheapest first, before it is decoded in full."""

import os
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from PIL import Image

from collections_app.errors import InvalidImage
from collections_app.errors import gettext_noop as _

from .date_text import TakenDate
from .decoding import open_lazily, orient_size
from .errors import translate_decode_errors
from .formats import GIF, HEAD_BYTES, JPEG, TIFF, PictureFormat, identify_format
from .metadata import read_orientation
from .pixel_budget import reserve_pixels
from .prescan import read_declared_sizes
from .taken_dates import read_taken_date


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of one uploaded file."""

    max_bytes: int
    max_pixels: int
    max_frames: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureInfo:
    """The properties of an accepted picture.

    `width` and `height` are those of the picture as displayed. `frames` counts the frames of an animation or the pages
    of a document; a JPEG has one. `taken` is None if the metadata hold no date.
    """

    format: str
    extension: str
    content_type: str
    width: int
    height: int
    frames: int
    taken: TakenDate | None

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
        file.seek(0)
        picture_format = identify_format(file.read(HEAD_BYTES))
        with translate_decode_errors():
            return _inspect(file, picture_format, limits)
    finally:
        file.seek(0)


def read_picture_date(file: BinaryIO) -> TakenDate | None:
    """Return the date in the metadata of an accepted file, without decoding it. The file is left at 0.

    Raises InvalidImage.
    """
    try:
        file.seek(0)
        picture_format = identify_format(file.read(HEAD_BYTES))
        with translate_decode_errors():
            return read_taken_date(open_lazily(file, picture_format), file, picture_format)
    finally:
        file.seek(0)


def _inspect(file: BinaryIO, picture_format: PictureFormat, limits: Limits) -> PictureInfo:
    frames = _check_declared_sizes(file, picture_format, limits)
    image = open_lazily(file, picture_format)
    _check_pixels(image.width, image.height, limits)
    if picture_format not in (JPEG, GIF, TIFF):
        frames = getattr(image, "n_frames", 1)
        _check_frames(frames, limits)
    taken = read_taken_date(image, file, picture_format)
    orientation = read_orientation(image, picture_format)
    width, height = orient_size(_decode_once(image, picture_format), orientation)
    return PictureInfo(
        format=picture_format.name,
        extension=picture_format.extension,
        content_type=picture_format.content_type,
        width=width,
        height=height,
        frames=max(frames, 1),
        taken=taken,
    )


def _check_bytes(file: BinaryIO, limits: Limits) -> None:
    size = file.seek(0, os.SEEK_END)
    size = file.tell() if size is None else size
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


def _check_declared_sizes(file: BinaryIO, picture_format: PictureFormat, limits: Limits) -> int:
    """Check the sizes that the file declares and return the number of frames; 0 if the format is not prescanned."""
    frames = 0
    for declared in read_declared_sizes(file, picture_format):
        if frames == 0:
            _check_pixels(declared.width, declared.height, limits)
        frames += 1
        _check_frames(frames, limits)
    return frames


def _check_pixels(width: int, height: int, limits: Limits) -> None:
    if width * height > limits.max_pixels:
        sentence = _("This picture has %(size)s megapixels. The limit is %(limit)s. Make it smaller and try again.")
        size, limit = _convert_to_megapixels(width * height), _convert_to_megapixels(limits.max_pixels)
        raise InvalidImage("too_many_pixels", sentence, size=size, limit=limit)


def _check_frames(frames: int, limits: Limits) -> None:
    if frames > limits.max_frames:
        sentence = _("This picture has too many frames or pages. The limit is %(limit)s.")
        raise InvalidImage("too_many_frames", sentence, limit=limits.max_frames)


def _decode_once(image: Image.Image, picture_format: PictureFormat) -> tuple[int, int]:
    """Decode the first frame to prove it complete and return its size. A JPEG is decoded at an eighth of its size."""
    size = image.size
    image.draft(None, (1, 1))
    with reserve_pixels(image.width * image.height):
        image.load()
    return size if picture_format == JPEG else image.size


def _convert_to_megabytes(size: int) -> float:
    return _round_up(size, 1024 * 1024)


def _convert_to_megapixels(pixels: int) -> float:
    return _round_up(pixels, 1_000_000)


def _round_up(amount: int, unit: int) -> float:
    """Round up to two decimals. Rounding to nearest could show the limit itself for a value just above it."""
    hundredths = -(-amount * 100 // unit)
    return hundredths / 100 if hundredths % 100 else hundredths // 100
