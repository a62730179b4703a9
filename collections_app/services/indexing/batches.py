"""One batch's way into the index: encode, upsert, and only then call its jobs done."""

import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from collections_app.encoders import Encoder
from collections_app.errors import EncoderError, ImageSearchError, IndexRefused, ModelUnavailable, StorageUnavailable
from collections_app.errors import gettext_noop as _
from collections_app.index import Record, VectorIndex
from collections_app.models import Image, IndexJob, IndexState
from collections_app.services.indexing.preparation import Batch, Decoded, Task, decoded, unreadable
from collections_app.services.indexing.queue import fail_job, finish_job, put_off_job
from collections_app.services.library.files import delete_files

log = logging.getLogger(__name__)

Vector = NDArray[np.float32]
Member = TypeVar("Member")


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchWriter:
    """Raises IndexUnavailable or ModelUnavailable with the batch's jobs still claimed.

    Raises StorageUnavailable once all is done that could be done without the files that cannot be read.
    """

    worker: uuid.UUID
    encoder: Encoder
    index: VectorIndex

    def write(self, batch: Batch) -> None:
        """Bring the index into agreement with the batch's images."""
        for job in batch.invalid:
            self._fail(job, _("What is recorded of this picture cannot be put into the index."))
        self._remove(batch.deleted)
        readable = [task for task in batch.to_encode if not unreadable(task)]
        self._upsert(self._kept(batch.reusable) + self._encoded(readable))
        self._sweep_up(batch.to_encode)
        self._put_off([task for task in batch.to_encode if unreadable(task)])

    def _remove(self, jobs: Sequence[IndexJob]) -> None:
        """From every partition: an interrupted run may have left a vector where no row remembers."""
        if not jobs:
            return
        try:
            self.index.delete([job.image_id for job in jobs])
        except IndexRefused as error:
            for each in self._split(jobs, jobs, error):
                self._remove(each)
            return
        for job in jobs:
            if job.file_name:
                delete_files(job.file_name)
            finish_job(worker=self.worker, job=job)

    def _kept(self, tasks: Sequence[Task]) -> list[tuple[Task, Vector]]:
        """Moved or otherwise changed, but the same picture and model: the vector is taken along."""
        if not tasks:
            return []
        try:
            vectors = self.index.vectors([task.entry.id for task in tasks])
        except IndexRefused as error:
            apart = self._split(tasks, [task.job for task in tasks], error)
            return [pair for each in apart for pair in self._kept(each)]
        for task in tasks:
            if task.entry.id not in vectors:
                self._queue_for_encoding(task)
        return [(task, vectors[task.entry.id]) for task in tasks if task.entry.id in vectors]

    def _encoded(self, tasks: Sequence[Task]) -> list[tuple[Task, Vector]]:
        good: list[tuple[Task, Decoded]] = []
        for task in tasks:
            given = decoded(task)
            if isinstance(given, str):
                self._fail(task.job, given)
            else:
                good.append((task, given))
        return self._encode(good)

    def _encode(self, tasks: Sequence[tuple[Task, Decoded]]) -> list[tuple[Task, Vector]]:
        """Encode together; where that fails, one by one, so that a bad picture fails alone."""
        if not tasks:
            return []
        try:
            vectors = self.encoder.encode_pixels(np.stack([given.pixels for _, given in tasks]))
        except ModelUnavailable:
            raise
        except EncoderError as error:
            apart = self._split(tasks, [task.job for task, _ in tasks], error)
            return [pair for each in apart for pair in self._encode(each)]
        return [(task, vector) for (task, _), vector in zip(tasks, vectors, strict=True)]

    def _upsert(self, pairs: Sequence[tuple[Task, Vector]]) -> None:
        if not pairs:
            return
        try:
            self.index.upsert([Record(entry=task.entry, vector=vector) for task, vector in pairs])
        except IndexRefused as error:
            for each in self._split(pairs, [task.job for task, _ in pairs], error):
                self._upsert(each)
            return
        for task, _vector in pairs:
            finish_job(
                worker=self.worker,
                job=task.job,
                model_key=self.encoder.key,
                sha256=task.sha256,
                perceptual_hash=task.perceptual_hash,
            )

    def _split(
        self, members: Sequence[Member], jobs: Sequence[IndexJob], error: ImageSearchError
    ) -> list[Sequence[Member]]:
        """Return what to try one by one where all together failed; one that was alone already is the culprit."""
        if len(members) == 1:
            self._fail(jobs[0], str(error))
            return []
        return [[member] for member in members]

    def _sweep_up(self, tasks: Sequence[Task]) -> None:
        """A picture deleted while it was decoded may have got its thumbnail after its files were deleted."""
        ids = [task.entry.id for task in tasks]
        there = set(Image.objects.filter(pk__in=ids).values_list("pk", flat=True))
        for task in tasks:
            if task.entry.id not in there:
                delete_files(task.file_name)

    def _put_off(self, tasks: Sequence[Task]) -> None:
        for task in tasks:
            put_off_job(worker=self.worker, job=task.job, reason=str(unreadable(task)))
        if tasks:
            raise StorageUnavailable(str(unreadable(tasks[0])))

    def _fail(self, job: IndexJob, reason: str) -> None:
        log.warning("Image %s: attempt %s failed: %s", job.image_id, job.attempts, reason)
        fail_job(worker=self.worker, job=job, reason=reason)

    def _queue_for_encoding(self, task: Task) -> None:
        """The row says indexed, but the vector is lost: say so, and take another round."""
        lost = Image.objects.filter(pk=task.entry.id)
        lost.record_index_state(index_state=IndexState.PENDING, index_model_key="", index_sha256="")
        lost.enqueue()
        finish_job(worker=self.worker, job=task.job)
