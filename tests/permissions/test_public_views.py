"""Which views work without signing in: those that say so, and no other."""

from collections import defaultdict

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import URLPattern, include, path, reverse
from pytest_django import Settings

from collections_app import urls
from imagesearch.urls import urlpatterns as site_patterns
from tests.permissions.requests import fill, routes

PUBLIC = {
    "gallery",  # a visitor gets the start page
    *("public_link", "public_password", "public_search", "public_image"),
    *("public_thumbnail", "public_preview", "public_download", "public_collection"),
    *("guest_upload", "invitation", "set_language", "healthz", "live", "ready"),
}
PUBLIC_PATHS = {
    "accounts/oidc/<str:provider_id>/login/",
    "accounts/oidc/<str:provider_id>/login/callback/",
    "accounts/3rdparty/login/error/",
    "accounts/signup/",
    r"^accounts/confirm-email/(?P<key>[-:\w]+)/$",
}


def is_public(pattern: URLPattern) -> bool:
    return not getattr(pattern.callback, "login_required", True)


def undecorated(request: HttpRequest) -> HttpResponse:
    return HttpResponse("secret")


urlpatterns = [path("undecorated/", undecorated), path("", include("imagesearch.urls"))]


def test_only_these_views_are_public() -> None:
    assert {each.name for each in urls.urlpatterns if is_public(each)} == PUBLIC
    assert {str(each.pattern) for each in site_patterns if isinstance(each, URLPattern) and is_public(each)} == (
        PUBLIC_PATHS
    )


@pytest.mark.parametrize("name", sorted(set(routes()) - PUBLIC))
def test_every_other_view_asks_to_sign_in(name: str, client: Client, db: None) -> None:
    address = fill(routes()[name], defaultdict(lambda: 1))
    answer = client.get(address)
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/accounts/login/?next={address}")


def test_view_without_decorator_asks_to_sign_in(client: Client, settings: Settings, db: None) -> None:
    settings.ROOT_URLCONF = __name__
    answer = client.get("/undecorated/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/accounts/login/?next=/undecorated/")


@pytest.mark.parametrize(
    ("name", "status"), [("socialaccount_login_error", 401), ("socialaccount_login_cancelled", 200)]
)
def test_failed_single_sign_on_is_explained(name: str, status: int, client: Client, db: None) -> None:
    assert client.get(reverse(name)).status_code == status
