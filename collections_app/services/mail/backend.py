"""The email backend of sites with a mail server. It queues mail in the caller's transaction."""

from collections.abc import Sequence
from email.utils import make_msgid, parseaddr

from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend

from collections_app.models import OutgoingMail


class QueueingBackend(BaseEmailBackend):
    """Writes one row for each recipient, so that each is sent, retried and rejected separately."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        rows = [row for message in email_messages for row in _build_rows(message)]
        OutgoingMail.objects.bulk_create(rows)
        return len([message for message in email_messages if message.recipients()])


def _build_rows(message: EmailMessage) -> list[OutgoingMail]:
    """Raises BadHeaderError, and ValueError for a message with attachments or parts other than text and HTML."""
    # Otherwise Django asks a name server for the name of this machine, which may take long.
    message.extra_headers.setdefault("Message-ID", make_msgid(domain=_get_domain(message.from_email)))
    built = message.message()
    headers = {name: str(built[name]) for name in ("To", "Cc", "Reply-To", "Date") if name in built}
    headers |= {name: str(value) for name, value in message.extra_headers.items()}
    text, html = _split_body(message)
    return [
        OutgoingMail(
            recipient=recipient,
            sender=str(message.from_email),
            subject=str(message.subject),
            text=text,
            html=html,
            headers=headers,
        )
        for recipient in message.recipients()
    ]


def _get_domain(address: str) -> str:
    return parseaddr(address)[1].rpartition("@")[2] or "localhost"


def _split_body(message: EmailMessage) -> tuple[str, str]:
    parts = [(str(message.body), f"text/{message.content_subtype}")]
    if isinstance(message, EmailMultiAlternatives):
        parts += [(str(content), str(mimetype)) for content, mimetype in message.alternatives]
    bodies = {mimetype: content for content, mimetype in parts}
    if message.attachments or len(bodies) < len(parts) or bodies.keys() - {"text/plain", "text/html"}:
        raise ValueError("The mail queue takes one text and one HTML body, and no attachments.")
    return bodies.get("text/plain", ""), bodies.get("text/html", "")
