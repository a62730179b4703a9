"""The boxes of a HEIC or AVIF file (ISO/IEC 14496-12 and 23008-12), read before a decoder opens it.

The bytes are searched for a box's name instead of parsed. Every box that a decoder finds carries its name, so a file
cannot hide a box by nesting it in a way that the decoder and this module read differently. Four bytes match by accident
once in 4 GB.
"""

import struct
from collections.abc import Iterator

_ITEM, _SPATIAL_EXTENTS = b"infe", b"ispe"


def read_spatial_extents(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield the largest width and height that the file declares for a picture; nothing if it declares none."""
    sizes = [struct.unpack(">II", body[4:12]) for body in _iterate_boxes(data, _SPATIAL_EXTENTS) if len(body) == 12]
    if sizes:
        yield max(sizes, key=lambda size: size[0] * size[1])


def check_items(data: bytes) -> None:
    """Raise ValueError if an item's type or content type is not text.

    pi_heif 1.4 decodes them as UTF-8 and aborts the process where that fails.
    """
    for body in _iterate_boxes(data, _ITEM):
        if len(body) < 12 or body[0] > 3:
            continue
        if body[0] < 2:
            raise ValueError("an item of a HEIC without a type")
        text = body[8 if body[0] == 2 else 10 :]
        if not text[:4].isascii():
            raise ValueError("an item of a HEIC with a damaged type")
        if text.startswith(b"mime"):
            text.decode("utf-8")


def _iterate_boxes(data: bytes, name: bytes) -> Iterator[bytes]:
    """Yield the bodies (version, flags, payload) of the boxes of this name."""
    start = data.find(name)
    while start >= 0:
        size = int.from_bytes(data[max(0, start - 4) : start], "big")
        if size in (0, 1):
            raise ValueError("a box that gives its size elsewhere")
        yield data[start + 4 : start - 4 + size]
        start = data.find(name, start + 4)
