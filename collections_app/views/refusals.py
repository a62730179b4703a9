"""What people and scripts get for a request that Django or a view refuses: a page, or a sentence as JSON."""

from django.core import exceptions
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.http.multipartparser import MultiPartParserError
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import csrf, defaults

from collections_app.middleware import is_json_requested

_UNKNOWN = gettext_lazy("The request may be too large or the link damaged. Go back and try again with fewer files.")
_TOO_LARGE = gettext_lazy("This upload is too large. Upload fewer files at a time.")
_INCOMPLETE = gettext_lazy("The upload arrived incomplete. Try again.")
_LONG_NAME = gettext_lazy("The name of a file is too long. Rename the file and try again.")
_SENTENCES = (
    (exceptions.TooManyFilesSent, gettext_lazy("These are too many files. Upload fewer at a time.")),
    (exceptions.TooManyFieldsSent, gettext_lazy("This form has too many fields. Select fewer items at a time.")),
    (exceptions.RequestDataTooBig, _TOO_LARGE),
    (exceptions.DisallowedHost, gettext_lazy("The site isn't set up for this address. Ask an administrator.")),
    (MultiPartParserError, _INCOMPLETE),
)


def respond_bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The page needs nothing of the request, which may be unreadable."""
    sentence = _describe(exception)
    if is_json_requested(request):
        return JsonResponse({"error": sentence, "code": "bad_request"}, status=400)
    return HttpResponse(render_to_string("400.html", {"sentence": sentence}), status=400)


def respond_permission_denied(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    if is_json_requested(request):
        sentence = _("You can view this but not change it. Ask an owner of the team.")
        return JsonResponse({"error": sentence, "code": "forbidden"}, status=403)
    return defaults.permission_denied(request, exception)


def respond_not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    if is_json_requested(request):
        sentence = _("This page or picture doesn't exist, was deleted, or isn't shared with you.")
        return JsonResponse({"error": sentence, "code": "not_found"}, status=404)
    return defaults.page_not_found(request, exception)


def respond_csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponseBase:
    if is_json_requested(request):
        sentence = _("This page has expired. Reload it and try again.")
        return JsonResponse({"error": sentence, "code": "csrf"}, status=403)
    return csrf.csrf_failure(request, reason)


def _describe(exception: Exception) -> str:
    if isinstance(exception, MultiPartParserError) and "header size" in str(exception):
        return str(_LONG_NAME)
    return str(next((sentence for kind, sentence in _SENTENCES if isinstance(exception, kind)), _UNKNOWN))
