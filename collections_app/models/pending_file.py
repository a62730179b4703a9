"""A stored file without an image yet: noted before the write, removed in the transaction that saves the image."""

from datetime import datetime
from typing import Self

from django.db import models
from django.utils import timezone


class PendingFileQuerySet(models.QuerySet["PendingFile"]):
    def created_before(self, moment: datetime) -> Self:
        return self.filter(created_at__lt=moment)


class PendingFile(models.Model):
    """A row that is a day old comes from a process that died. Its file belongs to no image."""

    file_name = models.CharField(max_length=200, unique=True)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    objects = PendingFileQuerySet.as_manager()

    def __str__(self) -> str:
        return self.file_name
