"""A running backup: stored files that no row names any more are kept while it copies."""

from datetime import datetime
from typing import Self

from django.db import models


class BackupHoldQuerySet(models.QuerySet["BackupHold"]):
    def current(self, now: datetime) -> Self:
        return self.filter(until__gt=now)

    def expired(self, now: datetime) -> Self:
        return self.filter(until__lte=now)


class BackupHold(models.Model):
    """A lease of one backup, which renews it. After a killed backup it expires by itself."""

    until = models.DateTimeField()

    objects = BackupHoldQuerySet.as_manager()

    def __str__(self) -> str:
        return f"backup until {self.until:%H:%M:%S}"
