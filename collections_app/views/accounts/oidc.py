"""The way to an identity provider and back."""

from collections.abc import Callable
from functools import wraps

from allauth.socialaccount.providers.openid_connect import views as openid_connect
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from requests import RequestException

_View = Callable[[HttpRequest, str], HttpResponse]


def say_when_unreachable(view: _View) -> _View:
    """allauth asks the provider for its addresses before it is ready to catch what may go wrong."""

    @wraps(view)
    def guarded(request: HttpRequest, provider_id: str) -> HttpResponse:
        try:
            return view(request, provider_id)
        except RequestException:
            return render(request, "socialaccount/authentication_error.html", status=503)

    return guarded


@login_not_required
@say_when_unreachable
def leave_for_provider(request: HttpRequest, provider_id: str) -> HttpResponse:
    """SearchResults with a page that goes there by itself, not with a redirect.

    Chromium holds the redirects that follow a form to the page's `form-action`, and nobody knows beforehand over which
    hosts a provider leads: the list would have to be opened to all.
    """
    response: HttpResponse = openid_connect.login(request, provider_id)
    if response.status_code != 302:
        return response
    return render(request, "accounts/oidc_redirect.html", {"address": response.headers["Location"]})


@login_not_required
@say_when_unreachable
def come_back_from_provider(request: HttpRequest, provider_id: str) -> HttpResponse:
    response: HttpResponse = openid_connect.callback(request, provider_id)
    return response
