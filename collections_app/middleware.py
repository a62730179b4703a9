"""Headers of every answer that Django and django-csp have no setting for. A view that sets one itself keeps its own."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth import middleware as auth
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.middleware.locale import LocaleMiddleware
from django.utils.translation import gettext as _
from django_htmx.http import HTMX_STOP_POLLING

_Respond = Callable[[HttpRequest], HttpResponseBase]
# All that OWASP's cheat sheet names, but for what passkeys need.
_REFUSED = (
    *("accelerometer", "autoplay", "camera", "display-capture", "encrypted-media", "fullscreen", "geolocation"),
    *("gyroscope", "magnetometer", "microphone", "midi", "payment", "picture-in-picture", "screen-wake-lock"),
    *("sync-xhr", "usb", "web-share", "xr-spatial-tracking"),
)
_HEADERS = {
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in _REFUSED),
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Permitted-Cross-Domain-Policies": "none",
    # After signing out, neither the back button nor a proxy shows what was there. Static files and pictures, which
    # are asked for again by their ETag, say otherwise themselves.
    "Cache-Control": "private, no-store",
}


class SecureHeadersMiddleware:
    """The outermost: what other middleware answers (a static file, a redirect to https) has the headers too."""

    def __init__(self, get_response: _Respond) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self._get_response(request)
        for name, value in _HEADERS.items():
            response.setdefault(name, value)
        return response


class LanguageMiddleware(LocaleMiddleware):
    """A picture's bytes, the only answers with an ETag, are the same in every language: no browser need keep two."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        return response if response.has_header("ETag") else super().process_response(request, response)


class LoginRequiredMiddleware(auth.LoginRequiredMiddleware):
    """Every view needs a signed-in user unless it says `login_not_required`. Scripts get an answer they can show."""

    def handle_no_permission(self, request: HttpRequest, view_func: Callable[..., HttpResponseBase]) -> Any:
        if wants_json(request):
            sentence = _("You are signed out. Sign in and try again.")
            return JsonResponse({"error": sentence, "code": "signed_out"}, status=401)
        if request.headers.get("HX-Request"):
            return HttpResponse(status=HTMX_STOP_POLLING)
        return super().handle_no_permission(request, view_func)


def wants_json(request: HttpRequest) -> bool:
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"
