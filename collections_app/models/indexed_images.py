"""Query-set methods of images by their state in the index."""

from typing import Self, TypeVar

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from collections_app.models.index_job import IndexJob
from collections_app.models.index_model import VectorFields
from collections_app.models.queued_writes import QueueingQuerySet

_Row = TypeVar("_Row", bound=models.Model)


class IndexState(models.TextChoices):
    """INDEXED: the index has the vector of the active model. A job adds a missing one of another kept model."""

    PENDING = "pending", _("Waiting")
    INDEXED = "indexed", _("Searchable")
    FAILED = "failed", _("Failed")


class IndexedQuerySet(QueueingQuerySet[_Row]):
    """A query set of images."""

    def unhashed(self) -> Self:
        """Indexed images without a perceptual hash."""
        return self.filter(perceptual_hash=None, index_state=IndexState.INDEXED)

    def indexed(self) -> Self:
        """Images that a search can find."""
        return self.filter(index_state=IndexState.INDEXED)

    def encoded_by(self, model_key: str, fields: VectorFields) -> Self:
        """Images with a vector of this model, even if it is out of date."""
        return self.filter(**{fields.model_key: model_key})

    def with_vector_of(self, model_key: str, fields: VectorFields) -> Self:
        """Images with an up-to-date vector of this model."""
        return self.filter(_has_vector(model_key, fields))

    def lacking_vectors(self, model_key: str, fields: VectorFields) -> Self:
        """Indexed images without an up-to-date vector of this model. Reads all images."""
        return self.indexed().exclude(_has_vector(model_key, fields))

    def encoded_by_others(self, model_key: str, fields: VectorFields) -> Self:
        """Indexed images whose vector is of another model. Two ranges, so that the database index is used."""
        name = fields.model_key
        return self.indexed().filter(Q(**{f"{name}__lt": model_key}) | Q(**{f"{name}__gt": model_key}))

    def without_waiting_job(self) -> Self:
        return self.exclude(Exists(IndexJob.objects.waiting().filter(image_id=OuterRef("pk"))))

    def without_failed_model_change(self) -> Self:
        """Images that both kept models could encode so far."""
        return self.exclude(Exists(IndexJob.objects.failed_model_changes().filter(image_id=OuterRef("pk"))))

    def failed(self) -> Self:
        return self.filter(index_state=IndexState.FAILED)

    def to_compare(self) -> Self:
        """Images that the worker has finished and that were not compared with their team since."""
        return self.filter(compared_at=None).exclude(index_state=IndexState.PENDING)


def _has_vector(model_key: str, fields: VectorFields) -> Q:
    return Q(**{fields.model_key: model_key, fields.sha256: F("sha256")})
