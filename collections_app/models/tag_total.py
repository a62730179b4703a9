"""The number of images of each collection and tag. Triggers keep it up to date, so that no page reads all images."""

from typing import Any, Self

from django.db import models
from django.db.models import Sum

from collections_app.models.collection import Collection
from collections_app.models.user import User

# The triggers ignore longer tags. PostgreSQL limits the length of an indexed text.
MAX_COUNTED_TAG_LENGTH = 200


class TagTotalQuerySet(models.QuerySet["TagTotal"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(collection__in=Collection.objects.visible_to(user))

    def by_frequency(self) -> "models.QuerySet[TagTotal, Any]":
        """The tags with their number of images, `sum`, the most frequent first."""
        sums = self.values("tag").annotate(sum=Sum("image_count")).filter(sum__gt=0)
        return sums.order_by("-sum", "tag")


class TagTotal(models.Model):
    """The number of images of a collection, outside the trash, with a tag as spelled. Sum the rows: see `slot`.

    Only triggers write it; see `services.library.tag_totals`. Like `ImageTotal`, it has no constraint for the
    collection.
    """

    collection = models.ForeignKey(
        Collection, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="tag_totals"
    )
    tag = models.CharField(max_length=MAX_COUNTED_TAG_LENGTH)
    slot = models.BigIntegerField(default=0)  # in PostgreSQL, the transaction whose change has not been merged yet
    image_count = models.IntegerField()

    objects = TagTotalQuerySet.as_manager()

    class Meta:
        indexes = [
            # Reader: the suggestions of tags, which find all that they need in it.
            models.Index(fields=["collection", "tag", "image_count"], name="tag_total_by_collection"),
        ]
        constraints = [
            # Readers: the triggers.
            models.UniqueConstraint(fields=["collection", "tag", "slot"], name="tag_total_once_per_tag"),
        ]

    def __str__(self) -> str:
        return f"{self.image_count} images of {self.collection_id} tagged {self.tag}"
