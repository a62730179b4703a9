"""A mail that waits to be sent."""

import uuid
from datetime import datetime
from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class OutgoingMailQuerySet(models.QuerySet["OutgoingMail"]):
    def waiting(self) -> Self:
        return self.filter(is_failed=False)

    def due(self, now: datetime) -> Self:
        """Mails that a sender may claim now, in that order."""
        free = Q(leased_until=None) | Q(leased_until__lt=now)
        return self.waiting().filter(free, run_after__lte=now).order_by("run_after", "pk")

    def leased_by(self, sender: uuid.UUID) -> Self:
        return self.filter(lease=sender)

    def created_before(self, moment: datetime) -> Self:
        return self.filter(created_at__lt=moment)


class OutgoingMail(models.Model):
    """One mail to one recipient. Sending deletes the row, because mails contain secret links.

    A mail that the server rejects permanently keeps its row without the text, so administrators can read the reason.
    """

    recipient = models.TextField(_("recipient"))
    sender = models.TextField()
    subject = models.TextField(_("subject"))
    text = models.TextField(blank=True)
    html = models.TextField(blank=True)
    headers: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)
    created_at = models.DateTimeField(_("written"), default=timezone.now)
    run_after = models.DateTimeField(_("next attempt"), default=timezone.now)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    is_failed = models.BooleanField(_("failed"), default=False)
    error = models.TextField(_("last error"), blank=True)
    lease = models.UUIDField(null=True, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)

    objects = OutgoingMailQuerySet.as_manager()

    class Meta:
        verbose_name = _("outgoing mail")
        verbose_name_plural = _("outgoing mails")
        indexes = [
            # Reader: `due()`, which every sender runs every second.
            models.Index(fields=["run_after", "id"], condition=Q(is_failed=False), name="outgoing_mail_waiting"),
        ]

    def __str__(self) -> str:
        return f"mail {self.pk}"
