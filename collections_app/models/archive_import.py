"""An uploaded ZIP file: its stored file, the worker's progress, and the report."""

import uuid
from datetime import datetime
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from collections_app.models.collection import Collection
from collections_app.models.user import User
from collections_app.request_ids import MAX_REQUEST_ID_LENGTH


class ArchiveState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Being unpacked")
    DONE = "done", _("Done")
    FAILED = "failed", _("Stopped")


_UNFINISHED = (ArchiveState.WAITING, ArchiveState.RUNNING)


def build_archive_name() -> str:
    """Return a random storage name."""
    name = uuid.uuid4().hex
    return f"archives/{name[:2]}/{name}.zip"


class ArchiveImportQuerySet(models.QuerySet["ArchiveImport"]):
    def uploaded_by(self, user: User) -> Self:
        return self.filter(uploader=user).select_related("collection")

    def unfinished(self) -> Self:
        return self.filter(state__in=_UNFINISHED)

    def due(self, now: datetime) -> Self:
        """Archives that a worker may claim now. The archive that has waited longest is first."""
        free = Q(leased_until=None) | Q(leased_until__lt=now)
        return self.unfinished().filter(free, run_after__lte=now).order_by("run_after", "pk")

    def leased_by(self, worker: uuid.UUID) -> Self:
        return self.filter(lease=worker)

    def finished_before(self, moment: datetime) -> Self:
        return self.filter(finished_at__lt=moment)

    def latest_first(self) -> Self:
        return self.order_by("-pk")


class ArchiveImport(models.Model):
    """`position` entries of `entry_count` are done. `report` contains the first entries of each kind; see `unpacking`.

    The PendingFile row of the stored file stays until the file is deleted. With it, maintenance finds the file after
    its account, and with it this row, was deleted.
    """

    uploader = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="archive_imports")
    collection = models.ForeignKey(Collection, null=True, on_delete=models.SET_NULL, related_name="+")
    original_name = models.CharField(max_length=255)
    file_name = models.CharField(max_length=200, blank=True, help_text=_("In the storage; empty once it is deleted."))
    byte_size = models.PositiveBigIntegerField()
    language = models.CharField(max_length=20, help_text=_("The language of the report."))
    state = models.CharField(max_length=10, choices=ArchiveState, default=ArchiveState.WAITING)
    entry_count = models.PositiveIntegerField()
    position = models.PositiveIntegerField(default=0)
    unpacked_bytes = models.PositiveBigIntegerField(default=0)
    added = models.PositiveIntegerField(default=0)
    known = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    report: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict, blank=True)
    message = models.TextField(blank=True, help_text=_("Why it waits or was stopped."))
    request_id = models.CharField(max_length=MAX_REQUEST_ID_LENGTH, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    run_after = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveSmallIntegerField(default=0, help_text=_("Of the entry at this position."))
    lease = models.UUIDField(null=True, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)

    objects = ArchiveImportQuerySet.as_manager()

    class Meta:
        indexes = [
            # Reader: `due()`, which every idle worker runs every second.
            models.Index(
                fields=["run_after", "id"], condition=Q(state__in=("waiting", "running")), name="archive_import_waiting"
            ),
            # Reader: maintenance, which deletes old reports.
            models.Index(
                fields=["finished_at"], condition=Q(finished_at__isnull=False), name="archive_import_finished"
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=ArchiveState.values), name="archive_import_state_known"),
        ]

    def __str__(self) -> str:
        return self.original_name

    @property
    def is_finished(self) -> bool:
        return self.state not in _UNFINISHED
