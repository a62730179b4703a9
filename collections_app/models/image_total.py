"""The number and size of the images of each collection. Triggers keep them up to date, so that no page counts rows."""

from collections.abc import Iterable
from typing import Any, Self

from django.db import models
from django.db.models import Q, Sum

from collections_app.models.collection import Collection
from collections_app.models.index_model import VectorFields
from collections_app.models.indexed_images import IndexState
from collections_app.models.team import Team
from collections_app.models.user import User

NO_UPLOADER = 0


class ImageTotalQuerySet(models.QuerySet["ImageTotal"]):
    def not_trashed(self) -> Self:
        return self.filter(is_trashed=False)

    def visible_to(self, user: User) -> Self:
        return self.not_trashed().filter(collection__in=Collection.objects.visible_to(user))

    def in_trash_of(self, user: User) -> Self:
        return self.filter(is_trashed=True, collection__in=Collection.objects.restorable_by(user))

    def in_team(self, team: Team) -> Self:
        return self.filter(collection__team=team)

    def in_places(self, *, team_ids: Iterable[int], collection_ids: Iterable[int]) -> Self:
        """Images of the teams and of the single collections, without the trash."""
        places = Q(collection__team__in=team_ids) | Q(collection__in=collection_ids)
        return self.not_trashed().filter(places, collection__trashed_at=None)

    def unindexed(self) -> Self:
        return self.filter(index_state__in=(IndexState.PENDING, IndexState.FAILED))

    def with_images(self) -> "models.QuerySet[ImageTotal, Any]":
        """The states that have images. In PostgreSQL the rows of one state may cancel out until they are merged."""
        return self.values("index_state").annotate(sum=Sum("image_count")).filter(sum__gt=0)

    def by_state(self) -> "models.QuerySet[ImageTotal, Any]":
        """The sums `images` and `bytes` of each state and place (library or trash)."""
        sums = {"images": Sum("image_count"), "bytes": Sum("byte_size")}
        return self.values("index_state", "is_trashed").annotate(**sums).order_by()

    def by_team(self) -> "models.QuerySet[ImageTotal, Any]":
        """The same sums of each team, with its id as `team`."""
        sums = {"images": Sum("image_count"), "bytes": Sum("byte_size")}
        return self.values(team=models.F("collection__team")).annotate(**sums).order_by()

    def by_uploader(self) -> "models.QuerySet[ImageTotal, Any]":
        """The ids of the uploaders with their number of images, `sum`, those with the most first."""
        sums = self.exclude(uploader_id=NO_UPLOADER).values("uploader_id").annotate(sum=Sum("image_count"))
        return sums.filter(sum__gt=0).order_by("-sum", "uploader_id")

    def sum_bytes_of_owner(self) -> "models.QuerySet[ImageTotal, Any]":
        """The bytes of the personal team of an outer query's user, with the trash."""
        of_user = self.filter(collection__team__personal_of=models.OuterRef("pk")).order_by()
        return of_user.values("collection__team").annotate(sum=Sum("byte_size")).values("sum")

    def sum_images(self) -> int:
        return int(self.aggregate(sum=Sum("image_count", default=0))["sum"])

    def sum_searchable(self) -> tuple[int, int]:
        """Return how many images a search can find, and how many it will once all are indexed."""
        sums = self.aggregate(
            searchable=Sum("image_count", filter=Q(index_state=IndexState.INDEXED), default=0),
            expected=Sum("image_count", filter=~Q(index_state=IndexState.FAILED), default=0),
        )
        return int(sums["searchable"]), int(sums["expected"])

    def sum_encoded(self, model_key: str, fields: VectorFields) -> tuple[int, int]:
        """Return how many images that a search can find this model has encoded, and how many there are."""
        has_vector = Q(**{fields.model_key: model_key})
        sums = self.filter(index_state=IndexState.INDEXED).aggregate(
            encoded=Sum("image_count", filter=has_vector, default=0), total=Sum("image_count", default=0)
        )
        return int(sums["encoded"]), int(sums["total"])

    def measure(self) -> tuple[int, int]:
        """Return the number of images and their bytes."""
        sums = self.aggregate(images=Sum("image_count", default=0), byte_size=Sum("byte_size", default=0))
        return int(sums["images"]), int(sums["byte_size"])


class ImageTotal(models.Model):
    """The number of images of a collection that have the same uploader, state and models. Sum the rows: see `slot`.

    Only triggers write it; see `services.library.image_totals`. The collection has no constraint, because the images of
    a deleted collection are subtracted after Django has deleted what refers to the collection.
    """

    collection = models.ForeignKey(
        Collection, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="image_totals"
    )
    uploader_id = models.BigIntegerField(default=NO_UPLOADER)
    is_trashed = models.BooleanField()
    index_state = models.CharField(max_length=10, choices=IndexState)
    # As in the images. Reader: the progress of the preparation of a model.
    index_model_key = models.CharField(max_length=200)
    second_model_key = models.CharField(max_length=200)
    slot = models.BigIntegerField(default=0)  # in PostgreSQL, the transaction whose change has not been merged yet
    image_count = models.IntegerField()
    byte_size = models.BigIntegerField()

    objects = ImageTotalQuerySet.as_manager()

    class Meta:
        indexes = [
            # Reader: the indexing status on every page, which usually finds that all images are searchable.
            models.Index(fields=["index_state", "index_model_key"], name="image_total_by_state"),
            # Reader: the account page.
            models.Index(fields=["uploader_id"], name="image_total_by_uploader"),
        ]
        constraints = [
            # Readers: the triggers, and the numbers of pictures that pages show.
            models.UniqueConstraint(
                fields=[
                    *("collection", "uploader_id", "is_trashed", "index_state"),
                    *("index_model_key", "second_model_key", "slot"),
                ],
                name="image_total_once_per_kind",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.image_count} images of {self.collection_id}"
