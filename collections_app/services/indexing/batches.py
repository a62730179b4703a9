"""One batch's way into the index: encode, upsert, and only then call its jobs done."""

import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from collections_app.encoders import Encoder
from collections_app.errors import EncoderError, IndexRefused, ModelUnavailable
from collections_app.index import Record, VectorIndex
from collections_app.models import Image, IndexJob, IndexState
from collections_app.services.files import delete_files
from collections_app.services.indexing.preparation import Batch, Pixels, Task, decoded
from collections_app.services.indexing.queue import fail_job, finish_job

log = logging.getLogger(__name__)

Vector = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchWriter:
    """Raises IndexUnavailable or ModelUnavailable with the batch's jobs still claimed."""

    worker: uuid.UUID
    encoder: Encoder
    index: VectorIndex

    def write(self, batch: Batch) -> None:
        """Bring the index into agreement with the batch's images."""
        self._remove(batch.gone)
        self._upsert(self._kept(batch.kept) + self._encoded(batch.fresh))

    def _remove(self, jobs: Sequence[IndexJob]) -> None:
        """From every partition: an interrupted run may have left a vector where no row remembers."""
        if not jobs:
            return
        self.index.delete([job.image_id for job in jobs])
        for job in jobs:
            if job.file_name:
                delete_files(job.file_name)
            finish_job(worker=self.worker, job=job)

    def _kept(self, tasks: Sequence[Task]) -> list[tuple[Task, Vector]]:
        """Moved or otherwise changed, but the same picture and model: the vector is taken along."""
        if not tasks:
            return []
        vectors = self.index.vectors([task.entry.id for task in tasks])
        for task in tasks:
            if task.entry.id not in vectors:
                self._queue_for_encoding(task)
        return [(task, vectors[task.entry.id]) for task in tasks if task.entry.id in vectors]

    def _encoded(self, tasks: Sequence[Task]) -> list[tuple[Task, Vector]]:
        good: list[tuple[Task, Pixels]] = []
        for task in tasks:
            pixels = decoded(task)
            if isinstance(pixels, str):
                self._fail(task, pixels)
            else:
                good.append((task, pixels))
        return self._encode(good)

    def _encode(self, tasks: Sequence[tuple[Task, Pixels]]) -> list[tuple[Task, Vector]]:
        """Encode together; where that fails, one by one, so that a bad picture fails alone."""
        if not tasks:
            return []
        try:
            vectors = self.encoder.encode_pixels(np.stack([pixels for _, pixels in tasks]))
        except ModelUnavailable:
            raise
        except EncoderError as error:
            if len(tasks) == 1:
                self._fail(tasks[0][0], str(error))
                return []
            return [pair for each in tasks for pair in self._encode([each])]
        return [(task, vector) for (task, _), vector in zip(tasks, vectors, strict=True)]

    def _upsert(self, pairs: Sequence[tuple[Task, Vector]]) -> None:
        if not pairs:
            return
        try:
            self.index.upsert([Record(entry=task.entry, vector=vector) for task, vector in pairs])
        except IndexRefused as error:
            self._settle_refusal(pairs, str(error))
            return
        for task, _ in pairs:
            finish_job(worker=self.worker, job=task.job, model_key=self.encoder.key, sha256=task.sha256)

    def _settle_refusal(self, pairs: Sequence[tuple[Task, Vector]], reason: str) -> None:
        """One team's pictures may be refused where others are taken: each is tried alone, and fails alone."""
        if len(pairs) == 1:
            self._fail(pairs[0][0], reason)
            return
        for pair in pairs:
            self._upsert([pair])

    def _fail(self, task: Task, reason: str) -> None:
        log.warning("Image %s: attempt %s failed: %s", task.entry.id, task.job.attempts, reason)
        fail_job(worker=self.worker, job=task.job, reason=reason)

    def _queue_for_encoding(self, task: Task) -> None:
        """The row says indexed, but the vector is lost: say so, and take another round."""
        lost = Image.objects.filter(pk=task.entry.id)
        lost.record_index_state(index_state=IndexState.PENDING, index_model_key="", index_sha256="")
        lost.enqueue()
        finish_job(worker=self.worker, job=task.job)
