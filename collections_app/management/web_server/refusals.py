"""Responses to requests that no view receives: too large, too slow, malformed, or too many at once."""

from collections.abc import Callable, Iterable
from typing import Any

from django.core.handlers.wsgi import WSGIRequest
from django.utils import translation
from django.utils.translation import gettext_lazy

from collections_app.middleware import RequestIdMiddleware, SecureHeadersMiddleware
from collections_app.refusals import Refusal, render_refusal

StartResponse = Callable[[str, list[tuple[str, str]]], Any]
RETRY_AFTER_S = 5

MALFORMED = Refusal(
    status=400, code="malformed", sentence=gettext_lazy("The request is malformed. Reload the page and try again.")
)
SIGNED_OUT = Refusal(status=401, code="signed_out", sentence=gettext_lazy("You are signed out. Sign in and try again."))
TOO_SLOW = Refusal(
    status=408,
    code="too_slow",
    sentence=gettext_lazy("The request took too long to arrive. Check your connection and try again."),
)
TOO_LARGE = Refusal(
    status=413,
    code="too_large",
    sentence=gettext_lazy("The request is too large. Send fewer or smaller files, or less text."),
)
ADDRESS_TOO_LONG = Refusal(
    status=414, code="address_too_long", sentence=gettext_lazy("The address is too long. Use a shorter search.")
)
HEADERS_TOO_LARGE = Refusal(
    status=431,
    code="headers_too_large",
    sentence=gettext_lazy(
        "The browser sent too much data about itself. Delete the cookies of this site and try again."
    ),
)
SERVER_ERROR = Refusal(
    status=500, code="server_error", sentence=gettext_lazy("The error has been logged. Try again in a moment.")
)
NOT_IMPLEMENTED = Refusal(
    status=501, code="not_implemented", sentence=gettext_lazy("This site doesn't support this way of sending data.")
)
BUSY = Refusal(
    status=503, code="busy", sentence=gettext_lazy("Too many people are using the site. Try again in a moment.")
)
TOO_MANY_UPLOADS = Refusal(
    status=503,
    code="busy",
    sentence=gettext_lazy("The site is receiving too many uploads. Try again in a moment."),
)
DISK_FULL = Refusal(
    status=507,
    code="no_room",
    sentence=gettext_lazy("The site's disk is full, so nothing can be uploaded. Tell an administrator."),
)


def respond_refusal(refusal: Refusal, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    """Respond in the browser's language, with JSON to scripts and a page to others. Read neither body nor session."""
    request = WSGIRequest(environ)
    render = SecureHeadersMiddleware(lambda _request: render_refusal(request, refusal))
    with translation.override(translation.get_language_from_request(request)):
        response = RequestIdMiddleware(render)(request)
    if refusal.status == BUSY.status:
        response["Retry-After"] = str(RETRY_AFTER_S)
    body = b"".join(response)
    response["Content-Length"] = str(len(body))
    start_response(f"{response.status_code} {response.reason_phrase}", list(response.items()))
    return [body]
