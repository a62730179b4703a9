"""The headers of responses, all compared with the required ones."""

import pytest
from django.test import Client
from pytest_django import Settings

from tests.sample_team import SampleTeam

CSP = (
    "base-uri 'none'; connect-src 'self'; default-src 'none'; font-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; img-src 'self' blob:; script-src 'self'; style-src 'self'"
)
EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Permitted-Cross-Domain-Policies": "none",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": CSP,
    "Cache-Control": "private, no-store",
}
ALLAUTHS = "max-age=0, no-cache, no-store, must-revalidate, private"
PICTURE = {"Cache-Control": "private, no-cache", "Content-Security-Policy": "sandbox; default-src 'none'"}
PAGES: dict[str, dict[str, str]] = {
    "/": {},
    "/account/": {},
    "/search/": {},
    "/nowhere/": {},
    "/accounts/login/": {"Cache-Control": ALLAUTHS},
    "/accounts/2fa/": {},
    "/accounts/sessions/": {},
    "/images/{image}/": {},
    "/images/{image}/file/": PICTURE,
    "/images/{image}/thumbnail/": PICTURE,
}
REFUSED = ("camera=()", "geolocation=()", "microphone=()", "payment=()", "usb=()")


@pytest.mark.parametrize("address", PAGES)
@pytest.mark.parametrize("is_signed_in", [True, False], ids=["member", "visitor"])
def test_every_security_header_is_set(
    address: str, is_signed_in: bool, as_owner: Client, client: Client, sample: SampleTeam
) -> None:
    answer = (as_owner if is_signed_in else client).get(address.format(image=sample.image.pk))
    own = {} if answer.status_code == 302 and "/images/" in address else PAGES[address]
    assert {name: sort_directives(answer.headers.get(name, "")) for name in EVERYWHERE} == EVERYWHERE | own
    assert set(REFUSED) <= set(answer.headers["Permissions-Policy"].split(", "))
    assert "publickey-credentials" not in answer.headers["Permissions-Policy"], "passkeys need them"


def sort_directives(header: str) -> str:
    """django-csp gives its directives in no order worth keeping."""
    return "; ".join(sorted(header.split("; "))) if "default-src" in header and "sandbox" not in header else header


def test_static_file_is_cacheable_and_same_site(client: Client) -> None:
    headers = client.get("/static/css/tokens.css").headers
    assert headers["Cache-Control"] == "max-age=600, public"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "Access-Control-Allow-Origin" not in headers


def test_cookies_are_http_only(client: Client, sample: SampleTeam) -> None:
    answer = client.post("/accounts/login/", {"login": sample.owner.email, "password": "a long password"})
    cookie = answer.cookies["sessionid"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["domain"]) == (True, "Lax", "/", "")
    assert client.get("/accounts/password/reset/").cookies["csrftoken"]["httponly"] is True


def test_plain_http_redirects_to_https(client: Client, settings: Settings, db: None) -> None:
    settings.SECURE_SSL_REDIRECT, settings.SECURE_HSTS_SECONDS = True, 31_536_000
    assert client.get("/").headers["Location"] == "https://testserver/"
    assert client.get("/accounts/login/", secure=True).headers["Strict-Transport-Security"] == "max-age=31536000"
