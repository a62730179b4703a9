"""A file on its way into the storage: noted before it is written, struck out in the transaction that writes its row."""

from datetime import datetime
from typing import Self

from django.db import models
from django.utils import timezone


class PendingFileQuerySet(models.QuerySet["PendingFile"]):
    def noted_before(self, moment: datetime) -> Self:
        return self.filter(created_at__lt=moment)


class PendingFile(models.Model):
    """One that is a day old was left behind by a process that died: its file belongs to no picture."""

    file_name = models.CharField(max_length=200, unique=True)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    objects = PendingFileQuerySet.as_manager()

    def __str__(self) -> str:
        return self.file_name
