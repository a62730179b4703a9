"""A restore that has written the rows of its backup and has not ended yet."""

from django.db import models
from django.utils import timezone


class UnfinishedRestore(models.Model):
    """Written in the transaction of the rows, and deleted at the end. With it, an interrupted restore can go on."""

    backup = models.CharField(max_length=100)
    started_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.backup
