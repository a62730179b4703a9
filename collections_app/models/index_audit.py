"""The outcome of a comparison of the whole database with the index."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class IndexAudit(models.Model):
    """One run of `reindex`, with or without `--check`, that covered all images.

    `problem` says why nothing could be compared; the numbers are then 0. `altered` is None unless every vector was read
    (`--deep`). A run without `--check` has queued the differences.
    """

    ended_at = models.DateTimeField(_("ended"), default=timezone.now, editable=False)
    is_check = models.BooleanField(_("check only"))
    problem = models.TextField(_("problem"), blank=True)
    image_count = models.PositiveBigIntegerField(_("pictures"), default=0)
    vector_count = models.PositiveBigIntegerField(_("vectors"), default=0)
    missing = models.PositiveBigIntegerField(_("missing"), default=0)
    stale = models.PositiveBigIntegerField(_("stale"), default=0)
    orphaned = models.PositiveBigIntegerField(_("orphaned"), default=0)
    misplaced = models.PositiveBigIntegerField(_("in a wrong partition"), default=0)
    altered = models.PositiveBigIntegerField(_("altered"), null=True, blank=True)

    class Meta:
        verbose_name = _("check of the index")
        verbose_name_plural = _("checks of the index")

    def __str__(self) -> str:
        return f"check of {self.ended_at:%Y-%m-%d %H:%M}"

    @property
    def difference_count(self) -> int:
        return self.missing + self.stale + self.orphaned + self.misplaced + (self.altered or 0)

    @property
    def is_consistent(self) -> bool:
        return not (self.problem or self.difference_count)
