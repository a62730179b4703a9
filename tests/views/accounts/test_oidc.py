"""Signing in with an identity provider on loopback: who gets an account, and which one."""

import re
import socketserver
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
import requests
from allauth.account.models import EmailAddress
from django.db import connections
from django.test import Client
from pytest_django import Settings

from collections_app.models import User
from imagesearch.single_sign_on import build_openid_connect_apps
from tests.identity_provider import CLIENT_ID, CLIENT_SECRET, IdentityProvider, running_provider
from tests.sample_team import CLOSED_PORT, SampleTeam, sign_in_client
from tests.views.sign_in_steps import confirm_access, is_signed_in

if TYPE_CHECKING:
    from tests.views.sign_in_steps import Response

SIGN_IN = "/accounts/oidc/localhost/login/"
TOO_LONG_S = 4  # longer than a request waits for its turn, shorter than a silent provider is waited for


@pytest.fixture(scope="module")
def running() -> Iterator[IdentityProvider]:
    with running_provider() as provider:
        yield provider


@pytest.fixture
def provider(running: IdentityProvider, settings: Settings, db: None) -> IdentityProvider:
    values = {
        "OIDC_NAME": "Acme",
        "OIDC_SERVER_URL": running.address,
        "OIDC_CLIENT_ID": CLIENT_ID,
        "OIDC_CLIENT_SECRET": CLIENT_SECRET,
    }
    apps = build_openid_connect_apps(values)
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": apps}}
    running.claims = {"sub": "17", "email": "ada@example.com", "email_verified": True}
    return running


def return_from_provider(client: Client, process: str = "login") -> "Response":
    """Press the button, follow the page that leads away, and return with what the provider sent along."""
    page = client.post(f"{SIGN_IN}?process={process}").content.decode()
    found = re.search(r'http-equiv="refresh" content="0;url=([^"]+)"', page)
    assert found, page
    there = requests.get(found[1].replace("&amp;", "&"), allow_redirects=False, timeout=5)
    back = urlsplit(there.headers["Location"])
    return client.get(f"{back.path}?{back.query}")


def test_button_is_shown_only_with_a_provider(client: Client, db: None) -> None:
    assert "Sign in with Acme" not in client.get("/accounts/login/").content.decode()
    assert client.post(SIGN_IN).status_code == 404


def test_newcomer_gets_an_account_and_a_personal_team(client: Client, provider: IdentityProvider) -> None:
    assert "Sign in with Acme" in client.get("/accounts/login/").content.decode()
    assert return_from_provider(client).headers["Location"] == "/"

    newcomer = User.objects.get(email="ada@example.com")
    assert newcomer.personal_team
    assert EmailAddress.objects.get(user=newcomer).verified
    assert is_signed_in(client)


def test_same_person_with_a_new_address_gets_the_same_account(provider: IdentityProvider) -> None:
    return_from_provider(Client())
    provider.claims["email"] = "countess@example.com"
    again = Client()
    return_from_provider(again)
    assert User.objects.count() == 1
    assert is_signed_in(again)


def test_closed_site_refuses_newcomers_and_admits_members(provider: IdentityProvider, settings: Settings) -> None:
    return_from_provider(Client())
    settings.SIGNUP_OPEN = False
    member, stranger = Client(), Client()
    return_from_provider(member)
    assert is_signed_in(member)

    provider.claims = {"sub": "18", "email": "eve@example.com", "email_verified": True}
    assert "closed" in return_from_provider(stranger).content.decode()
    assert User.objects.count() == 1


def test_account_is_found_by_an_address_verified_on_both_sides(
    client: Client, provider: IdentityProvider, sample: SampleTeam
) -> None:
    EmailAddress.objects.create(user=sample.owner, email=sample.owner.email, verified=True, primary=True)
    provider.claims["email"] = sample.owner.email
    return_from_provider(client)
    assert client.get("/account/").context["user"] == sample.owner


@pytest.mark.parametrize("word", [False, "false", None, 1])
def test_unverified_address_opens_no_account(
    word: object, client: Client, provider: IdentityProvider, sample: SampleTeam
) -> None:
    EmailAddress.objects.create(user=sample.owner, email=sample.owner.email, verified=True, primary=True)
    provider.claims |= {"email": sample.owner.email, "email_verified": word}
    return_from_provider(client)
    assert not is_signed_in(client)


def test_account_made_with_another_s_address_cannot_capture_its_owner(
    client: Client, provider: IdentityProvider, sample: SampleTeam
) -> None:
    EmailAddress.objects.create(user=sample.outsider, email=sample.outsider.email, verified=True, primary=True)
    EmailAddress.objects.create(user=sample.outsider, email="ada@example.com", verified=False)
    return_from_provider(client)
    assert not is_signed_in(client)


def test_member_connects_the_provider_and_signs_in_with_it(provider: IdentityProvider, sample: SampleTeam) -> None:
    member, later = sign_in_client(sample.viewer), Client()
    assert "Connect Acme" in member.get("/accounts/3rdparty/").content.decode()
    confirm_access(member)
    return_from_provider(member, "connect")
    return_from_provider(later)
    assert later.get("/account/").context["user"] == sample.viewer


def test_deactivated_account_cannot_sign_in(client: Client, provider: IdentityProvider) -> None:
    return_from_provider(Client())
    User.objects.update(is_active=False)
    assert return_from_provider(client).headers["Location"] == "/accounts/inactive/"


def test_unsolicited_callback_is_refused(client: Client, provider: IdentityProvider) -> None:
    provider.challenges["stolen"] = "x"
    answer = client.get(f"{SIGN_IN}callback/?code=stolen&state=guessed")
    assert "Sign-in failed" in answer.content.decode()
    assert not is_signed_in(client)


def test_unreachable_provider_is_reported(client: Client, provider: IdentityProvider, settings: Settings) -> None:
    settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"][0]["settings"]["server_url"] = CLOSED_PORT
    answer = client.post(SIGN_IN)
    assert answer.status_code == 503
    assert "Sign-in failed" in answer.content.decode()


@pytest.mark.parametrize("is_dribbling", [False, True])
def test_silent_provider_is_reported_in_time_and_holds_few_threads(
    is_dribbling: bool, provider: IdentityProvider, settings: Settings
) -> None:
    """The second kind sends a byte each second, so that no time limit between two bytes ends it."""
    with running_slow_server(is_dribbling=is_dribbling) as address:
        settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"][0]["settings"]["server_url"] = address
        with ThreadPoolExecutor(6) as pool:
            started = time.monotonic()
            waits = list(pool.map(lambda _: press_button(started), range(6)))
    assert [status for status, _ in waits] == [503] * 6
    assert sum(wait_s > TOO_LONG_S for _, wait_s in waits) <= settings.WEB_THREADS // 4


def press_button(started: float) -> tuple[int, float]:
    try:
        return Client().post(SIGN_IN).status_code, time.monotonic() - started
    finally:
        connections.close_all()


@contextmanager
def running_slow_server(*, is_dribbling: bool) -> Iterator[str]:
    stopped = threading.Event()

    class Slow(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                while not stopped.wait(1):
                    if is_dribbling:
                        self.request.sendall(b"H")

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Slow) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_address[1]}"
        stopped.set()
        server.shutdown()


def test_address_that_only_looks_verified_is_dropped(provider: IdentityProvider) -> None:
    User.objects.create_user("kate@example.com", "a long password")
    provider.claims["email"] = "\u212aate@example.com"
    newcomer = Client()
    return_from_provider(newcomer)
    assert not is_signed_in(newcomer)
    assert not EmailAddress.objects.filter(verified=True).exists()
