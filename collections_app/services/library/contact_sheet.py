"""A contact sheet of found pictures."""

from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO, cast

from PIL.Image import Image as Picture

from collections_app.errors import InvalidImage, StorageUnavailable, TimeBudgetSpent
from collections_app.errors import gettext_noop as _
from collections_app.imaging import draw_contact_sheet, open_picture
from collections_app.models import Image
from collections_app.services.library.renditions import Rendition, open_rendition

COLUMNS = 5
MAX_ROWS = 10


def make_contact_sheet(images: Sequence[Image], *, is_time_over: Callable[[], bool] = lambda: False) -> Picture:
    """Return the pictures in rows of five; a picture that cannot be read is skipped.

    Raises ValueError if none can be read, and TimeBudgetSpent if the time is over before the last picture. The stored
    renditions make the next call faster.
    """
    return draw_contact_sheet(filter(None, _open_grid_pictures(images, is_time_over)), columns=COLUMNS)


def _open_grid_pictures(images: Sequence[Image], is_time_over: Callable[[], bool]) -> Iterator[Picture | None]:
    for number, image in enumerate(images):
        if number and is_time_over():
            raise TimeBudgetSpent(_("The pictures are still being prepared. Try again in a moment."))
        yield _open_grid_picture(image)


def _open_grid_picture(image: Image) -> Picture | None:
    try:
        with open_rendition(image=image, rendition=Rendition.GRID) as file:
            return open_picture(cast(BinaryIO, file))
    except (FileNotFoundError, InvalidImage, StorageUnavailable):
        return None
