"""The queue of outgoing mail. A sender claims one mail under a lease, then finishes, postpones or rejects it."""

import logging
import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import connection, transaction
from django.utils import timezone

from collections_app.models import OutgoingMail
from collections_app.models.outgoing_mail import OutgoingMailQuerySet

log = logging.getLogger(__name__)

_FIRST_PAUSE_S = 10.0
_LONGEST_PAUSE_S = 3600.0
_MAX_ERROR_LENGTH = 500


def claim_mail(*, sender: uuid.UUID, lease_s: float) -> OutgoingMail | None:
    """Lease the first due mail to the sender, and count the attempt already."""
    if not OutgoingMail.objects.due(timezone.now()).exists():
        return None  # avoids the write lock of SQLite
    with transaction.atomic():
        now = timezone.now()
        due = OutgoingMail.objects.due(now)
        if connection.features.has_select_for_update_skip_locked:
            due = due.select_for_update(skip_locked=True)
        mail = due.first()
        if mail is None:
            return None
        mail.lease, mail.leased_until = sender, now + timedelta(seconds=lease_s)
        mail.attempts += 1
        mail.save(update_fields=["lease", "leased_until", "attempts"])
    return mail


def finish_mail(*, mail: OutgoingMail) -> None:
    """Delete a mail that was sent."""
    OutgoingMail.objects.filter(pk=mail.pk).delete()


def postpone_mail(*, mail: OutgoingMail, reason: str) -> None:
    """Schedule a retry after a pause that grows each time, up to an hour."""
    held = OutgoingMail.objects.filter(pk=mail.pk, lease=mail.lease)
    held.update(lease=None, leased_until=None, run_after=_plan_retry(mail), error=reason[:_MAX_ERROR_LENGTH])


def postpone_all_due(*, mail: OutgoingMail) -> None:
    """Postpone the other due mails like this one, because the mail server accepts none of them."""
    OutgoingMail.objects.due(timezone.now()).update(run_after=_plan_retry(mail))


def reject_mail(*, mail: OutgoingMail, reason: str) -> None:
    """Mark a mail as failed that the server will never accept. Store the reason and delete the text."""
    log.warning("Mail %s cannot be delivered: %s", mail.pk, reason)
    OutgoingMail.objects.filter(pk=mail.pk, lease=mail.lease).update(
        lease=None, leased_until=None, is_failed=True, text="", html="", error=reason[:_MAX_ERROR_LENGTH]
    )


def retry_mails(*, mails: OutgoingMailQuerySet) -> int:
    """Make waiting mails due now; return how many. Rejected mails have no text any more and stay as they are."""
    return mails.waiting().update(run_after=timezone.now())


def delete_old_mail() -> int:
    """Delete mails that could not be sent for EMAIL_RETRY_DAYS; return how many."""
    limit = timezone.now() - timedelta(days=settings.EMAIL_RETRY_DAYS)
    deleted, _ = OutgoingMail.objects.created_before(limit).delete()
    return deleted


def build_message(mail: OutgoingMail) -> EmailMultiAlternatives:
    """Return the message that was queued, for one recipient."""
    message = EmailMultiAlternatives(mail.subject, mail.text, mail.sender, [mail.recipient], headers=mail.headers)
    if mail.html and mail.text:
        message.attach_alternative(mail.html, "text/html")
    elif mail.html:
        message.body, message.content_subtype = mail.html, "html"
    return message


def _plan_retry(mail: OutgoingMail) -> datetime:
    pause_s = min(_FIRST_PAUSE_S * 3.0 ** min(mail.attempts - 1, 10), _LONGEST_PAUSE_S)
    return timezone.now() + timedelta(seconds=pause_s)
