"""The answer to an unexpected error: 503 if the database, the storage or the index is unavailable, else 500."""

import sys

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, InterfaceError, InternalError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from collections_app.errors import EncoderError, ImageSearchError, IndexUnavailable, StorageUnavailable
from collections_app.messages import describe_error
from collections_app.middleware import is_json_requested

_RETRY_AFTER_S = 30


@login_not_required
def server_error(request: HttpRequest) -> HttpResponse:
    """Django calls this while it handles the exception. The page reads nothing from the database."""
    error = sys.exception()
    if (sentence := _explain(error)) is None:
        sentence, code, status, template = _("Something went wrong. Try again in a moment."), "error", 500, "500.html"
    else:
        code, status, template = "unavailable", 503, "503.html"
    if is_json_requested(request):
        response: HttpResponse = JsonResponse({"error": sentence, "code": code}, status=status)
    else:
        response = HttpResponse(render_to_string(template, {"sentence": sentence}), status=status)
    if status == 503:
        response["Retry-After"] = str(_RETRY_AFTER_S)
    return response


def _explain(error: BaseException | None) -> str | None:
    """Return a sentence for a part that is unavailable, or None for an error of ours."""
    if isinstance(error, ImageSearchError) and isinstance(error, (StorageUnavailable, IndexUnavailable, EncoderError)):
        return describe_error(error)
    # A damaged SQLite file raises DatabaseError itself; its other subclasses are errors in statements.
    if isinstance(error, (OperationalError, InterfaceError, InternalError)) or type(error) is DatabaseError:
        return _("The database is busy, full or unavailable. Try again in a minute.")
    return None
