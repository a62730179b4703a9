"""A picture that a person marked as a favourite. Nobody else sees it."""

from typing import Self

from django.conf import settings
from django.db import models
from django.utils import timezone

from collections_app.models.collection import Collection
from collections_app.models.image import Image
from collections_app.models.user import User


class FavouriteQuerySet(models.QuerySet["Favourite"]):
    def visible_to(self, user: User) -> Self:
        """The user's own favourites that they may still see."""
        collections = Collection.objects.visible_to(user)
        return self.filter(user=user, image__trashed_at=None, image__collection__in=collections)

    def latest_first(self) -> Self:
        return self.order_by("-pk")


class Favourite(models.Model):
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="favourites",
        db_index=False,  # `favourite_by_user` begins with it
    )
    image = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="favourites")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = FavouriteQuerySet.as_manager()

    class Meta:
        # Reader: the page of favourites, whose order is that of the ids.
        indexes = [models.Index(fields=["user", "id"], name="favourite_by_user")]
        constraints = [models.UniqueConstraint(fields=["user", "image"], name="favourite_once_per_person")]

    def __str__(self) -> str:
        return f"image {self.image_id}"
