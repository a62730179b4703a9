"""How long one request may work, so that threads stay free for other people."""

import time

from django.conf import settings
from django.http import HttpRequest


class RequestBudget:
    """Starts when the view creates it, after the body of the request has arrived."""

    def __init__(self, request: HttpRequest) -> None:
        self._ends = time.monotonic() + settings.UPLOAD_SECONDS
        # Only waitress sets this function; other servers do not report that a client has disconnected.
        self._is_client_gone = request.META.get("waitress.client_disconnected")

    @property
    def is_spent(self) -> bool:
        return time.monotonic() >= self._ends or self.is_client_gone

    @property
    def is_client_gone(self) -> bool:
        return callable(self._is_client_gone) and bool(self._is_client_gone())
