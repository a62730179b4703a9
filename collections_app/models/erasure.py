"""The deletion of accounts on request, and what is still to be erased of an account or a team."""

from typing import Self

from django.conf import settings
from django.db import models
from django.utils import timezone


class AccountDeletionQuerySet(models.QuerySet["AccountDeletion"]):
    def due(self) -> Self:
        return self.filter(due_at__lte=timezone.now()).select_related("user").order_by("due_at")


class AccountDeletion(models.Model):
    """A person's wish to have the account deleted. Signing in deletes the row, which keeps the account."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.CASCADE, related_name="deletion"
    )
    created_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(db_index=True)

    objects = AccountDeletionQuerySet.as_manager()

    def __str__(self) -> str:
        return f"deletion of {self.user} on {self.due_at}"


class ErasureKind(models.TextChoices):
    ACCOUNT = "account"
    TEAM = "team"


class Erasure(models.Model):
    """An account or a team that is being erased, with its files. The row is deleted once nothing is left.

    It has no foreign keys, because it remains after the rows of the account or team are deleted. `name` is the address
    of the account or the name of the team. `kept_image_ids` are the account's pictures in other teams, which stay
    without their uploader.
    """

    kind = models.CharField(max_length=10, choices=ErasureKind)
    subject_id = models.BigIntegerField()
    name = models.TextField()
    addresses: models.JSONField[list[str], list[str]] = models.JSONField(default=list)
    team_ids: models.JSONField[list[int], list[int]] = models.JSONField(default=list)
    kept_image_ids: models.JSONField[list[int], list[int]] = models.JSONField(default=list)
    started_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "subject_id"], name="erasure_once")]

    def __str__(self) -> str:
        return f"erasure of {self.kind} {self.subject_id}"


class ErasedFile(models.Model):
    """A stored file that is being erased. `image_id` is the id of its picture; empty for other files."""

    erasure = models.ForeignKey(Erasure, on_delete=models.CASCADE, related_name="files", db_index=False)
    image_id = models.BigIntegerField(null=True)
    file_name = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["erasure", "file_name"], name="erased_file_once")]

    def __str__(self) -> str:
        return self.file_name
