"""The outbox: each row says "bring the index into agreement with this image"."""

import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Self

from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from collections_app.models.concurrent_writes import split_into_chunks


class Priority(models.IntegerChoices):
    CHANGE = 0, _("A person's change")
    REPAIR = 1, _("A repair")
    REBUILD = 2, _("A rebuild of the index")


class IndexJobQuerySet(models.QuerySet["IndexJob"]):
    def enqueue(self, image_ids: Iterable[int], *, priority: int = Priority.CHANGE) -> int:
        """Queue one job for each image, or renew its waiting job; return the number of images.

        A renewed job gets a new token, so that a worker that holds the older one cannot mark it done. It keeps the
        more urgent priority. Each chunk of jobs is a transaction, unless the caller has opened one.
        """
        return sum(
            self._renew([IndexJob(image_id=each, priority=priority) for each in chunk])
            for chunk in split_into_chunks(image_ids)
        )

    def enqueue_deleted(self, file_names: Mapping[int, str]) -> None:
        """Queue one job for each image that is being deleted. `file_names` maps image ids to names in the storage."""
        for chunk in split_into_chunks(file_names.items()):
            self._renew([IndexJob(image_id=image_id, file_name=file_name) for image_id, file_name in chunk])

    def waiting(self) -> Self:
        """Jobs that a worker will do, now or later."""
        return self.filter(is_failed=False)

    def due(self, now: datetime) -> Self:
        """Jobs that a worker may claim now, in that order."""
        free = Q(leased_until=None) | Q(leased_until__lt=now)
        return self.filter(free, is_failed=False, run_after__lte=now).order_by("priority", "pk")

    def leased_by(self, *workers: uuid.UUID) -> Self:
        return self.filter(lease__in=workers)

    @transaction.atomic
    def _renew(self, jobs: list["IndexJob"]) -> int:
        self._keep_known(jobs)
        self.bulk_create(
            jobs,
            update_conflicts=True,
            unique_fields=["image_id"],
            update_fields=[
                *("token", "priority", "machine_percent", "file_name"),
                *("run_after", "attempts", "is_failed", "error"),
            ],
        )
        return len(jobs)

    def _keep_known(self, jobs: list["IndexJob"]) -> None:
        """Copy the more urgent priority and the file to delete from jobs that wait already."""
        renewed = {job.image_id: job for job in jobs if job.priority > Priority.CHANGE or not job.file_name}
        for known in self.select_for_update().waiting().filter(image_id__in=renewed).order_by("pk"):
            job = renewed[known.image_id]
            job.priority = min(job.priority, known.priority)
            job.file_name = job.file_name or known.file_name


class IndexJob(models.Model):
    # No foreign key: the job remains after its image is deleted.
    image_id = models.BigIntegerField(unique=True)
    token = models.UUIDField(default=uuid.uuid4)
    priority = models.SmallIntegerField(choices=Priority, default=Priority.CHANGE)
    # The share of its machine that a worker may spend on this job.
    machine_percent = models.PositiveSmallIntegerField(default=100)
    file_name = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    run_after = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveSmallIntegerField(default=0)
    is_failed = models.BooleanField(default=False)
    error = models.TextField(blank=True)
    lease = models.UUIDField(null=True, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)

    objects = IndexJobQuerySet.as_manager()

    class Meta:
        indexes = [
            # Reader: `due()`, which every idle worker runs every second.
            models.Index(fields=["priority", "id"], condition=Q(is_failed=False), name="index_job_waiting"),
        ]

    def __str__(self) -> str:
        return f"index job of image {self.image_id}"
