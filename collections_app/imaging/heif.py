"""What the boxes of a HEIC or AVIF (ISO/IEC 14496-12 and 23008-12) say, read before a library sees the file.

The bytes are searched instead of parsed: whatever a library takes for such a box carries its name, and a file cannot
hide one by nesting boxes in a way that the library and we read differently. Four bytes match by accident once in 4 GB.
"""

import struct
from collections.abc import Iterator

_ITEM, _SPATIAL_EXTENTS = b"infe", b"ispe"


def read_spatial_extents(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield the largest size that the file declares for any of its pictures; nothing if it declares none."""
    sizes = [struct.unpack(">II", body[4:12]) for body in _boxes(data, _SPATIAL_EXTENTS) if len(body) == 12]
    if sizes:
        yield max(sizes, key=lambda size: size[0] * size[1])


def check_items(data: bytes) -> None:
    """Raise ValueError if an item's type or content type is no text.

    pi_heif 1.4 makes Python strings of them and ends the whole process where they are not UTF-8.
    """
    for body in _boxes(data, _ITEM):
        if len(body) < 12 or body[0] > 3:
            continue
        if body[0] < 2:
            raise ValueError("an item of a HEIC without a type")
        text = body[8 if body[0] == 2 else 10 :]
        if not text[:4].isascii():
            raise ValueError("an item of a HEIC with a damaged type")
        if text.startswith(b"mime"):
            text.decode("utf-8")


def _boxes(data: bytes, name: bytes) -> Iterator[bytes]:
    """Yield the bodies (version, flags, payload) of the boxes of this name."""
    start = data.find(name)
    while start >= 0:
        size = int.from_bytes(data[max(0, start - 4) : start], "big")
        if size in (0, 1):
            raise ValueError("a box that gives its size elsewhere")
        yield data[start + 4 : start - 4 + size]
        start = data.find(name, start + 4)
