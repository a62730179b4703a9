"""How to undo one chunk of a bulk action."""

import uuid
from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.utils import timezone


class BulkAction(models.TextChoices):
    TRASH = "trash"
    MOVE = "move"
    TAG = "tag"
    DATE = "date"


class UndoStepQuerySet(models.QuerySet["UndoStep"]):
    def created_before(self, moment: datetime) -> Self:
        return self.filter(created_at__lt=moment)


class UndoStep(models.Model):
    """One chunk of a person's bulk action, written in the same transaction as the change.

    `previous` contains what undoes the change. TRASH: a list of ids. MOVE: lists of ids by collection id (`origins`),
    the id of the `target`, and whether it `is_new`. TAG: the `added` tags by image id. DATE: the former fields of the
    date by image id. JSON stores ids that are keys as text.
    """

    action_id = models.UUIDField(default=uuid.uuid4, db_index=True)
    kind = models.CharField(max_length=10, choices=BulkAction)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="undo_steps")
    previous = models.JSONField()
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    objects = UndoStepQuerySet.as_manager()

    def __str__(self) -> str:
        return f"undo of {self.kind} {self.action_id}"
