"""A team's decision that similar images are not duplicates."""

from collections import defaultdict
from collections.abc import Iterable

from django.conf import settings
from django.db import models
from django.utils import timezone

from collections_app.models.image import Image
from collections_app.models.team import Team


class DuplicateDismissalQuerySet(models.QuerySet["DuplicateDismissal"]):
    def list_by_image(self, *, team_id: int, image_ids: Iterable[int]) -> dict[int, set[int]]:
        """Return, for each of the images that has some, the ids of the team's dismissals that contain it."""
        # Without a condition on the team, the database begins with the images and reads no other dismissals.
        links = self.model.images.through.objects.filter(image__in=image_ids)
        rows = links.values_list("image_id", "duplicatedismissal_id", "duplicatedismissal__team")
        found: dict[int, set[int]] = defaultdict(set)
        for image_id, dismissal_id, own_team_id in rows:
            if own_team_id == team_id:
                found[image_id].add(dismissal_id)
        return found


class DuplicateDismissal(models.Model):
    """No two of these images are duplicates."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="duplicate_dismissals")
    images = models.ManyToManyField(Image, related_name="+")
    member = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = DuplicateDismissalQuerySet.as_manager()

    def __str__(self) -> str:
        return f"different pictures of {self.team}"
