"""Preparing a batch: reads the rows of claimed jobs and decodes each picture once."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import BinaryIO, cast

import numpy as np
from django.core.files.storage import default_storage
from numpy.typing import NDArray
from PIL.Image import Image as Picture

from collections_app.errors import EncoderError, InvalidImage, ModelUnavailable, StorageUnavailable
from collections_app.errors import gettext_noop as _
from collections_app.imaging import compute_perceptual_hash, open_picture
from collections_app.index import Entry
from collections_app.metrics import INVALID_DATA, count_index_failure
from collections_app.models import Image, IndexJob
from collections_app.models.index_job import Priority
from collections_app.request_ids import use_request_id
from collections_app.services.indexing.entries import build_entry_or_none
from collections_app.services.indexing.kept_models import KeptModel
from collections_app.services.library.renditions import Rendition, has_rendition, store_rendition

# The longest edge of the decoded picture: enough for the thumbnail and for the input of the usual models.
_DECODED_EDGE_PX = 1024

log = logging.getLogger(__name__)

Pixels = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """From one decode of a picture: the input of each model that encodes it, float32, shape (3, height, width), by the
    model's key; and the perceptual hash."""

    pixels: dict[str, Pixels]
    perceptual_hash: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A job whose image exists. `decoded` is None if no model needs a new vector.

    `later_keys`: the keys of models that encode the picture in a later attempt. The active one is never among them.
    `failures`: why such a model could not encode it, by its key.
    """

    job: IndexJob
    entry: Entry
    file_name: str
    decoded: Decoded | None = None
    later_keys: frozenset[str] = frozenset()
    failures: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_encoded(self) -> bool:
        """Whether a model has encoded the picture."""
        return bool(self.decoded and self.decoded.pixels.keys() - self.failures.keys())

    def get_pixels(self, model: KeptModel) -> Pixels | None:
        """Return the model's input, or None if its stored vector is still valid."""
        return self.decoded.pixels.get(model.key) if self.decoded else None

    def add_failures(self, failures: Mapping[str, str]) -> "Task":
        return replace(self, later_keys=self.later_keys | failures.keys(), failures={**self.failures, **failures})


@dataclass(frozen=True, slots=True, kw_only=True)
class JobBatch:
    """Claimed jobs, grouped by what they need. `failed` and `unreadable` ones have their reasons.

    An unreadable picture is one that the storage does not return right now, which the picture did not cause.
    `unavailable` are models other than the active one that cannot be loaded right now, by their keys.
    """

    deleted: list[IndexJob] = field(default_factory=list)
    failed: list[tuple[IndexJob, str]] = field(default_factory=list)
    unreadable: list[tuple[IndexJob, StorageUnavailable]] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)
    unavailable: dict[str, ModelUnavailable] = field(default_factory=dict)


def prepare_batch(*, jobs: Sequence[IndexJob], models: Sequence[KeptModel]) -> JobBatch:
    """Read the rows again and decode the pictures that need a new vector. Raises ModelUnavailable for the active model.

    A person's change does not wait until a model that is being prepared has encoded the picture.
    """
    batch = JobBatch()
    rows = Image.objects.select_related("collection").in_bulk([job.image_id for job in jobs])
    for job in jobs:
        with use_request_id(job.request_id):
            _add_job(batch, job, rows.get(job.image_id), models)
    return batch


def _add_job(batch: JobBatch, job: IndexJob, image: Image | None, models: Sequence[KeptModel]) -> None:
    if image is None:
        batch.deleted.append(job)
    elif (entry := build_entry_or_none(image)) is None:
        count_index_failure(INVALID_DATA)
        batch.failed.append((job, _("This picture's data can't be stored in the index.")))
    else:
        lacking = [each for each in models if not image.has_vector_of(each.key, each.fields)]
        later = [each for each in lacking if each.is_being_prepared and job.priority == Priority.CHANGE]
        task = Task(job=job, entry=entry, file_name=image.file_name, later_keys=frozenset(each.key for each in later))
        _add_task(batch, task, image, [each for each in lacking if each not in later])


def _add_task(batch: JobBatch, task: Task, image: Image, models: Sequence[KeptModel]) -> None:
    try:
        batch.tasks.append(_decode(batch, task, image, models) if models else task)
    except ModelUnavailable:
        raise
    except StorageUnavailable as error:
        count_index_failure(error)
        batch.unreadable.append((task.job, error))
    except (InvalidImage, EncoderError, FileNotFoundError) as error:
        _add_failure(batch, task, models, error)
    except Exception as error:  # an unknown error fails this picture only
        log.exception("Image %s could not be prepared", image.pk)
        _add_failure(batch, task, models, error)


def _add_failure(batch: JobBatch, task: Task, models: Sequence[KeptModel], error: Exception) -> None:
    """Fail the job. If the active model has its vector already, the job fails for the other one only."""
    count_index_failure(error)
    if any(each.is_active for each in models):
        batch.failed.append((task.job, _describe_failure(error)))
    else:
        batch.tasks.append(task.add_failures({each.key: _describe_failure(error) for each in models}))


def _describe_failure(error: Exception) -> str:
    if isinstance(error, (InvalidImage, EncoderError)):
        return str(error)
    if isinstance(error, FileNotFoundError):
        return _("The picture's file is missing from the storage.")
    return _("The picture couldn't be prepared for the model. Ask an administrator.")


def _decode(batch: JobBatch, task: Task, image: Image, models: Sequence[KeptModel]) -> Task:
    """Make the thumbnail, the hash and the input of the models from one decode."""
    picture = read_picture(image)
    was_indexed = image.index_model_key or image.second_model_key
    try:
        # An image that was indexed before has its thumbnail.
        if not (was_indexed and has_rendition(image=image, rendition=Rendition.GRID)):
            store_rendition(image=image, rendition=Rendition.GRID, picture=picture)
    except (OSError, StorageUnavailable) as error:  # the first page that shows the picture tries again
        log.warning("The thumbnail of image %s could not be stored: %s", image.pk, error)
    pixels: dict[str, Pixels] = {}
    failures: dict[str, str] = {}
    for model in models:
        if model.key in batch.unavailable:
            continue
        try:
            pixels[model.key] = model.encoder.preprocess([picture])[0]
        except Exception as error:  # an error of the other model must not make the picture unsearchable
            if model.is_active:
                raise
            if isinstance(error, ModelUnavailable):
                log.warning("Pictures wait for the model %s: %s", model.name, error)
                batch.unavailable[model.key] = error
            else:
                log.warning("Image %s could not be prepared for the model %s", image.pk, model.name, exc_info=True)
                count_index_failure(error)
                failures[model.key] = _describe_failure(error)
    decoded = Decoded(pixels=pixels, perceptual_hash=compute_perceptual_hash(picture))
    later_keys = task.later_keys | {each.key for each in models if each.key not in pixels}
    return replace(task, decoded=decoded, later_keys=later_keys).add_failures(failures)


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
