"""Reading the dates of stored pictures again, for pictures that an older version stored."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, BinaryIO, cast

from django.db import transaction

from collections_app.errors import InvalidImage
from collections_app.imaging import read_date_in_name, read_picture_date
from collections_app.models import Image
from collections_app.services.library.dates import build_date_fields

log = logging.getLogger(__name__)

_CHUNK_SIZE = 200


@dataclass(slots=True, kw_only=True)
class DateReading:
    """The progress. `last_id` is the last image that was read; `unreadable` lists the ids of images with bad files."""

    last_id: int = 0
    read_count: int = 0
    changed_count: int = 0
    unreadable: list[int] = field(default_factory=list)


def read_dates_again(*, reading: DateReading, is_stopped: Callable[[], bool]) -> bool:
    """Read the next images after `reading.last_id`; return whether there may be more.

    Dates that people edited do not change. One short transaction writes the changed rows of a chunk and their index
    jobs. Raises StorageUnavailable.
    """
    images = list(Image.objects.filter(pk__gt=reading.last_id, date_edited_at=None).order_by("pk")[:_CHUNK_SIZE])
    found: dict[int, dict[str, Any]] = {}
    for image in images:
        if is_stopped():
            break
        try:
            found[image.pk] = _read_fields(image)
        except (OSError, InvalidImage) as error:
            log.warning("The date of image %s could not be read: %s", image.pk, error)
            reading.unreadable.append(image.pk)
        reading.last_id, reading.read_count = image.pk, reading.read_count + 1
    current = {image.pk: image for image in images}
    changed = {pk: values for pk, values in found.items() if _is_different(current[pk], values)}
    reading.changed_count += _write_dates(changed)
    return bool(images) and not is_stopped()


def _read_fields(image: Image) -> dict[str, Any]:
    with image.file.open("rb") as file:
        taken = read_picture_date(cast(BinaryIO, file))
    return build_date_fields(taken or read_date_in_name(image.original_name))


def _is_different(image: Image, values: dict[str, Any]) -> bool:
    return any(getattr(image, name) != value for name, value in values.items())


@transaction.atomic
def _write_dates(changed: dict[int, dict[str, Any]]) -> int:
    """Skip an image that a person edited meanwhile; return how many were written."""
    unedited = Image.objects.filter(date_edited_at=None)
    return sum(unedited.filter(pk=pk).update(**values) for pk, values in changed.items())
