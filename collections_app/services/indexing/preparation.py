"""Preparing a batch: reads the rows of claimed jobs and decodes each picture once."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import BinaryIO, cast

import numpy as np
from django.core.files.storage import default_storage
from numpy.typing import NDArray
from PIL.Image import Image as Picture

from collections_app.encoders import Encoder
from collections_app.errors import EncoderError, InvalidImage, ModelUnavailable, StorageUnavailable
from collections_app.errors import gettext_noop as _
from collections_app.imaging import compute_perceptual_hash, open_picture
from collections_app.index import Entry
from collections_app.metrics import INVALID_DATA, count_index_failure
from collections_app.models import Image, IndexJob
from collections_app.request_ids import use_request_id
from collections_app.services.indexing.entries import build_entry_or_none
from collections_app.services.library.renditions import Rendition, has_rendition, store_rendition

# The longest edge of the decoded picture: enough for the thumbnail and for the input of the usual models.
_DECODED_EDGE_PX = 1024

log = logging.getLogger(__name__)

Pixels = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """The model's input, float32, shape (3, height, width), and the perceptual hash of one picture."""

    pixels: Pixels
    perceptual_hash: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A job whose image exists. `decoded` is None if the stored vector is still valid."""

    job: IndexJob
    entry: Entry
    file_name: str
    decoded: Decoded | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobBatch:
    """Claimed jobs, grouped by what they need. `failed` and `unreadable` ones have their reasons.

    An unreadable picture is one that the storage does not return right now, which the picture did not cause.
    """

    deleted: list[IndexJob] = field(default_factory=list)
    failed: list[tuple[IndexJob, str]] = field(default_factory=list)
    unreadable: list[tuple[IndexJob, StorageUnavailable]] = field(default_factory=list)
    reusable: list[Task] = field(default_factory=list)
    to_encode: list[Task] = field(default_factory=list)


def prepare_batch(*, jobs: Sequence[IndexJob], encoder: Encoder) -> JobBatch:
    """Read the rows again and decode the pictures that need a new vector. Raises ModelUnavailable."""
    batch = JobBatch()
    rows = Image.objects.select_related("collection").in_bulk([job.image_id for job in jobs])
    for job in jobs:
        with use_request_id(job.request_id):
            _add_job(batch, job, rows.get(job.image_id), encoder)
    return batch


def _add_job(batch: JobBatch, job: IndexJob, image: Image | None, encoder: Encoder) -> None:
    if image is None:
        batch.deleted.append(job)
    elif (entry := build_entry_or_none(image)) is None:
        count_index_failure(INVALID_DATA)
        batch.failed.append((job, _("This picture's data can't be stored in the index.")))
    elif image.index_model_key == encoder.key and image.index_sha256 == image.sha256:
        batch.reusable.append(Task(job=job, entry=entry, file_name=image.file_name))
    else:
        _add_decoded(batch, Task(job=job, entry=entry, file_name=image.file_name), image, encoder)


def _add_decoded(batch: JobBatch, task: Task, image: Image, encoder: Encoder) -> None:
    try:
        batch.to_encode.append(replace(task, decoded=_decode(image, encoder)))
    except ModelUnavailable:
        raise
    except StorageUnavailable as error:
        count_index_failure(error)
        batch.unreadable.append((task.job, error))
    except (InvalidImage, EncoderError) as error:
        count_index_failure(error)
        batch.failed.append((task.job, str(error)))
    except FileNotFoundError as error:
        count_index_failure(error)
        batch.failed.append((task.job, _("The picture's file is missing from the storage.")))
    except Exception as error:  # an unknown error fails this picture only
        log.exception("Image %s could not be prepared", image.pk)
        count_index_failure(error)
        reason = _("The picture couldn't be prepared for the model. Ask an administrator.")
        batch.failed.append((task.job, reason))


def _decode(image: Image, encoder: Encoder) -> Decoded:
    """Make the thumbnail, the hash and the model's input from one decode."""
    picture = read_picture(image)
    try:
        # An image that was indexed before has its thumbnail.
        if not (image.index_model_key and has_rendition(image=image, rendition=Rendition.GRID)):
            store_rendition(image=image, rendition=Rendition.GRID, picture=picture)
    except (OSError, StorageUnavailable) as error:  # the first page that shows the picture tries again
        log.warning("The thumbnail of image %s could not be stored: %s", image.pk, error)
    return Decoded(pixels=encoder.preprocess([picture])[0], perceptual_hash=compute_perceptual_hash(picture))


def read_picture(image: Image) -> Picture:
    """Return the decoded picture, at most 1,024 pixels long.

    Raises InvalidImage for a broken file, FileNotFoundError for a missing one, StorageUnavailable for other errors.
    """
    try:
        with default_storage.open(image.file_name) as file:
            return open_picture(cast(BinaryIO, file), max_edge_px=_DECODED_EDGE_PX)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise StorageUnavailable(
            _("A picture's file can't be read right now: %(reason)s."), reason=error.strerror or str(error)
        ) from error
