"""Perceptual hashes for images indexed before the application computed them."""

import logging
from typing import BinaryIO, cast

from collections_app.errors import InvalidImage
from collections_app.imaging import compute_perceptual_hash, open_picture
from collections_app.models import Image
from collections_app.services.library.renditions import Rendition, open_rendition

log = logging.getLogger(__name__)


def backfill_hashes(*, after: int, limit: int) -> int | None:
    """Hash the thumbnails of up to `limit` images with ids above `after`; return the last id, None at the end.

    Skips images whose file is missing or broken; a later call tries them again. Raises StorageUnavailable.
    """
    images = list(Image.objects.unhashed().filter(pk__gt=after).order_by("pk")[:limit])
    for image in images:
        try:
            value = _hash_thumbnail(image)
        except (OSError, InvalidImage) as error:
            log.warning("Image %s could not be hashed: %s", image.pk, error)
            continue
        same_file = Image.objects.filter(pk=image.pk, sha256=image.sha256)
        same_file.record_index_state(perceptual_hash=value)
    return images[-1].pk if images else None


def _hash_thumbnail(image: Image) -> int:
    with open_rendition(image=image, rendition=Rendition.GRID) as file:
        return compute_perceptual_hash(open_picture(cast(BinaryIO, file)))
