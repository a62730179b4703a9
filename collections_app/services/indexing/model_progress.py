"""How far another model beside the active one is prepared."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef
from django.utils import timezone

from collections_app.models import Image, ImageTotal, IndexJob, IndexModel
from collections_app.models.index_job import IndexJobQuerySet


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """How many searchable pictures a model has encoded and how many it could not encode, and its rate.

    Vectors that are out of date count as encoded. The rate is the mean since the preparation began.
    """

    done: int
    failed: int
    total: int
    pictures_per_s: float

    @property
    def left_s(self) -> float | None:
        """The time left at that rate, or None while there is none."""
        left = max(0, self.total - self.done - self.failed)
        return left / self.pictures_per_s if self.pictures_per_s else None


def measure_preparation(row: IndexModel, *, now: datetime | None = None) -> Preparation:
    done, total = ImageTotal.objects.sum_encoded(row.key, row.fields)
    elapsed_s = ((now or timezone.now()) - row.created_at).total_seconds()
    failed = find_failed_changes(row).count()
    rate = done / elapsed_s if elapsed_s > 0 else 0
    return Preparation(done=done, failed=failed, total=total, pictures_per_s=rate)


def find_failed_changes(row: IndexModel) -> IndexJobQuerySet:
    """Return the failed jobs of searchable images that this model could not encode."""
    lacking = Image.objects.filter(pk=OuterRef("image_id")).lacking_vectors(row.key, row.fields)
    return IndexJob.objects.failed_model_changes().filter(Exists(lacking))
