"""The number of images of each collection and month. Triggers keep it up to date, so that no page counts rows."""

from datetime import date
from typing import Self

from django.db import models
from django.db.models import Sum

from collections_app.models.collection import Collection, CollectionQuerySet


class ImageMonthQuerySet(models.QuerySet["ImageMonth"]):
    def not_trashed(self) -> Self:
        return self.filter(is_trashed=False)

    def in_collections(self, collections: CollectionQuerySet) -> Self:
        return self.filter(collection__in=collections.order_by().values("pk"))

    def list_months(self) -> list[date]:
        """Return the first days of the months that have images, the latest first.

        In PostgreSQL the rows of one month may cancel out until they are merged.
        """
        sums = self.values("month").annotate(sum=Sum("image_count")).filter(sum__gt=0).order_by("-month")
        return [date.fromisoformat(f"{month}-01") for month in sums.values_list("month", flat=True)]


class ImageMonth(models.Model):
    """The number of images of a collection whose `timeline_at` is in the month. Sum the rows: see `slot`.

    Only triggers write it; see `services.library.image_totals`. The collection has no constraint, because the images of
    a deleted collection are subtracted after Django has deleted what refers to the collection.
    """

    collection = models.ForeignKey(
        Collection, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="image_months"
    )
    is_trashed = models.BooleanField()
    month = models.CharField(max_length=7)  # as "2024-05"
    slot = models.BigIntegerField(default=0)  # in PostgreSQL, the transaction whose change has not been merged yet
    image_count = models.IntegerField()

    objects = ImageMonthQuerySet.as_manager()

    class Meta:
        constraints = [
            # Readers: the triggers, and the months of the timeline.
            models.UniqueConstraint(
                fields=["collection", "is_trashed", "month", "slot"], name="image_month_once_per_collection"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.image_count} images of {self.month} in {self.collection_id}"
