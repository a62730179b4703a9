"""Sends queued mail to the mail server, and distinguishes errors of one mail from errors of the server."""

import logging
import smtplib
import uuid

from django.conf import settings
from django.core.mail import BadHeaderError
from django.core.mail.backends.smtp import EmailBackend

from collections_app.models import OutgoingMail
from collections_app.services.mail.queue import (
    build_message,
    claim_mail,
    finish_mail,
    postpone_all_due,
    postpone_mail,
    reject_mail,
)

log = logging.getLogger(__name__)

_LEASE_TIMEOUTS = 12  # connecting and sending take about ten exchanges, each with the time limit
_PERMANENT = 500
_CLOSING = 421


class MailSender:
    """Sends due mail. Several senders may run at once, because each mail is leased to one of them."""

    def __init__(self) -> None:
        self._id = uuid.uuid4()
        self._was_reachable = True

    def send_next(self) -> bool:
        """Send due mails over one connection; return whether there may be more. Do nothing without EMAIL_HOST."""
        if not settings.EMAIL_HOST or (mail := self._claim()) is None:
            return False
        connection = open_server()
        try:
            try:
                connection.open()
            except (OSError, smtplib.SMTPException) as error:
                self._report_unreachable(mail, describe_failure(error))
                return False
            self._was_reachable = True
            while mail and _send_and_settle(connection, mail):
                mail = self._claim()
            return mail is not None
        finally:
            _close(connection)

    def _claim(self) -> OutgoingMail | None:
        return claim_mail(sender=self._id, lease_s=settings.EMAIL_TIMEOUT * _LEASE_TIMEOUTS)

    def _report_unreachable(self, mail: OutgoingMail, reason: str) -> None:
        if self._was_reachable:
            log.warning("The mail server cannot be used, so mail waits: %s", reason)
        self._was_reachable = False
        postpone_mail(mail=mail, reason=reason)
        postpone_all_due(mail=mail)


def open_server() -> EmailBackend:
    """Return a connection to EMAIL_HOST, with EMAIL_TIMEOUT. It is opened by `open` or by the first message."""
    return EmailBackend(fail_silently=False)


def describe_failure(error: Exception) -> str:
    """Return an error with the server's answer in one line."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return "; ".join(_describe_answer(*answer) for answer in error.recipients.values())
    if isinstance(error, smtplib.SMTPResponseException):
        return _describe_answer(error.smtp_code, error.smtp_error)
    if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
        return f"{settings.EMAIL_HOST} did not answer in {settings.EMAIL_TIMEOUT} seconds."
    return " ".join(f"{type(error).__name__}: {error}".split())


def _send_and_settle(connection: EmailBackend, mail: OutgoingMail) -> bool:
    """Send one mail and settle its row; return whether the connection can be used for another one."""
    try:
        connection.send_messages([build_message(mail)])
    except (BadHeaderError, ValueError) as error:
        reject_mail(mail=mail, reason=describe_failure(error))
    except smtplib.SMTPException as error:
        _settle_refusal(mail, error)
        return not _is_closing(error)
    except OSError as error:
        postpone_mail(mail=mail, reason=describe_failure(error))
        return False
    else:
        finish_mail(mail=mail)
    return True


def _settle_refusal(mail: OutgoingMail, error: smtplib.SMTPException) -> None:
    reason = describe_failure(error)
    if _is_permanent(error):
        reject_mail(mail=mail, reason=reason)
    else:
        postpone_mail(mail=mail, reason=reason)


def _is_permanent(error: smtplib.SMTPException) -> bool:
    """Return whether the server will never accept this mail. A rejected sender address can be corrected in settings."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= _PERMANENT for code, _answer in error.recipients.values())
    if isinstance(error, smtplib.SMTPSenderRefused):
        return False
    return isinstance(error, smtplib.SMTPResponseException) and error.smtp_code >= _PERMANENT


def _is_closing(error: smtplib.SMTPException) -> bool:
    closes = isinstance(error, smtplib.SMTPResponseException) and error.smtp_code == _CLOSING
    return closes or isinstance(error, smtplib.SMTPServerDisconnected)


def _describe_answer(code: int, answer: bytes | str) -> str:
    text = answer.decode(errors="replace") if isinstance(answer, bytes) else answer
    return " ".join(f"{code} {text}".split())


def _close(connection: EmailBackend) -> None:
    try:
        connection.close()
    except (OSError, smtplib.SMTPException):
        log.debug("The mail server had closed the connection.")
