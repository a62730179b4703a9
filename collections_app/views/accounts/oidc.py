"""Sign-in with an identity provider: the redirect to it and its callback."""

from collections.abc import Callable
from functools import wraps

from allauth.socialaccount.providers.openid_connect import views as openid_connect
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from requests import RequestException

_View = Callable[[HttpRequest, str], HttpResponse]


def report_unreachable_provider(view: _View) -> _View:
    """Show an error page where allauth does not catch a failed request to the provider."""

    @wraps(view)
    def guarded(request: HttpRequest, provider_id: str) -> HttpResponse:
        try:
            return view(request, provider_id)
        except RequestException:
            return render(request, "socialaccount/authentication_error.html", status=503)

    return guarded


@login_not_required
@report_unreachable_provider
def oidc_login(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Respond with a page that moves on to the provider, not with a redirect.

    Chromium applies the `form-action` directive to redirects that follow a form. The hosts that a provider redirects to
    are unknown, so the directive would have to allow all hosts.
    """
    response: HttpResponse = openid_connect.login(request, provider_id)
    if response.status_code != 302:
        return response
    return render(request, "accounts/oidc_redirect.html", {"address": response.headers["Location"]})


@login_not_required
@report_unreachable_provider
def oidc_callback(request: HttpRequest, provider_id: str) -> HttpResponse:
    response: HttpResponse = openid_connect.callback(request, provider_id)
    return response
