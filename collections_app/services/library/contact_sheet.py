"""A contact sheet of found pictures."""

from collections.abc import Sequence
from typing import BinaryIO, cast

from PIL.Image import Image as Picture

from collections_app.errors import InvalidImage, StorageUnavailable
from collections_app.imaging import draw_contact_sheet, open_picture
from collections_app.models import Image
from collections_app.services.library.renditions import Rendition, open_rendition

COLUMNS = 5
MAX_ROWS = 10


def make_contact_sheet(images: Sequence[Image]) -> Picture:
    """Return the pictures in rows of five; a picture that cannot be read is skipped.

    Raises ValueError if none can be read.
    """
    return draw_contact_sheet(filter(None, map(_open_grid_picture, images)), columns=COLUMNS)


def _open_grid_picture(image: Image) -> Picture | None:
    try:
        with open_rendition(image=image, rendition=Rendition.GRID) as file:
            return open_picture(cast(BinaryIO, file))
    except (FileNotFoundError, InvalidImage, StorageUnavailable):
        return None
