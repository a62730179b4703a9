"""A notice about a new share, which a person has not answered yet."""

from typing import Self

from django.conf import settings
from django.db import models

from collections_app.models.share import Share
from collections_app.models.user import User


class ShareNoticeQuerySet(models.QuerySet["ShareNotice"]):
    def visible_to(self, user: User) -> Self:
        """The person's notices about shares that still give them access."""
        shares = Share.objects.granting_access_to(user).filter(collection__trashed_at=None)
        return self.filter(user=user, share__in=shares)


class ShareNotice(models.Model):
    """The share gives its right at once; the notice only informs the person. Answering deletes the row."""

    share = models.ForeignKey(Share, on_delete=models.CASCADE, related_name="notices")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")

    objects = ShareNoticeQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["share", "user"], name="share_notice_once_per_person")]

    def __str__(self) -> str:
        return f"notice of {self.share} for {self.user}"
