"""From claimed jobs to what the index shall hold: rows are read, each picture is decoded once, in threads."""

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
from collections_app.imaging import open_picture, perceptual_hash
from collections_app.index import Entry
from collections_app.models import Image, IndexJob
from collections_app.services.indexing.entries import entry_or_none
from collections_app.services.library.renditions import Rendition, store_rendition

# The longest edge of what the one decode gives: enough for the thumbnail and for any usual model's input.
_DECODED_EDGE_PX = 1024

log = logging.getLogger(__name__)

Pixels = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """What one decode gives beside the thumbnail: the model's input, (3, h, w), and how the picture looks."""

    pixels: Pixels
    perceptual_hash: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A job whose image exists. `decoding`: under way; None: the old vector holds."""

    job: IndexJob
    entry: Entry
    sha256: str
    file_name: str
    decoding: Future[Decoded] | None

    @property
    def perceptual_hash(self) -> int | None:
        """For a task that has been decoded; None where it need not be."""
        return self.decoding.result().perceptual_hash if self.decoding else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Claimed jobs, sorted by what is to be done. `invalid`: the row holds what no entry can."""

    jobs: Sequence[IndexJob]
    deleted: list[IndexJob] = field(default_factory=list)
    invalid: list[IndexJob] = field(default_factory=list)
    reusable: list[Task] = field(default_factory=list)
    to_encode: list[Task] = field(default_factory=list)

    @property
    def is_retry(self) -> bool:
        """A job that failed or took a process down before: nothing else is to be in hand with it."""
        return any(job.attempts > 1 for job in self.jobs)


def prepare_batch(*, jobs: Sequence[IndexJob], encoder: Encoder, pool: ThreadPoolExecutor) -> Batch:
    """Read the rows anew, and start decoding those pictures that need a new vector."""
    batch = Batch(jobs=jobs)
    rows = Image.objects.select_related("collection").in_bulk([job.image_id for job in jobs])
    for job in jobs:
        image = rows.get(job.image_id)
        if image is None:
            batch.deleted.append(job)
        elif (entry := entry_or_none(image)) is None:
            batch.invalid.append(job)
        else:
            holds = image.index_model_key == encoder.key and image.index_sha256 == image.sha256
            decoding = None if holds else pool.submit(_decode, image, encoder)
            task = Task(job=job, entry=entry, sha256=image.sha256, file_name=image.file_name, decoding=decoding)
            (batch.reusable if holds else batch.to_encode).append(task)
    return batch


def unreadable(task: Task) -> StorageUnavailable | None:
    """Wait for a picture's decoding; return what kept the machine from reading the file, if that is why it failed."""
    error = task.decoding.exception() if task.decoding else None
    return error if isinstance(error, StorageUnavailable) else None


def decoded(task: Task) -> Decoded | str:
    """Wait for a picture's decoding; return what it gave, or the reason why there is nothing.

    Raises ModelUnavailable or StorageUnavailable, which are no picture's fault.
    """
    if task.decoding is None:
        raise ValueError("This picture is not being decoded.")
    try:
        return task.decoding.result()
    except (ModelUnavailable, StorageUnavailable):
        raise
    except (InvalidImage, EncoderError) as error:
        return str(error)
    except FileNotFoundError:
        return _("The picture's file is missing from the storage.")
    except Exception:  # whatever it is, it is this picture's, and its neighbours go on
        log.exception("Image %s could not be prepared", task.entry.id)
        return _("The picture could not be prepared for the model. The site's log says why.")


def _decode(image: Image, encoder: Encoder) -> Decoded:
    """From one decode come the thumbnail, the hash and the model's input. Runs in a thread: no database here."""
    picture = read_picture(image)
    try:
        store_rendition(image=image, rendition=Rendition.GRID, picture=picture)
    except (OSError, StorageUnavailable) as error:  # the first page that shows the picture tries again
        log.warning("The thumbnail of image %s could not be stored: %s", image.pk, error)
    return Decoded(pixels=encoder.preprocess([picture])[0], perceptual_hash=perceptual_hash(picture))


def read_picture(image: Image) -> Picture:
    """A broken picture is an InvalidImage: a system error that remains is the fault of disk, network or rights."""
    try:
        with default_storage.open(image.file_name) as file:
            return open_picture(cast(BinaryIO, file), max_edge_px=_DECODED_EDGE_PX)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise StorageUnavailable(
            _("A picture's file cannot be read just now: %(reason)s."), reason=error.strerror or str(error)
        ) from error
