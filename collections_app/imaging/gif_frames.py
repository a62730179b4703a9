"""A walk over the blocks of a GIF (GIF89a specification, sections 18 to 26) that decodes nothing."""

from collections.abc import Iterator
from typing import BinaryIO

_EXTENSION, _IMAGE, _TRAILER = b"!", b",", b";"


def read_gif_frames(file: BinaryIO) -> Iterator[tuple[int, int]]:
    """Yield for each frame the canvas it needs: its own extent or the screen, whichever reaches further.

    Like Pillow, a missing end is the end. Raises EOFError inside a frame's header.
    """
    file.seek(6)
    screen = _read(file, 7)
    width, height = int.from_bytes(screen[:2], "little"), int.from_bytes(screen[2:4], "little")
    _skip_palette(file, screen[4])
    while (kind := file.read(1)) not in (b"", _TRAILER):
        if kind == _EXTENSION:
            file.read(1)
            _skip_sub_blocks(file)
        elif kind == _IMAGE:
            box = _read(file, 9)
            left, top, wide, high = (int.from_bytes(box[i : i + 2], "little") for i in (0, 2, 4, 6))
            yield max(width, left + wide), max(height, top + high)
            _skip_palette(file, box[8])
            file.read(1)
            _skip_sub_blocks(file)


def _skip_palette(file: BinaryIO, flags: int) -> None:
    if flags & 0x80:
        file.read(3 << (flags & 7) + 1)


def _skip_sub_blocks(file: BinaryIO) -> None:
    while size := file.read(1):
        if size == b"\x00":
            return
        file.read(size[0])


def _read(file: BinaryIO, size: int) -> bytes:
    data = file.read(size)
    if len(data) < size:
        raise EOFError("truncated GIF")
    return data
