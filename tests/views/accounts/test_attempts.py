"""Attempts to sign in are limited for each client and for each account."""

import time

import pytest
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.core import signing
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from tests.clock import pass_time
from tests.sample_team import SampleTeam
from tests.views.sign_in_steps import NEW_PASSWORD, PASSWORD, is_signed_in, sign_in

CODE = "/accounts/2fa/authenticate/"


def fail_often(times: int, proxy: str = "") -> int:
    """Return the status of the last of so many wrong sign-ins, each for another address."""
    headers = {"X-Forwarded-For": proxy} if proxy else {}
    return [sign_in(Client(), f"{number}@example.com", **headers).status_code for number in range(times)][-1]


def test_attempts_of_one_client_are_limited_and_the_page_says_so(db: None) -> None:
    assert fail_often(31) == 429
    answer = sign_in(Client(), "nobody@example.com")
    assert "Too many attempts" in answer.content.decode()
    assert "css/tokens.css" in answer.content.decode()


def sign_in_from(address: str, client: Client, email: str, password: str = PASSWORD) -> int:
    return sign_in(client, email, password, **{"X-Forwarded-For": address}).status_code


def fail_from_everywhere(email: str, times: int) -> None:
    for number in range(times):
        sign_in_from(f"192.0.{number // 1000}.{number // 4}", Client(), email, "wrong")


@pytest.fixture
def behind_proxy(settings: Settings, db: None) -> None:
    cache.clear()
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1


def test_client_that_guesses_waits_and_sees_how_long(sample: SampleTeam, behind_proxy: None) -> None:
    statuses = [sign_in_from("192.0.2.1", Client(), sample.owner.email, "wrong") for _ in range(6)]
    assert statuses == [200] * 5 + [429]
    answer = sign_in(Client(), sample.owner.email, **{"X-Forwarded-For": "192.0.2.1"})
    assert answer.status_code == 429
    wait_s = int(answer.headers["Retry-After"])
    assert 0 < wait_s <= 301
    assert f"Wait {wait_s} seconds" in answer.content.decode()
    answer = sign_in(Client(), sample.owner.email, **{"X-Forwarded-For": "192.0.2.1", "Accept": "application/json"})
    assert answer.json()["code"] == "too_many_attempts"


def test_wrong_passwords_of_strangers_do_not_shut_out_the_owner(sample: SampleTeam, behind_proxy: None) -> None:
    fail_from_everywhere(sample.owner.email, 30)
    owner = Client()
    assert sign_in_from("198.51.100.1", owner, sample.owner.email) == 302
    assert is_signed_in(owner)


def test_very_many_wrong_passwords_slow_an_account_down_and_do_not_close_it(
    sample: SampleTeam, behind_proxy: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_from_everywhere(sample.owner.email, 120)
    owner = Client()
    answer = sign_in(owner, sample.owner.email, **{"X-Forwarded-For": "198.51.100.1"})
    if answer.status_code == 429:
        wait_s = int(answer.headers["Retry-After"])
        assert wait_s <= 11
        pass_time(monkeypatch, wait_s)
        sign_in_from("198.51.100.1", owner, sample.owner.email)
    assert is_signed_in(owner)


def test_known_device_signs_in_while_strangers_and_its_own_network_wait(sample: SampleTeam, behind_proxy: None) -> None:
    phone = Client()
    sign_in_from("192.0.2.1", phone, sample.owner.email)
    cookie = phone.cookies["devices"]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    phone.post("/accounts/logout/")
    fail_from_everywhere(sample.owner.email, 120)
    for number in range(40):
        sign_in_from("192.0.2.1", Client(), f"{number}@example.com", "wrong")
    assert sign_in_from("192.0.2.1", phone, sample.owner.email) == 302
    assert is_signed_in(phone)


def test_cookie_of_known_devices_is_sent_to_the_site_s_path_only(
    sample: SampleTeam, settings: Settings, behind_proxy: None
) -> None:
    settings.SESSION_COOKIE_PATH = "/pictures/"
    phone = Client()
    sign_in_from("192.0.2.1", phone, sample.owner.email)
    assert phone.cookies["devices"]["path"] == "/pictures/"


def test_known_device_of_one_account_gains_nothing_at_another(sample: SampleTeam, behind_proxy: None) -> None:
    viewer = Client()
    sign_in_from("192.0.2.1", viewer, sample.viewer.email)
    viewer.post("/accounts/logout/")
    statuses = [sign_in_from("192.0.2.1", viewer, sample.owner.email, "wrong") for _ in range(6)]
    assert statuses[-1] == 429


def test_known_device_cannot_guess_without_end(sample: SampleTeam, behind_proxy: None) -> None:
    phone = Client()
    sign_in_from("192.0.2.1", phone, sample.owner.email)
    phone.post("/accounts/logout/")
    statuses = [sign_in_from(f"192.0.2.{number}", phone, sample.owner.email, "wrong") for number in range(6)]
    assert statuses == [200] * 5 + [429]


def test_invented_device_cookie_is_ignored(sample: SampleTeam, behind_proxy: None) -> None:
    stranger = Client()
    stranger.cookies["devices"] = signing.dumps({f"account-{sample.owner.pk}": ["x", "y"]}, salt="guessed")
    statuses = [sign_in_from("192.0.2.1", stranger, sample.owner.email, "wrong") for _ in range(6)]
    assert statuses[-1] == 429


def test_changed_password_revokes_known_devices_except_its_own(sample: SampleTeam, behind_proxy: None) -> None:
    phone, laptop = Client(), Client()
    for device in (phone, laptop):
        sign_in_from("192.0.2.1", device, sample.owner.email)
    fields = {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    laptop.post("/accounts/password/change/", fields, headers={"X-Forwarded-For": "192.0.2.1"})
    for _ in range(6):
        sign_in_from("192.0.2.1", Client(), sample.owner.email, "wrong")
    for device in (phone, laptop):
        device.post("/accounts/logout/")
        sign_in_from("192.0.2.1", device, sample.owner.email, NEW_PASSWORD)
    assert (is_signed_in(phone), is_signed_in(laptop)) == (False, True)


def test_addresses_of_one_ipv6_network_are_one_client(sample: SampleTeam, behind_proxy: None) -> None:
    statuses = [sign_in_from(f"2001:db8::{number}", Client(), sample.owner.email, "wrong") for number in range(1, 7)]
    assert statuses == [200] * 5 + [429]
    assert sign_in_from("2001:db8:0:1::1", Client(), sample.owner.email) == 302


def test_ipv4_clients_of_an_ipv6_socket_are_counted_apart(sample: SampleTeam, behind_proxy: None) -> None:
    for _ in range(6):
        sign_in_from("::ffff:192.0.2.1", Client(), sample.owner.email, "wrong")
    assert sign_in_from("::ffff:192.0.2.2", Client(), sample.owner.email) == 302


def test_codes_are_limited_and_do_not_shut_out_the_owner(sample: SampleTeam, behind_proxy: None) -> None:
    secret = generate_totp_secret()
    TOTP.activate(sample.owner, secret)
    statuses = []
    for number in range(6):
        guesser = Client()
        sign_in_from("192.0.2.1", guesser, sample.owner.email)
        answer = guesser.post(CODE, {"code": f"{number}"}, headers={"X-Forwarded-For": "192.0.2.1"})
        statuses.append(answer.status_code)
    assert statuses == [200] * 5 + [429]

    owner = Client()
    sign_in_from("192.0.2.2", owner, sample.owner.email)
    code = format_hotp_value(hotp_value(secret, int(time.time()) // 30))
    owner.post(CODE, {"code": code}, headers={"X-Forwarded-For": "192.0.2.2"})
    assert is_signed_in(owner)


def test_reauthentication_is_limited(as_owner: Client, sample: SampleTeam) -> None:
    cache.clear()
    statuses = [as_owner.post("/accounts/reauthenticate/", {"password": "wrong"}).status_code for _ in range(6)]
    assert statuses == [200] * 5 + [429]


def test_invented_header_is_ignored_without_proxies(db: None) -> None:
    for number in range(30):
        sign_in(Client(), "nobody@example.com", **{"X-Forwarded-For": f"192.0.2.{number}"})
    assert fail_often(1, proxy="198.51.100.7") == 429


def test_trusted_proxy_names_the_client(db: None, settings: Settings) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    assert fail_often(31, proxy="192.0.2.1") == 429
    assert fail_often(1, proxy="192.0.2.2") == 200
    assert fail_often(1, proxy="192.0.2.77, 192.0.2.1") == 429, "what stands before the proxy's own is the client's say"


def test_counts_are_stored_in_the_database_for_every_process(db: None) -> None:
    assert type(cache._connections["default"]).__name__ == "AttemptCache"  # type: ignore[attr-defined]
    assert cache.add("lock", 1)
    assert not cache.add("lock", 2)


def test_ordinary_pages_do_not_query_the_cache(as_owner: Client, sample: SampleTeam) -> None:
    with CaptureQueriesContext(connection) as statements:
        for address in ("/", "/account/", "/accounts/login/", f"/images/{sample.image.pk}/thumbnail/"):
            as_owner.get(address)
    assert not [query for query in statements.captured_queries if '"cache"' in query["sql"]]
