"""The small pictures on the pages. The worker makes them; the pages know their size from the row alone."""

import io

from PIL import Image

THUMBNAIL_CONTENT_TYPE = "image/jpeg"
QUALITY = 82
# As in Pillow's thumbnail(): shrink coarsely to twice the size, then carefully. It also bounds the memory of the
# careful step, whose table of weights would have gigabytes for a picture of one pixel by a hundred million.
REDUCING_GAP = 2.0


def thumbnail_size(width: int, height: int, edge_px: int) -> tuple[int, int]:
    """Return the size of a picture reduced to a long edge of at most `edge_px`: never enlarged, never below 1."""
    long_edge = max(width, height)
    if long_edge <= edge_px:
        return width, height
    return _scaled(width, edge_px, long_edge), _scaled(height, edge_px, long_edge)


def make_thumbnail(
    picture: Image.Image, *, edge_px: int, full_size: tuple[int, int] | None = None, quality: int = QUALITY
) -> bytes:
    """Return a JPEG, free of metadata, of the size `thumbnail_size(width, height, edge_px)`.

    `full_size` is the displayed size of the original where `picture` is a reduction of it: without it, rounding twice
    could differ by one pixel from what the page computed from the row.
    """
    size = thumbnail_size(*(full_size or picture.size), edge_px)
    small = shrink(picture if picture.mode == "RGB" else picture.convert("RGB"), size)
    clean = small.copy()
    clean.info.clear()
    buffer = io.BytesIO()
    clean.save(buffer, "JPEG", quality=quality, optimize=True)
    return buffer.getvalue()


def shrink(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Return the picture at `size`; the same object where it has it already."""
    if picture.size == size:
        return picture
    return picture.resize(size, Image.Resampling.BICUBIC, reducing_gap=REDUCING_GAP)


def _scaled(edge: int, edge_px: int, long_edge: int) -> int:
    """Return the edge scaled and rounded, in whole numbers so that every machine agrees."""
    return max(1, (2 * edge * edge_px + long_edge) // (2 * long_edge))
