"""Making the thumbnails that the storage lacks."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.conf import settings

from collections_app.errors import InvalidImage
from collections_app.models import Image
from collections_app.models.image import ImageQuerySet
from collections_app.services.library.images import iterate_by_id
from collections_app.services.library.renditions import Rendition, ensure_rendition


def make_thumbnails(images: ImageQuerySet, *, on_images: Callable[[int], object] = lambda _count: None) -> None:
    """Make the missing thumbnails of these images, with as many threads as the index worker has lanes.

    Pictures that are missing or damaged stay without. Raises OSError or StorageUnavailable.
    """
    with ThreadPoolExecutor(settings.INDEX_LANES) as threads:
        for chunk in iterate_by_id(images):
            for _made in threads.map(_make_thumbnail, chunk):
                on_images(1)


def _make_thumbnail(image: Image) -> None:
    try:
        ensure_rendition(image=image, rendition=Rendition.GRID)
    except (FileNotFoundError, InvalidImage):
        return
