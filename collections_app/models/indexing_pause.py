"""The pause of indexing, which administrators switch on and off on the dashboard."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class IndexingPause(models.Model):
    """While its row exists, no worker of any machine claims index jobs. There is at most one row.

    The administration shows the dashboard in place of its list, and its permissions are those of the dashboard: to
    view it, and to change (pause, resume and retry).
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    paused_at = models.DateTimeField(default=timezone.now, editable=False)
    paused_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        verbose_name = _("dashboard")
        verbose_name_plural = _("dashboard")
        default_permissions = ("view", "change")
        constraints = [models.CheckConstraint(condition=Q(id=1), name="indexing_pause_once")]

    def __str__(self) -> str:
        return f"paused since {self.paused_at:%Y-%m-%d %H:%M}"
