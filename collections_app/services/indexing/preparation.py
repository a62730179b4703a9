"""Preparing a batch: reads the rows of claimed jobs and decodes each picture once, in threads."""

import logging
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import BinaryIO, cast

import numpy as np
from django.core.files.storage import default_storage
from numpy.typing import NDArray
from PIL.Image import Image as Picture

from collections_app.encoders import Encoder
from collections_app.errors import EncoderError, InvalidImage, ModelUnavailable, StorageUnavailable
from collections_app.errors import gettext_noop as _
from collections_app.imaging import compute_perceptual_hash, open_picture
from collections_app.index import Entry, Vector
from collections_app.models import Image, IndexJob
from collections_app.services.indexing.entries import build_entry_or_none, compute_vector_checksum
from collections_app.services.library.renditions import Rendition, store_rendition

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
    """A job whose image exists. `decoding` is None if the stored vector is still valid."""

    job: IndexJob
    entry: Entry
    sha256: str
    file_name: str
    decoding: Future[Decoded] | None

    def compute_fields(self, vector: Vector) -> dict[str, int]:
        """Return the image's fields that depend on a new vector; none if the stored vector is reused."""
        if self.decoding is None:
            return {}
        perceptual_hash = self.decoding.result().perceptual_hash
        return {"perceptual_hash": perceptual_hash, "vector_checksum": compute_vector_checksum(vector)}


@dataclass(frozen=True, slots=True, kw_only=True)
class JobBatch:
    """Claimed jobs, grouped by what they need. `invalid` rows have values that the index cannot store."""

    jobs: Sequence[IndexJob]
    deleted: list[IndexJob] = field(default_factory=list)
    invalid: list[IndexJob] = field(default_factory=list)
    reusable: list[Task] = field(default_factory=list)
    to_encode: list[Task] = field(default_factory=list)

    @property
    def is_retry(self) -> bool:
        """Whether a job failed or crashed a process before. Such a job is processed alone."""
        return any(job.attempts > 1 for job in self.jobs)


def prepare_batch(*, jobs: Sequence[IndexJob], encoder: Encoder, pool: ThreadPoolExecutor) -> JobBatch:
    """Read the rows again and start to decode the pictures that need a new vector."""
    batch = JobBatch(jobs=jobs)
    rows = Image.objects.select_related("collection").in_bulk([job.image_id for job in jobs])
    for job in jobs:
        image = rows.get(job.image_id)
        if image is None:
            batch.deleted.append(job)
        elif (entry := build_entry_or_none(image)) is None:
            batch.invalid.append(job)
        else:
            is_current = image.index_model_key == encoder.key and image.index_sha256 == image.sha256
            decoding = None if is_current else pool.submit(_decode, image, encoder)
            task = Task(job=job, entry=entry, sha256=image.sha256, file_name=image.file_name, decoding=decoding)
            (batch.reusable if is_current else batch.to_encode).append(task)
    return batch


def find_storage_error(task: Task) -> StorageUnavailable | None:
    """Wait for the decoding; return the error if the storage could not be read."""
    error = task.decoding.exception() if task.decoding else None
    return error if isinstance(error, StorageUnavailable) else None


def get_decoded(task: Task) -> Decoded | str:
    """Wait for the decoding; return its result, or the reason why it failed as a sentence.

    Raises ModelUnavailable or StorageUnavailable, which no picture causes.
    """
    if task.decoding is None:
        raise ValueError("The task has no decoding.")
    try:
        return task.decoding.result()
    except (ModelUnavailable, StorageUnavailable):
        raise
    except (InvalidImage, EncoderError) as error:
        return str(error)
    except FileNotFoundError:
        return _("The picture's file is missing from the storage.")
    except Exception:  # an unknown error fails this picture only
        log.exception("Image %s could not be prepared", task.entry.id)
        return _("The picture couldn't be prepared for the model. Ask an administrator.")


def _decode(image: Image, encoder: Encoder) -> Decoded:
    """Make the thumbnail, the hash and the model's input from one decode. Runs in a thread without database access."""
    picture = read_picture(image)
    try:
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
