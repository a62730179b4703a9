"""Responses to requests that Django or a view refuses, and to unexpected errors."""

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core import exceptions
from django.db import DatabaseError, InterfaceError, InternalError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from collections_app.errors import (
    EncoderError,
    IndexUnavailable,
    NotAllowed,
    SearchNotUnderstood,
    StorageUnavailable,
)
from collections_app.messages import describe_error
from collections_app.permissions import SignedInRequest
from collections_app.refusals import Refusal, build_json_refusal, is_json_requested, render_refusal

_Arguments = ParamSpec("_Arguments")
_View = Callable[Concatenate[SignedInRequest, _Arguments], HttpResponseBase]
_RETRY_AFTER_S = 30

_UNKNOWN = gettext_lazy("The request may be too large or the link damaged. Go back and try again with fewer files.")
_LONG_NAME = gettext_lazy("The name of a file is too long. Rename the file and try again.")
_SENTENCES = (
    (exceptions.TooManyFilesSent, gettext_lazy("These are too many files. Upload fewer at a time.")),
    (exceptions.TooManyFieldsSent, gettext_lazy("This form has too many fields. Select fewer items at a time.")),
    (exceptions.RequestDataTooBig, gettext_lazy("This upload is too large. Upload fewer files at a time.")),
    (exceptions.DisallowedHost, gettext_lazy("The site isn't set up for this address. Ask an administrator.")),
    (MultiPartParserError, gettext_lazy("The upload arrived incomplete. Try again.")),
)
_FORBIDDEN = Refusal(
    status=403,
    code="forbidden",
    heading=gettext_lazy("Not allowed"),
    sentence=gettext_lazy("You may not do this. Ask an administrator."),
)
_EXPIRED = Refusal(
    status=403,
    code="csrf",
    heading=gettext_lazy("This page has expired"),
    sentence=gettext_lazy("Go back, reload the page and try again. Cookies must be allowed."),
)
_NOT_FOUND = Refusal(
    status=404,
    code="not_found",
    heading=gettext_lazy("Page not found"),
    sentence=gettext_lazy("This page or picture doesn't exist, was deleted, or isn't shared with you."),
)
_TOO_MANY_REQUESTS = Refusal(
    status=429,
    code="too_many_requests",
    heading=gettext_lazy("Too many attempts"),
    sentence=gettext_lazy("Wait a few minutes, then try again."),
)
_ERROR = Refusal(
    status=500,
    code="error",
    heading=gettext_lazy("Something went wrong"),
    sentence=gettext_lazy("The error has been logged. Try again in a moment."),
)


def respond_bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    refusal = Refusal(status=400, code="bad_request", sentence=_describe_bad_request(exception))
    return render_refusal(request, refusal)


def respond_permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say who may do it, if one of our permissions refused."""
    cause = exception.__cause__
    refusal = replace(_FORBIDDEN, sentence=describe_error(cause)) if isinstance(cause, NotAllowed) else _FORBIDDEN
    return render_refusal(request, refusal, has_navigation=True)


def respond_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render_refusal(request, _NOT_FOUND, has_navigation=True)


def respond_csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return render_refusal(request, _EXPIRED)


def respond_too_many_requests(request: HttpRequest) -> HttpResponse:
    """allauth calls this where one of its own limits is reached."""
    return render_refusal(request, _TOO_MANY_REQUESTS, has_navigation=True)


@login_not_required
def respond_server_error(request: HttpRequest) -> HttpResponse:
    """Respond 503 if the database, the storage, the index or the model is unavailable, else 500.

    Django calls this while it handles the exception.
    """
    sentence = _describe_outage(sys.exception())
    if sentence is None:
        return render_refusal(request, _ERROR)
    hint = _("If you changed something, check whether it was saved.")
    response = render_refusal(request, build_outage(f"{sentence} {hint}"))
    response["Retry-After"] = str(_RETRY_AFTER_S)
    return response


def build_outage(sentence: str) -> Refusal:
    return Refusal(status=503, code="unavailable", heading=_("Not available right now"), sentence=sentence)


def render_misread(request: HttpRequest, error: SearchNotUnderstood) -> HttpResponse:
    """Respond 400 to a browser that expects a file: it would save the page that a redirect leads to."""
    refusal = Refusal(
        status=400, code="not_understood", heading=_("This can't be done"), sentence=describe_error(error)
    )
    return render_refusal(request, refusal, has_navigation=True)


def refuse_misread(
    redirect_back: Callable[Concatenate[SignedInRequest, _Arguments], HttpResponse],
) -> Callable[[_View[_Arguments]], _View[_Arguments]]:
    """Redirect with a message if the view raises SearchNotUnderstood. Views read the whole form before they act."""

    def decorate(view: _View[_Arguments]) -> _View[_Arguments]:
        @wraps(view)
        def checked(
            request: SignedInRequest, /, *args: _Arguments.args, **kwargs: _Arguments.kwargs
        ) -> HttpResponseBase:
            try:
                return view(request, *args, **kwargs)
            except SearchNotUnderstood as error:
                hint = _("Nothing was changed.")
                sentence = f"{describe_error(error)} {hint}"
                if is_json_requested(request):
                    return build_json_refusal(Refusal(status=400, code="not_understood", sentence=sentence))
                messages.error(request, sentence)
                return redirect_back(request, *args, **kwargs)

        return checked

    return decorate


def _describe_bad_request(exception: Exception) -> str:
    if isinstance(exception, MultiPartParserError) and "header size" in str(exception):
        return str(_LONG_NAME)
    return str(next((sentence for kind, sentence in _SENTENCES if isinstance(exception, kind)), _UNKNOWN))


def _describe_outage(error: BaseException | None) -> str | None:
    """Return a sentence if a part of the site is unavailable, or None for an error in our code."""
    if isinstance(error, (StorageUnavailable, IndexUnavailable, EncoderError)):
        return describe_error(error)
    # A damaged SQLite file raises DatabaseError itself; its other subclasses are errors in statements.
    if isinstance(error, (OperationalError, InterfaceError, InternalError)) or type(error) is DatabaseError:
        return _("The database is busy, full or unavailable. Try again in a minute.")
    return None
