"""Middleware: request ids, metrics, headers, probes, the language, sign-in, the upload pass, limits on attempts."""

import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import middleware as auth
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.urls import Resolver404, resolve
from django.utils.translation import gettext as _

from collections_app.errors import TooManyAttempts
from collections_app.known_devices import store_devices
from collections_app.messages import describe_error
from collections_app.metrics import OTHER_VIEW, count_request
from collections_app.refusals import (
    Refusal,
    build_json_refusal,
    get_signed_out_sentence,
    is_json_requested,
    refuse_htmx_signed_out,
    render_refusal,
)
from collections_app.request_ids import select_request_id, set_request_id
from collections_app.services.uploads.upload_pass import make_upload_pass, read_upload_pass

_Respond = Callable[[HttpRequest], HttpResponseBase]
_HEADERS = {
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Permitted-Cross-Domain-Policies": "none",
    # After sign-out neither the back button nor a proxy shows a page. Static files and pictures set their own value.
    "Cache-Control": "private, no-store",
}

_PROBES_PATH = "/-/"

# A pass is renewed after a day, so that it lasts as long as a session in use.
_PASS_RENEWAL_S = 24 * 3600


class RequestIdMiddleware:
    """Give each request an id, and send it as `X-Request-ID`. Only proxies may propose one.

    The id stays after the middleware, for lines about the response and while it is sent. The web server removes it.
    """

    def __init__(self, get_response: _Respond) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        has_proxy = settings.ALLAUTH_TRUSTED_PROXY_COUNT > 0
        request_id = select_request_id(request.headers.get("X-Request-ID") if has_proxy else None)
        set_request_id(request_id)
        response = self._get_response(request)
        response["X-Request-ID"] = request_id
        return response


class MetricsMiddleware:
    """Count each request, and measure the time until its response begins."""

    def __init__(self, get_response: _Respond) -> None:
        if not settings.METRICS_PORT:
            raise MiddlewareNotUsed
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        started = time.perf_counter()
        response = self._get_response(request)
        elapsed_s = time.perf_counter() - started
        view = _name_view(request)
        count_request(method=request.method or "", view=view, status=response.status_code, elapsed_s=elapsed_s)
        return response


def _name_view(request: HttpRequest) -> str:
    """Return the name of the address, of which there is a limited number; never a path."""
    if request.resolver_match:
        return request.resolver_match.view_name
    return "static" if request.path.startswith(settings.STATIC_URL) else OTHER_VIEW


class SecureHeadersMiddleware:
    """Add `_HEADERS` that a response lacks. Outermost, so that static files and redirects to https have them too."""

    def __init__(self, get_response: _Respond) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self._get_response(request)
        for name, value in _HEADERS.items():
            response.setdefault(name, value)
        return response


class ProbesMiddleware:
    """Answer probes before host names and https are checked: they send the address of a container, over http."""

    def __init__(self, get_response: _Respond) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info.startswith(_PROBES_PATH):
            try:
                match = request.resolver_match = resolve(request.path_info)
            except Resolver404:
                pass
            else:
                response: HttpResponse = match.func(request, *match.args, **match.kwargs)
                response.setdefault("Content-Length", str(len(response.content)))
                return response
        return self._get_response(request)


class LanguageMiddleware(LocaleMiddleware):
    """Skip responses with an ETag: these are pictures, whose bytes are the same in every language."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        return response if response.has_header("ETag") else super().process_response(request, response)


class LoginRequiredMiddleware(auth.LoginRequiredMiddleware):
    """Require a signed-in user for every view that is not `login_not_required`. Scripts get an error to show."""

    def handle_no_permission(self, request: HttpRequest, view_func: Callable[..., HttpResponseBase]) -> Any:
        if is_json_requested(request):
            refusal = Refusal(status=401, code="signed_out", sentence=get_signed_out_sentence())
            return build_json_refusal(refusal)
        if request.headers.get("HX-Request"):
            return refuse_htmx_signed_out()
        return super().handle_no_permission(request, view_func)


class UploadPassMiddleware:
    """Set the cookie of the upload pass in browsers of signed-in people, and delete it in others."""

    def __init__(self, get_response: _Respond) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self._get_response(request)
        if request.session.accessed:
            self._renew(request, response)
        return response

    def _renew(self, request: HttpRequest, response: HttpResponseBase) -> None:
        name, path = settings.UPLOAD_PASS_COOKIE_NAME, settings.SESSION_COOKIE_PATH
        sent = request.COOKIES.get(name, "")
        if not request.user.is_authenticated:
            if sent and (read_upload_pass(sent) or 0) >= 0:  # a negative one is of a guest
                response.delete_cookie(name, path=path, samesite="Lax")
        elif read_upload_pass(sent, max_age_s=_PASS_RENEWAL_S) != request.user.pk:
            response.set_cookie(
                name,
                make_upload_pass(request.user.pk),
                max_age=settings.SESSION_COOKIE_AGE,
                path=path,
                secure=settings.SESSION_COOKIE_SECURE,
                httponly=True,
                samesite="Lax",
            )


class AttemptsMiddleware:
    """Answer TooManyAttempts with status 429, and set the cookie of known devices."""

    def __init__(self, get_response: _Respond) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self._get_response(request)
        store_devices(request, response)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        if not isinstance(exception, TooManyAttempts):
            return None
        refusal = Refusal(
            status=429,
            code="too_many_attempts",
            heading=_("Too many attempts"),
            sentence=describe_error(exception),
        )
        response = render_refusal(request, refusal, has_navigation=True)
        response["Retry-After"] = str(exception.retry_after_s)
        return response
