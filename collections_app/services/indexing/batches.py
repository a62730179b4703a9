"""Writing a batch to the index: encodes, upserts, and then finishes its jobs."""

import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from collections_app.encoders import Encoder
from collections_app.errors import EncoderError, ImageSearchError, IndexRefused, ModelUnavailable, StorageUnavailable
from collections_app.index import Record, Vector, VectorIndex, is_unit
from collections_app.metrics import count_index_failure, count_indexed
from collections_app.models import Image, IndexJob, IndexState
from collections_app.request_ids import use_request_id
from collections_app.services.indexing.entries import compute_vector_checksum
from collections_app.services.indexing.preparation import JobBatch, Task
from collections_app.services.indexing.queue import fail_job, finish_jobs, postpone_job
from collections_app.services.library.files import discard_files

log = logging.getLogger(__name__)

Member = TypeVar("Member")


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchWriter:
    """Writes batches for one worker.

    Raises IndexUnavailable or ModelUnavailable with the jobs still claimed. Raises StorageUnavailable after the other
    images of the batch are done.
    """

    worker: uuid.UUID
    encoder: Encoder
    index: VectorIndex

    def write(self, batch: JobBatch) -> None:
        """Bring the index into agreement with the batch's images."""
        for job, reason in batch.failed:
            self._fail(job, reason)
        undeleted = self._remove(batch.deleted)
        self._upsert(self._reuse_vectors(batch.reusable) + self._encode(batch.to_encode))
        self._delete_late_thumbnails(batch.to_encode)
        self._postpone([*undeleted, *batch.unreadable])

    def _remove(self, jobs: Sequence[IndexJob]) -> list[tuple[IndexJob, StorageUnavailable]]:
        """Delete entries and files. Return the jobs whose files the storage doesn't delete right now.

        Entries are deleted from every partition: an interrupted run may have left a vector in an unexpected one.
        """
        if not jobs:
            return []
        try:
            self.index.delete([job.image_id for job in jobs])
            discard_files(*(job.file_name for job in jobs if job.file_name))
        except IndexRefused as error:
            return [each for part in self._split(jobs, jobs, error) for each in self._remove(part)]
        except StorageUnavailable as error:
            if len(jobs) == 1:
                count_index_failure(error)
                return [(jobs[0], error)]
            return [each for job in jobs for each in self._remove([job])]
        finish_jobs(worker=self.worker, jobs=jobs)
        return []

    def _reuse_vectors(self, tasks: Sequence[Task]) -> list[tuple[Task, Vector]]:
        """Return the stored vectors of images that were moved or edited: file and model are the same."""
        if not tasks:
            return []
        try:
            vectors = self.index.get_vectors([task.entry.id for task in tasks])
        except IndexRefused as error:
            parts = self._split(tasks, [task.job for task in tasks], error)
            return [pair for part in parts for pair in self._reuse_vectors(part)]
        # A damaged vector is no unit vector, and the index refuses it.
        usable = {image_id: vector for image_id, vector in vectors.items() if is_unit(vector)}
        for task in tasks:
            if task.entry.id not in usable:
                self._queue_for_encoding(task)
        return [(task, usable[task.entry.id]) for task in tasks if task.entry.id in usable]

    def _encode(self, tasks: Sequence[Task]) -> list[tuple[Task, Vector]]:
        """Encode together; if that fails, one by one, so that a bad picture fails alone."""
        if not tasks:
            return []
        try:
            vectors = self.encoder.encode_pixels(np.stack([task.decoded.pixels for task in tasks if task.decoded]))
        except ModelUnavailable:
            raise
        except EncoderError as error:
            parts = self._split(tasks, [task.job for task in tasks], error)
            return [pair for part in parts for pair in self._encode(part)]
        return list(zip(tasks, vectors, strict=True))

    def _upsert(self, pairs: Sequence[tuple[Task, Vector]]) -> None:
        if not pairs:
            return
        try:
            self.index.upsert([Record(entry=task.entry, vector=vector) for task, vector in pairs])
        except IndexRefused as error:
            for part in self._split(pairs, [task.job for task, _ in pairs], error):
                self._upsert(part)
            return
        computed = {
            task.entry.id: {
                "perceptual_hash": task.decoded.perceptual_hash,
                "vector_checksum": compute_vector_checksum(vector),
            }
            for task, vector in pairs
            if task.decoded
        }
        jobs = [task.job for task, _ in pairs]
        finish_jobs(worker=self.worker, jobs=jobs, model_key=self.encoder.key, computed=computed)
        count_indexed(encoded=len(computed), reused=len(pairs) - len(computed))

    def _split(
        self, members: Sequence[Member], jobs: Sequence[IndexJob], error: ImageSearchError
    ) -> list[Sequence[Member]]:
        """Return the members of a failed batch one by one. A single member is the cause: fail its job."""
        if len(members) == 1:
            count_index_failure(error)
            self._fail(jobs[0], str(error))
            return []
        return [[member] for member in members]

    def _delete_late_thumbnails(self, tasks: Sequence[Task]) -> None:
        """Delete thumbnails that were stored after their image was deleted with its files."""
        ids = [task.entry.id for task in tasks]
        existing = set(Image.objects.filter(pk__in=ids).values_list("pk", flat=True))
        discard_files(*(task.file_name for task in tasks if task.entry.id not in existing))

    def _postpone(self, refused: Sequence[tuple[IndexJob, StorageUnavailable]]) -> None:
        for job, error in refused:
            postpone_job(worker=self.worker, job=job, reason=str(error))
        if refused:
            raise StorageUnavailable(str(refused[0][1]))

    def _fail(self, job: IndexJob, reason: str) -> None:
        with use_request_id(job.request_id):
            log.warning("Image %s: attempt %s failed: %s", job.image_id, job.attempts, reason)
        fail_job(worker=self.worker, job=job, reason=reason)

    def _queue_for_encoding(self, task: Task) -> None:
        """Queue an image again that is recorded as indexed but has no vector that can be used."""
        images = Image.objects.filter(pk=task.entry.id)
        images.record_index_state(index_state=IndexState.PENDING, index_model_key="", index_sha256="")
        images.enqueue()
        finish_jobs(worker=self.worker, jobs=[task.job])
