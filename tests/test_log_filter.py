"""No log line holds the secret of an address, at default settings, whatever the answer is."""

import io
import logging
import re
import secrets
from collections.abc import Iterator

import pytest
from django.http import HttpRequest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from collections_app.services.sharing.invitations import invite
from collections_app.services.sharing.public_links import create_link
from imagesearch.settings import LOGGING
from tests.sample_team import SampleTeam

BLANK = "[secret]"
# Parameters of addresses that name something and open nothing; all others count as secrets.
OPEN_NAMES = {"pk", "share", "link", "member", "public_id", "provider_id", "uidb36", "object_id", "app_label", "url"}
OPEN_NAMES |= {"content_type_id", "path", "guest_link", "waiting", "collection_key", "part"}
VALUES = {"pk": "1", "share": "1", "link": "1", "member": "1", "public_id": "0" * 8 + "-0000-4000-8000-" + "0" * 12}


def collect_routes(patterns: list[URLPattern | URLResolver], before: str = "") -> Iterator[str]:
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from collect_routes(pattern.url_patterns, route)
        else:
            yield route


def find_parameters(route: str) -> list[str]:
    return re.findall(r"(?:<(?:\w+:)?|\(\?P<)(\w+)>", route)


def fill_in(route: str, secret: str) -> str:
    """Return an address of the route with `secret` for each parameter that is no open name."""

    def value(found: re.Match[str]) -> str:
        name = found[1]
        return (VALUES.get(name) or "1") if name in OPEN_NAMES else secret

    path = re.sub(r"\(\?P<(\w+)>(?:[^()\[\]]|\[[^\]]*\])*\)", value, route)
    path = re.sub(r"<(?:\w+:)?(\w+)>", value, path)
    return "/" + path.replace("^", "").replace("$", "").replace("\\Z", "").replace("\\", "")


ROUTES = sorted(set(collect_routes(get_resolver().url_patterns)))
SECRET_ROUTES = [route for route in ROUTES if set(find_parameters(route)) - OPEN_NAMES]


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the handlers of the settings write."""
    stream = io.StringIO()
    handlers = {
        handler
        for name in (None, "django", "collections_app", "django.server")
        for handler in logging.getLogger(name).handlers
        if type(handler) is logging.StreamHandler
    }
    streams = {handler: handler.setStream(stream) for handler in handlers}
    yield stream
    for handler, before in streams.items():
        handler.setStream(before)


def test_each_handler_has_the_filters() -> None:
    assert all(handler["filters"][-2:] == ["blank_secrets", "request_id"] for handler in LOGGING["handlers"].values())


def test_secrets_have_names_that_the_filter_knows() -> None:
    from collections_app.log_filter import SECRET_NAMES

    named = {name for route in SECRET_ROUTES for name in find_parameters(route)} - OPEN_NAMES
    assert named <= set(SECRET_NAMES), "name it in SECRET_NAMES, or in OPEN_NAMES of this test if it opens nothing"


def test_the_addresses_with_secrets_are_found() -> None:
    shown = {fill_in(route, "x") for route in SECRET_ROUTES}
    assert shown >= {"/s/x/", "/invitations/x/", "/accounts/confirm-email/x/", "/accounts/password/reset/key/1-x/"}


@pytest.mark.parametrize("route", SECRET_ROUTES)
@pytest.mark.parametrize("change", ["", "wrong/", "strip", "?key=", "below", "blank"])
def test_no_answer_leaves_a_secret_in_the_log(
    route: str, change: str, client: Client, log: io.StringIO, db: None
) -> None:
    secret = f"-{secrets.token_urlsafe(12)}_"
    address = fill_in(route, secret)
    address = {
        "strip": address.rstrip("/"),
        "?key=": f"{address}?key={secret}",
        "below": f"/x{address}",
        "blank": address.replace(secret, f" '{secret}") + "x/",
    }.get(change, address + change)
    checking = Client(enforce_csrf_checks=True)
    for method in (client.get, client.post, checking.post, client.delete):
        method(address)
    assert secret not in log.getvalue()
    assert f"[{BLANK}]" not in log.getvalue(), "several filters replace a secret once"
    if change == "wrong/":
        assert BLANK in log.getvalue(), "the line is there, without the secret"


def test_failed_request_leaves_no_secret_in_its_traceback(
    sample: SampleTeam, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = create_link(collection=sample.collection, creator=sample.owner)
    client = Client(raise_request_exception=False)

    def fail(_pictures: object, request: HttpRequest) -> None:
        raise ValueError(f"{link.secret} of {request!r}")

    monkeypatch.setattr("collections_app.views.sharing.public_links.PictureList.get_page", fail)
    assert client.get(f"/s/{link.secret}/").status_code == 500
    assert "ValueError" in log.getvalue()
    assert link.secret not in log.getvalue()


def test_rejected_host_and_return_addresses_leave_no_secret(sample: SampleTeam, log: io.StringIO) -> None:
    _, secret = invite(email="a@example.com", role="viewer", inviter=sample.owner, team=sample.team)
    client = Client()
    client.get(f"/invitations/{secret}/", headers={"host": "evil.example.org"})
    client.get(f"/nowhere/?next=/invitations/{secret}/&code={secret}")
    client.get(f"/nowhere/%2Finvitations%2F{secret}%2F")
    logging.getLogger("django.server").info('"GET /s/%s/?token=%s HTTP/1.1" 200 17', secret, secret)
    logging.getLogger("a.web.server").warning("Slow: /accounts/login/?next=%%2Finvitations%%2F%s%%2F", secret)
    assert len(log.getvalue().splitlines()) >= 4
    assert secret not in log.getvalue()


def test_arguments_that_do_not_match_the_message_are_logged(log: io.StringIO) -> None:
    logging.getLogger("a.library").warning("%d pictures", "no")
    logging.getLogger("a.library").warning("%(count)s pictures", {"number": 3})
    assert "%d pictures ('no',)" in log.getvalue()
    assert "%(count)s pictures {'number': 3}" in log.getvalue()


def test_ordinary_lines_stay_as_they_are(log: io.StringIO) -> None:
    logging.getLogger("collections_app").warning("Not Found: %s (%d%%)", "/images/5/ ?keys=q&page=2", 7)
    logging.getLogger("collections_app").warning("/invitations/17/revoke/")
    assert "Not Found: /images/5/ ?keys=q&page=2 (7%)" in log.getvalue()
    assert "/invitations/17/revoke/" in log.getvalue()
