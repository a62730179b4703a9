"""The time that one request may work for one person, so that threads stay free for the others."""

import time

from django.conf import settings
from django.http import HttpRequest


class RequestBudget:
    """Starts when it is made: the body of the request has arrived by then."""

    def __init__(self, request: HttpRequest) -> None:
        self._ends = time.monotonic() + settings.UPLOAD_SECONDS
        # waitress tells so while a request is handled; other servers do not.
        self._is_client_gone = request.META.get("waitress.client_disconnected")

    @property
    def is_spent(self) -> bool:
        return time.monotonic() >= self._ends or self.is_client_gone

    @property
    def is_client_gone(self) -> bool:
        return callable(self._is_client_gone) and bool(self._is_client_gone())
