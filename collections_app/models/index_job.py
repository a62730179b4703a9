"""The outbox: each row says "bring the index into agreement with this image"."""

import functools
import operator
import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Self

from django.db import connection, models
from django.db.models import Exists, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from collections_app.models.concurrent_writes import build_row_source, get_fields, quote_column, split_into_chunks
from collections_app.models.indexing_pause import IndexingPause
from collections_app.request_ids import MAX_REQUEST_ID_LENGTH, get_request_id


class Priority(models.IntegerChoices):
    CHANGE = 0, _("A person's change")
    REPAIR = 1, _("A repair")
    REBUILD = 2, _("A rebuild of the index")
    MODEL_CHANGE = 3, _("A change of the model")


_RENEWED = """
    token = excluded.token, run_after = excluded.run_after, attempts = 0, is_failed = excluded.is_failed, error = '',
    machine_percent = excluded.machine_percent,
    priority = CASE WHEN job.is_failed OR excluded.priority < job.priority THEN excluded.priority ELSE job.priority END,
    file_name = CASE WHEN excluded.file_name = '' THEN job.file_name ELSE excluded.file_name END,
    request_id = CASE WHEN excluded.request_id = '' THEN job.request_id ELSE excluded.request_id END
"""


class IndexJobQuerySet(models.QuerySet["IndexJob"]):
    def enqueue(self, image_ids: Iterable[int], *, priority: int = Priority.CHANGE) -> int:
        """Queue one job for each image, or renew its waiting job; return the number of images.

        A renewed job gets a new token, so that a worker that holds the older one cannot mark it done. It keeps the
        more urgent priority. Each chunk of jobs is a transaction, unless the caller has opened one.
        """
        return sum(self._renew(dict.fromkeys(chunk, ""), priority) for chunk in split_into_chunks(image_ids))

    def enqueue_deleted(self, file_names: Mapping[int, str]) -> None:
        """Queue one job for each image that is being deleted. `file_names` maps image ids to names in the storage."""
        for chunk in split_into_chunks(file_names.items()):
            self._renew(dict(chunk), Priority.CHANGE)

    def waiting(self) -> Self:
        """Jobs that a worker will do, now or later."""
        return self.filter(is_failed=False)

    def due(self, now: datetime) -> Self:
        """Jobs that a worker may claim now, in that order. While indexing is paused, there are none."""
        free = Q(leased_until=None) | Q(leased_until__lt=now)
        unpaused = self.filter(~Exists(IndexingPause.objects.all()))
        return unpaused.filter(free, is_failed=False, run_after__lte=now).order_by("priority", "pk")

    def failed(self) -> Self:
        return self.filter(is_failed=True)

    def failed_model_changes(self) -> Self:
        """Jobs of the images that one of the two kept models could not encode."""
        return self.failed().filter(priority=Priority.MODEL_CHANGE)

    def count_up_to(self, limit: int) -> int:
        """Count the jobs, but read no more than `limit`."""
        return self.order_by("priority", "pk")[:limit].count()

    def find_oldest(self) -> datetime | None:
        """Return when the oldest of the jobs was queued. The index on (priority, id) has the first of each priority."""
        firsts = [Q(pk__in=self.filter(priority=each).order_by("pk").values("pk")[:1]) for each in Priority]
        oldest = self.model._default_manager.filter(functools.reduce(operator.or_, firsts)).order_by("created_at")
        return oldest.values_list("created_at", flat=True).first()

    def leased_by(self, *workers: uuid.UUID) -> Self:
        return self.filter(lease__in=workers)

    def _renew(self, file_names: Mapping[int, str], priority: int) -> int:
        """Insert or renew the jobs in one statement, ordered by image, so that two of them do not deadlock.

        A waiting job keeps a more urgent priority, and every job the name of the file to delete. A job carries the id
        of the last request that queued it.
        """
        given = get_fields(self.model, ["image_id", "file_name", "token"])
        rows = ((image_id, name, uuid.uuid4()) for image_id, name in sorted(file_names.items()))
        source, parameters = build_row_source(given, rows)
        same = [each for each in self.model._meta.fields if each not in given and not each.primary_key]
        defaults = IndexJob(priority=priority, request_id=get_request_id())
        constants = [each.get_db_prep_save(getattr(defaults, each.attname), connection) for each in same]
        columns = ", ".join(map(quote_column, (*given, *same)))
        with connection.cursor() as cursor:
            cursor.execute(
                f"""
                INSERT INTO {self.model._meta.db_table} AS job ({columns})
                SELECT given.image_id, given.file_name, given.token, {", ".join(["%s"] * len(same))}
                FROM {source} WHERE true ORDER BY given.image_id
                ON CONFLICT (image_id) DO UPDATE SET {_RENEWED}
                """,  # noqa: S608
                [*constants, *parameters],
            )
        return len(file_names)


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
    request_id = models.CharField(max_length=MAX_REQUEST_ID_LENGTH, blank=True)
    lease = models.UUIDField(null=True, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)

    objects = IndexJobQuerySet.as_manager()

    class Meta:
        indexes = [
            # Reader: `due()`, which every idle worker runs every second.
            models.Index(fields=["priority", "id"], condition=Q(is_failed=False), name="index_job_waiting"),
            # Readers: the dashboard, which counts failed jobs by reason, and its button that retries them.
            models.Index(fields=["id"], condition=Q(is_failed=True), name="index_job_failed"),
        ]

    def __str__(self) -> str:
        return f"index job of image {self.image_id}"
