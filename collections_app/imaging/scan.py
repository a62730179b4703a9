"""The result of scanning a file before a decoder opens it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

# In Pillow a pixel of a colour picture takes 4 bytes, and each row a pointer of 8 bytes.
RASTER_BYTES_PER_PIXEL, _ROW_BYTES = 4, 8
# Video codecs pad a picture to whole blocks, and AV1 may give the size as a number of bits.
_MAX_PADDING = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """The first frame of a file, and how Pillow reads it.

    `file` is the file to give to Pillow. `codec_bytes` is the memory that the decoder takes besides Pillow's pixels.
    `frames` is at most one above the caller's limit. `crop` is left, top, right and bottom of the part to show.
    `is_open_ended` is True for a JPEG without an end marker. `exif` replaces the metadata of a raw file's preview.
    `other_sizes` are the sizes in the bitstream, if they may differ from the header's.
    """

    file: BinaryIO
    width: int
    height: int
    codec_bytes: int = 0
    frames: int = 1
    crop: tuple[int, int, int, int] | None = None
    is_open_ended: bool = False
    exif: bytes = b""
    other_sizes: Sequence[tuple[int, int]] = ()

    @property
    def pixels(self) -> int:
        """The pixels that the header declares, or those of the bitstream if it has many more."""
        declared, largest = self.width * self.height, self.largest[0] * self.largest[1]
        return largest if largest > _MAX_PADDING * declared else declared

    @property
    def largest(self) -> tuple[int, int]:
        """The largest size that the header or the bitstream gives."""
        return max(((self.width, self.height), *self.other_sizes), key=lambda size: size[0] * size[1])

    @property
    def decode_bytes(self) -> int:
        """The memory that decoding takes: the decoder's, and Pillow's pixels."""
        return self.codec_bytes + compute_raster_bytes(*self.largest)


def compute_raster_bytes(width: int, height: int) -> int:
    """Return the memory of Pillow's pixels, at most."""
    return height * (_ROW_BYTES + RASTER_BYTES_PER_PIXEL * width)
