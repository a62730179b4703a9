"""A client that reads a page to its end, as browsers do, though it is sent in two goes. Files are left to be read."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.test import Client
from django.test.client import ClientHandler


class Reader(Client):
    def __init__(self, *, enforce_csrf_checks: bool = False, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(enforce_csrf_checks=enforce_csrf_checks, headers=headers)
        self.handler = _Reading(enforce_csrf_checks)


class _Reading(ClientHandler):
    def __call__(self, environ: dict[str, Any]) -> Any:
        answer: Any = super().__call__(environ)
        if not answer.streaming or not answer["Content-Type"].startswith("text/html"):
            return answer
        whole: Any = HttpResponse(b"".join(answer), status=answer.status_code, headers=dict(answer.headers))
        whole.cookies, whole.wsgi_request = answer.cookies, answer.wsgi_request
        return whole
