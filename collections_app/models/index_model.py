"""The models that the index is kept for: the active one, and at most one other during a change of the model."""

from dataclasses import dataclass
from typing import Self

from django.db import models
from django.db.models import Case, Q, Value, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class ModelState(models.TextChoices):
    """A change of the model goes from PREPARING to READY; the switch makes it ACTIVE and the former one PREVIOUS."""

    ACTIVE = "active", _("Active")
    PREPARING = "preparing", _("Being prepared")
    READY = "ready", pgettext_lazy("state of a model", "Ready")
    PREVIOUS = "previous", pgettext_lazy("state of a model", "Previous")
    DROPPED = "dropped", _("Dropped")


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorFields:
    """The fields of an image that describe its vector of one model: the model, the encoded file and the checksum."""

    model_key: str
    sha256: str
    checksum: str

    @property
    def empty(self) -> dict[str, str | None]:
        """Return the values of an image that has no vector of the model."""
        return {self.model_key: "", self.sha256: "", self.checksum: None}


# Each kept model has one of two sets of fields, so that a switch changes no image.
VECTOR_FIELDS = {
    1: VectorFields(model_key="index_model_key", sha256="index_sha256", checksum="vector_checksum"),
    2: VectorFields(model_key="second_model_key", sha256="second_sha256", checksum="second_checksum"),
}


class IndexModelQuerySet(models.QuerySet["IndexModel"]):
    def kept(self) -> Self:
        """The models whose vectors are kept up to date, the active one first."""
        is_other = Case(When(state=ModelState.ACTIVE, then=Value(0)), default=Value(1))
        return self.exclude(state=ModelState.DROPPED).order_by(is_other, "pk")

    def active(self) -> Self:
        return self.filter(state=ModelState.ACTIVE)

    def dropped(self) -> Self:
        return self.filter(state=ModelState.DROPPED)


class IndexModel(models.Model):
    """`name`, `revision` and `dtype` are as in the settings CLIP_MODEL, CLIP_REVISION and CLIP_DTYPE.

    A dropped model stays for a while: a worker that was interrupted may still write a vector of it.
    """

    name = models.CharField(max_length=500)
    revision = models.CharField(max_length=200, blank=True)
    dtype = models.CharField(max_length=20)
    key = models.CharField(max_length=200, unique=True)
    dim = models.PositiveIntegerField()
    slot = models.PositiveSmallIntegerField(help_text=_("Which fields of the images describe its vectors: 1 or 2."))
    state = models.CharField(max_length=10, choices=ModelState)
    # The share of its machine that a worker may spend on preparing this model.
    machine_percent = models.PositiveSmallIntegerField(default=100)
    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now, help_text=_("When the state changed."))

    objects = IndexModelQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["state"], condition=Q(state="active"), name="index_model_one_active"),
            models.UniqueConstraint(fields=["slot"], condition=~Q(state="dropped"), name="index_model_one_per_slot"),
            models.CheckConstraint(condition=Q(slot__in=[1, 2]), name="index_model_slot_known"),
            models.CheckConstraint(condition=Q(state__in=ModelState.values), name="index_model_state_known"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def fields(self) -> VectorFields:
        return VECTOR_FIELDS[self.slot]
