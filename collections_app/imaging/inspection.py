"""The checks of an upload, cheapest first, before and while it is decoded once. Called by the upload service."""

import os
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from PIL import Image

from collections_app.errors import InvalidImage
from collections_app.errors import gettext_noop as _

from .decoding import open_lazily, turned_size
from .errors import decoding
from .formats import GIF, HEAD_BYTES, JPEG, TIFF, PictureFormat, identify
from .memory import reserve_pixels
from .metadata import read_orientation, read_taken_at
from .prescan import read_declared_sizes


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What an upload may have at most."""

    max_bytes: int
    max_pixels: int
    max_frames: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureInfo:
    """What is known of an accepted picture.

    `width` and `height` are those of the picture as displayed. `frames` counts an animation's frames or a document's
    pages; a JPEG has one, whatever its maker appended. `taken_at` is naive where the camera noted no offset.
    """

    format: str
    extension: str
    content_type: str
    width: int
    height: int
    frames: int
    taken_at: datetime | None


def inspect_picture(file: BinaryIO, limits: Limits) -> PictureInfo:
    """Return what the file is, after checking bytes, format, pixels, frames and completeness, in this order.

    Nothing is allocated for the pixels before their number is known to be acceptable. The file is left at 0.

    Raises InvalidImage with one of the codes `empty`, `too_large`, `not_a_picture`, `svg`, `unsupported`,
    `too_many_pixels`, `too_many_frames`, `truncated`, `damaged`.
    """
    try:
        _check_bytes(file, limits)
        file.seek(0)
        picture_format = identify(file.read(HEAD_BYTES))
        with decoding():
            return _inspect(file, picture_format, limits)
    finally:
        file.seek(0)


def _inspect(file: BinaryIO, picture_format: PictureFormat, limits: Limits) -> PictureInfo:
    frames = _check_claims(file, picture_format, limits)
    image = open_lazily(file, picture_format)
    _check_pixels(image.width, image.height, limits)
    if picture_format not in (JPEG, GIF, TIFF):
        frames = getattr(image, "n_frames", 1)
        _check_frames(frames, limits)
    taken_at = read_taken_at(image)
    orientation = read_orientation(image, picture_format)
    width, height = turned_size(_decode_once(image, picture_format), orientation)
    return PictureInfo(
        format=picture_format.name,
        extension=picture_format.extension,
        content_type=picture_format.content_type,
        width=width,
        height=height,
        frames=max(frames, 1),
        taken_at=taken_at,
    )


def _check_bytes(file: BinaryIO, limits: Limits) -> None:
    size = file.seek(0, os.SEEK_END)
    size = file.tell() if size is None else size
    if size == 0:
        raise InvalidImage("empty", _("This file is empty; choose another one."))
    check_byte_size(size, limits)


def check_byte_size(size: int, limits: Limits) -> None:
    """Raises InvalidImage with the code `too_large`."""
    if size > limits.max_bytes:
        sentence = _("This file has %(size)s MB; at most %(limit)s MB are accepted.")
        raise InvalidImage("too_large", sentence, size=_megabytes(size), limit=_megabytes(limits.max_bytes))


def _check_claims(file: BinaryIO, picture_format: PictureFormat, limits: Limits) -> int:
    """Check what the headers claim, frame by frame, and return the number of frames (0 where headers do not say)."""
    frames = 0
    for claim in read_declared_sizes(file, picture_format):
        if frames == 0:
            _check_pixels(claim.width, claim.height, limits)
        frames += 1
        _check_frames(frames, limits)
    return frames


def _check_pixels(width: int, height: int, limits: Limits) -> None:
    if width * height > limits.max_pixels:
        sentence = _(
            "This picture has %(size)s megapixels; at most %(limit)s are accepted. Make it smaller and upload that."
        )
        size, limit = _megapixels(width * height), _megapixels(limits.max_pixels)
        raise InvalidImage("too_many_pixels", sentence, size=size, limit=limit)


def _check_frames(frames: int, limits: Limits) -> None:
    if frames > limits.max_frames:
        sentence = _("This picture has more than %(limit)s frames or pages, which is the most that is accepted.")
        raise InvalidImage("too_many_frames", sentence, limit=limits.max_frames)


def _decode_once(image: Image.Image, picture_format: PictureFormat) -> tuple[int, int]:
    """Decode the first frame to prove it complete, and return its size. A JPEG is read whole, at an eighth of it."""
    size = image.size
    image.draft(None, (1, 1))
    with reserve_pixels(image.width * image.height):
        image.load()
    return size if picture_format == JPEG else image.size


def _megabytes(size: int) -> float:
    return _rounded_up(size, 1024 * 1024)


def _megapixels(pixels: int) -> float:
    return _rounded_up(pixels, 1_000_000)


def _rounded_up(amount: int, unit: int) -> float:
    """Two decimals at most. Rounded to the nearest, what is just too much would read like the limit itself."""
    hundredths = -(-amount * 100 // unit)
    return hundredths / 100 if hundredths % 100 else hundredths // 100
