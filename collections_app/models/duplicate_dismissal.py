"""A team's decision that similar images are not duplicates."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from collections_app.models.team import Team


class DuplicateDismissal(models.Model):
    """No two of these images are duplicates. Ids of deleted images do no harm, because ids are never reused."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="duplicate_dismissals")
    image_ids = models.JSONField()
    member = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return f"{len(self.image_ids)} different pictures of {self.team}"
