"""Reduced pictures: thumbnails and contact sheets."""

import io
import math
from collections.abc import Callable, Iterable

from PIL import Image, ImageOps

THUMBNAIL_CONTENT_TYPE = "image/jpeg"
THUMBNAIL_QUALITY = 82
# As in Pillow's thumbnail(): shrink by box averaging to twice the size, then resample. This also bounds the table of
# weights in the second step, which would take gigabytes for a picture of 1 by 100,000,000 pixels.
REDUCING_GAP = 2.0
_STRIP_PIXELS = 4_000_000


def compute_thumbnail_size(width: int, height: int, edge_px: int) -> tuple[int, int]:
    """Return the size of a picture whose long edge is reduced to at most `edge_px`: never enlarged, at least 1."""
    long_edge = max(width, height)
    if long_edge <= edge_px:
        return width, height
    return _scale_edge(width, edge_px, long_edge), _scale_edge(height, edge_px, long_edge)


def make_thumbnail(
    picture: Image.Image, *, edge_px: int, full_size: tuple[int, int] | None = None, quality: int = THUMBNAIL_QUALITY
) -> bytes:
    """Return a JPEG without metadata, of the size `compute_thumbnail_size(width, height, edge_px)`.

    Pass `full_size`, the displayed size of the original, if `picture` is already reduced. Otherwise rounding twice
    could differ by one pixel from the size that the page computes from the row.
    """
    size = compute_thumbnail_size(*(full_size or picture.size), edge_px)
    small = shrink_to_fit(picture if picture.mode == "RGB" else picture.convert("RGB"), size)
    if small.info:
        small = small.copy()
        small.info.clear()
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def draw_contact_sheet(pictures: Iterable[Image.Image], *, columns: int = 5, cell_px: int = 150) -> Image.Image:
    """Return the pictures in rows of `columns`, each cropped around its centre to a square of `cell_px`, on white.

    Raises ValueError if there is no picture.
    """
    cells = [ImageOps.fit(picture.convert("RGB"), (cell_px, cell_px)) for picture in pictures]
    if not cells:
        raise ValueError("A sheet needs at least one picture.")
    sheet = Image.new("RGB", (columns * cell_px, math.ceil(len(cells) / columns) * cell_px), "white")
    for index, cell in enumerate(cells):
        row, column = divmod(index, columns)
        sheet.paste(cell, (column * cell_px, row * cell_px))
    return sheet


def shrink_to_fit(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Return the picture resized to `size`; the same object if it has that size."""
    if picture.size == size:
        return picture
    return picture.resize(size, Image.Resampling.BICUBIC, reducing_gap=REDUCING_GAP)


def convert_in_strips(
    picture: Image.Image, size: tuple[int, int], convert: Callable[[Image.Image], Image.Image]
) -> Image.Image:
    """Return the picture converted and shrunk by whole numbers, to a size between `size` and REDUCING_GAP times that.

    Only one strip at a time is held in the mode that the conversion needs.
    """
    across, down = (max(1, int(full / small / REDUCING_GAP)) for full, small in zip(picture.size, size, strict=True))
    rows = max(1, _STRIP_PIXELS // picture.width // down) * down
    result: Image.Image | None = None
    for top in range(0, picture.height, rows):
        strip = convert(picture.crop((0, top, picture.width, min(top + rows, picture.height)))).reduce((across, down))
        if result is None:
            result = Image.new(strip.mode, (strip.width, -(-picture.height // down)))
        result.paste(strip, (0, top // down))
    if result is None:
        raise ValueError("A picture has at least one row.")
    return result


def compute_longest_edge(width: int, height: int, max_pixels: int) -> int:
    """Return the longest edge that the picture has when it is shrunk to at most so many pixels."""
    if width * height <= max_pixels:
        return max(width, height)
    return max(1, int(max(width, height) * math.sqrt(max_pixels / (width * height))))


def _scale_edge(edge: int, edge_px: int, long_edge: int) -> int:
    """Return the edge scaled and rounded, in integer arithmetic so that every machine agrees."""
    return max(1, (2 * edge * edge_px + long_edge) // (2 * long_edge))
