"""A running mail server, and settings that use it."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from pytest_django import Settings

from tests.mail_server import MailServer, running_mail_server


def use_mail_server(settings: Settings, port: int) -> None:
    """What EMAIL_HOST sets, with a short time limit."""
    settings.EMAIL_BACKEND = "collections_app.services.mail.backend.QueueingBackend"
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.EMAIL_TIMEOUT = 1


@pytest.fixture
def mail_server(settings: Settings, db: None) -> Iterator[MailServer]:
    cache.clear()
    with running_mail_server() as server:
        use_mail_server(settings, server.port)
        yield server
