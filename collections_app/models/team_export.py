"""An export of all pictures of a team: the worker's progress, and the stored ZIP files."""

import uuid
from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from collections_app.models.team import Membership, Role, Team
from collections_app.models.user import User


class ExportState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Being prepared")
    DONE = "done", _("Ready")
    FAILED = "failed", _("Failed")


_UNFINISHED_STATES = (ExportState.WAITING, ExportState.RUNNING)


def build_export_name() -> str:
    """Return a random storage name."""
    name = uuid.uuid4().hex
    return f"exports/{name[:2]}/{name}.zip"


class TeamExportQuerySet(models.QuerySet["TeamExport"]):
    def made_for(self, user: User) -> Self:
        """The user's exports of teams that they still own and that have not expired."""
        not_expired = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
        return self.filter(not_expired, requester=user, team__in=Membership.objects.team_ids_of(user, Role.OWNER))

    def unfinished(self) -> Self:
        return self.filter(state__in=_UNFINISHED_STATES)

    def due(self, now: datetime) -> Self:
        """Exports that a worker may claim now. The export that has waited longest is first."""
        free = Q(leased_until=None) | Q(leased_until__lt=now)
        return self.unfinished().filter(free, run_after__lte=now).order_by("run_after", "pk")

    def leased_by(self, worker: uuid.UUID) -> Self:
        return self.filter(lease=worker)

    def expired(self) -> Self:
        return self.filter(expires_at__lte=timezone.now())


class TeamExport(models.Model):
    """`position` of `image_count` pictures are done. Only the requester can fetch it: it contains their favourites."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="exports")
    requester = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="team_exports", db_index=False
    )
    address = models.URLField(max_length=500, help_text=_("The page of the export, for the mail."))
    language = models.CharField(max_length=20, help_text=_("The language of the messages."))
    state = models.CharField(max_length=10, choices=ExportState, default=ExportState.WAITING)
    image_count = models.PositiveIntegerField(default=0)
    position = models.PositiveIntegerField(default=0)
    problem_count = models.PositiveIntegerField(default=0, help_text=_("Pictures that could not be read."))
    message = models.TextField(blank=True, help_text=_("Why it waits or has failed."))
    has_notice = models.BooleanField(default=False, help_text=_("Whether the header tells the requester of the end."))
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True, db_index=True)
    run_after = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease = models.UUIDField(null=True, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)

    objects = TeamExportQuerySet.as_manager()

    class Meta:
        indexes = [
            # Readers: the notices in the header, and the page of the export.
            models.Index(fields=["requester", "team"], name="team_export_of_requester"),
            # Reader: `due()`, which every idle worker runs every second.
            models.Index(
                fields=["run_after", "id"], condition=Q(state__in=("waiting", "running")), name="team_export_waiting"
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=ExportState.values), name="team_export_state_known"),
            models.UniqueConstraint(
                fields=["team"], condition=Q(state__in=("waiting", "running")), name="team_export_one_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"export of {self.team}"

    @property
    def is_finished(self) -> bool:
        return self.state not in _UNFINISHED_STATES

    @property
    def is_ready(self) -> bool:
        return self.state == ExportState.DONE


class ExportPart(models.Model):
    """A stored ZIP file. Its PendingFile row stays until the file is deleted, as with `ArchiveImport`."""

    export = models.ForeignKey(TeamExport, on_delete=models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    file_name = models.CharField(max_length=200, unique=True)
    byte_size = models.PositiveBigIntegerField()

    class Meta:
        ordering = ["number"]

    def __str__(self) -> str:
        return f"part {self.number} of {self.export}"
