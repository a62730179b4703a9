"""The sheet of pictures that a search can be saved as."""

import math
from collections.abc import Iterable

from PIL import Image, ImageOps


def draw_contact_sheet(pictures: Iterable[Image.Image], *, columns: int = 5, cell_px: int = 150) -> Image.Image:
    """Return the pictures in rows of `columns`, each in a square of `cell_px`, on white.

    Every picture fills its square and is cropped around its centre, so that nothing is distorted.

    Raises ValueError where there is no picture.
    """
    cells = [ImageOps.fit(picture.convert("RGB"), (cell_px, cell_px)) for picture in pictures]
    if not cells:
        raise ValueError("A sheet needs at least one picture.")
    sheet = Image.new("RGB", (columns * cell_px, math.ceil(len(cells) / columns) * cell_px), "white")
    for index, cell in enumerate(cells):
        row, column = divmod(index, columns)
        sheet.paste(cell, (column * cell_px, row * cell_px))
    return sheet
