"""Writing a batch to the index: encodes, upserts, and then finishes its jobs."""

import logging
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from collections_app.errors import EncoderError, ImageSearchError, IndexRefused, ModelUnavailable, StorageUnavailable
from collections_app.index import Record, Vector, is_unit
from collections_app.metrics import count_index_failure, count_indexed
from collections_app.models import Image, IndexJob, IndexState
from collections_app.request_ids import use_request_id
from collections_app.services.indexing.entries import compute_vector_checksum
from collections_app.services.indexing.kept_models import KeptModel
from collections_app.services.indexing.preparation import JobBatch, Task
from collections_app.services.indexing.queue import (
    fail_job,
    fail_job_of_other_model,
    finish_jobs,
    keep_jobs,
    postpone_job,
)
from collections_app.services.library.files import discard_files

log = logging.getLogger(__name__)

Member = TypeVar("Member")


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchWriter:
    """Writes batches for one worker to the indexes of all kept models, of which the first is the active one.

    Raises IndexUnavailable or ModelUnavailable with the jobs still claimed. Raises StorageUnavailable after the other
    images of the batch are done, and ModelUnavailable for another model than the active one if only that one is needed.
    """

    worker: uuid.UUID
    models: Sequence[KeptModel]

    def write(self, batch: JobBatch) -> None:
        """Bring the indexes into agreement with the batch's images."""
        for job, reason in batch.failed:
            self._fail(job, reason)
        undeleted = self._remove(batch.deleted)
        tasks: Sequence[Task] = batch.tasks
        computed = {each.entry.id: {"perceptual_hash": each.decoded.perceptual_hash} for each in tasks if each.decoded}
        for model in self.models:
            tasks = self._write_vectors(model, tasks, computed)
        self._finish(tasks, computed, batch.unavailable)
        self._delete_late_thumbnails([task for task in batch.tasks if task.decoded])
        self._postpone([*undeleted, *batch.unreadable])
        if batch.unavailable and all(task.get_pixels(self.models[0]) is None for task in batch.tasks):
            raise next(iter(batch.unavailable.values()))  # nothing else is due: these jobs have the lowest priority

    def _finish(self, tasks: Sequence[Task], computed: dict[int, dict[str, int]], unavailable: Collection[str]) -> None:
        """Finish the jobs for which nothing is left to do, and keep the others, to be done later."""
        rows = [model.row for model in self.models]
        done = [task for task in tasks if not task.later_keys]
        if done:
            finish_jobs(worker=self.worker, jobs=[task.job for task in done], models=rows, computed=computed)
        for model in self.models[1:]:
            self._keep_for(model, [task for task in tasks if model.key in task.later_keys], computed, unavailable)
        encoded = sum(task.is_encoded for task in tasks)
        count_indexed(encoded=encoded, reused=sum(not task.is_encoded for task in done))

    def _keep_for(
        self,
        model: KeptModel,
        tasks: Sequence[Task],
        computed: dict[int, dict[str, int]],
        unavailable: Collection[str],
    ) -> None:
        """Keep the jobs for a model other than the active one. Delete its older vectors of pictures that it could not
        encode."""
        models = (self.models[0].row, model.row)
        jobs = [task.job for task in tasks if model.key not in task.failures]
        is_unavailable = model.key in unavailable
        keep_jobs(worker=self.worker, jobs=jobs, models=models, is_unavailable=is_unavailable, computed=computed)
        failed = [task for task in tasks if model.key in task.failures]
        if failed:
            model.index.delete([task.entry.id for task in failed])
        for task in failed:
            reason = task.failures[model.key]
            self._log_failure(task.job, reason)
            fail_job_of_other_model(worker=self.worker, job=task.job, models=models, reason=reason, computed=computed)

    def _remove(self, jobs: Sequence[IndexJob]) -> list[tuple[IndexJob, StorageUnavailable]]:
        """Delete entries and files. Return the jobs whose files the storage doesn't delete right now.

        Entries are deleted from every partition: an interrupted run may have left a vector in an unexpected one.
        """
        if not jobs:
            return []
        try:
            for model in self.models:
                model.index.delete([job.image_id for job in jobs])
            discard_files(*(job.file_name for job in jobs if job.file_name))
        except IndexRefused as error:
            failures: dict[int, str] = {}
            parts = self._split(jobs, jobs, error, failures)
            for job in jobs:
                if reason := failures.get(job.pk):
                    self._fail(job, reason)
            return [each for part in parts for each in self._remove(part)]
        except StorageUnavailable as error:
            if len(jobs) == 1:
                count_index_failure(error)
                return [(jobs[0], error)]
            return [each for job in jobs for each in self._remove([job])]
        finish_jobs(worker=self.worker, jobs=jobs)
        return []

    def _write_vectors(
        self, model: KeptModel, tasks: Sequence[Task], computed: dict[int, dict[str, int]]
    ) -> Sequence[Task]:
        """Store the vectors of one model and add their checksums; return the tasks without those that failed.

        Tasks that failed for another model than the active one are returned with the reason.
        """
        failures: dict[int, str] = {}
        later = [task for task in tasks if model.key in task.later_keys]
        due = [task for task in tasks if model.key not in task.later_keys]
        stored = self._reuse_vectors(model, [task for task in due if task.get_pixels(model) is None], failures)
        encoded = self._encode(model, [task for task in due if task.get_pixels(model) is not None], failures)
        written = self._upsert(model, stored + encoded, failures)
        for task, vector in encoded:
            if task.job.pk not in failures:
                computed[task.entry.id][model.fields.checksum] = compute_vector_checksum(vector)
        failed = [(task, failures[task.job.pk]) for task in due if task.job.pk in failures]
        if model.is_active:
            for task, reason in failed:
                self._fail(task.job, reason)
            return [*later, *written]
        return [*later, *written, *(task.add_failures({model.key: reason}) for task, reason in failed)]

    def _reuse_vectors(
        self, model: KeptModel, tasks: Sequence[Task], failures: dict[int, str]
    ) -> list[tuple[Task, Vector]]:
        """Return the stored vectors of images that were moved or edited: file and model are the same."""
        if not tasks:
            return []
        try:
            vectors = model.index.get_vectors([task.entry.id for task in tasks])
        except IndexRefused as error:
            parts = self._split(tasks, [task.job for task in tasks], error, failures)
            return [pair for part in parts for pair in self._reuse_vectors(model, part, failures)]
        # A damaged vector is no unit vector, and the index refuses it.
        usable = {image_id: vector for image_id, vector in vectors.items() if is_unit(vector)}
        for task in tasks:
            if task.entry.id not in usable:
                self._queue_for_encoding(model, task)
        return [(task, usable[task.entry.id]) for task in tasks if task.entry.id in usable]

    def _encode(self, model: KeptModel, tasks: Sequence[Task], failures: dict[int, str]) -> list[tuple[Task, Vector]]:
        """Encode together; if that fails, one by one, so that a bad picture fails alone."""
        if not tasks:
            return []
        try:
            pixels = [own for task in tasks if (own := task.get_pixels(model)) is not None]
            vectors = model.encoder.encode_pixels(np.stack(pixels))
        except ModelUnavailable:
            raise
        except EncoderError as error:
            parts = self._split(tasks, [task.job for task in tasks], error, failures)
            return [pair for part in parts for pair in self._encode(model, part, failures)]
        return list(zip(tasks, vectors, strict=True))

    def _upsert(self, model: KeptModel, pairs: Sequence[tuple[Task, Vector]], failures: dict[int, str]) -> list[Task]:
        """Store the vectors; return the tasks without those that the index refuses."""
        if not pairs:
            return []
        try:
            model.index.upsert([Record(entry=task.entry, vector=vector) for task, vector in pairs])
        except IndexRefused as error:
            parts = self._split(pairs, [task.job for task, _ in pairs], error, failures)
            return [task for part in parts for task in self._upsert(model, part, failures)]
        return [task for task, _ in pairs]

    def _split(
        self, members: Sequence[Member], jobs: Sequence[IndexJob], error: ImageSearchError, failures: dict[int, str]
    ) -> list[Sequence[Member]]:
        """Return the members of a failed batch one by one. A single member is the cause: add the reason to `failures`,
        by the job's id."""
        if len(members) == 1:
            count_index_failure(error)
            failures[jobs[0].pk] = str(error)
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
        self._log_failure(job, reason)
        fail_job(worker=self.worker, job=job, reason=reason)

    def _log_failure(self, job: IndexJob, reason: str) -> None:
        with use_request_id(job.request_id):
            log.warning("Image %s: attempt %s failed: %s", job.image_id, job.attempts, reason)

    def _queue_for_encoding(self, model: KeptModel, task: Task) -> None:
        """Queue an image again that is recorded as encoded by the model but has no vector that can be used."""
        images = Image.objects.filter(pk=task.entry.id)
        images.record_index_state(**{model.fields.model_key: "", model.fields.sha256: ""}, **_get_lost_state(model))
        images.enqueue()
        finish_jobs(worker=self.worker, jobs=[task.job])


def _get_lost_state(model: KeptModel) -> dict[str, IndexState]:
    """Return the new state of an image that has lost its vector. Searches need that of the active model only."""
    return {"index_state": IndexState.PENDING} if model.is_active else {}
