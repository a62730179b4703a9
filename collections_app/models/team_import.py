"""The import of an exported team, so that a repeated command continues it and creates no duplicates."""

from django.db import models
from django.utils import timezone

from collections_app.models.team import Team


class TeamImport(models.Model):
    """`digest` is the SHA-256 of the export's metadata.json."""

    team = models.OneToOneField(Team, primary_key=True, on_delete=models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64, db_index=True)
    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    lease = models.UUIDField(null=True, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"import into {self.team}"
