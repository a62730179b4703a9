"""What guards accounts: answers that tell nothing, limits on attempts, and sessions that end."""

import re
import time
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.contrib.auth import hashers
from django.core.cache import cache
from django.core.mail import EmailMessage
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from collections_app.models import User
from tests.house import House, signed_in_client

PASSWORD = "a long password"
NEW_PASSWORD = "kettle-orchard-42"


def sign_in(client: Client, email: str, password: str = PASSWORD, **headers: str) -> Any:
    return client.post("/accounts/login/", {"login": email, "password": password}, headers=headers)


def sign_up(client: Client, email: str) -> Any:
    return client.post("/accounts/signup/", {"email": email, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD})


def confirm_access(client: Client) -> None:
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})


def is_signed_in(client: Client) -> bool:
    return client.get("/account/").status_code == 200


def without_token(answer: Any) -> str:
    page: str = answer.content.decode()
    return re.sub(r'value="\w{64}"', "", page)


@pytest.fixture
def mail_is_sent(settings: Settings) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"


class CountingHasher(hashers.MD5PasswordHasher):
    """Counts what it hashes."""

    algorithm = "counted"
    hashed = 0

    def encode(self, password: str, salt: str) -> str:
        type(self).hashed += 1
        return super().encode(password, salt)


@pytest.fixture
def counted(settings: Settings, db: None) -> type[CountingHasher]:
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]
    CountingHasher.hashed = 0
    return CountingHasher


# --- Answers that tell nothing -----------------------------------------------------------------------------------


def test_wrong_password_and_unknown_address_get_the_same_answer(client: Client, house: House) -> None:
    known = sign_in(client, house.owner.email, "wrong password")
    unknown = sign_in(client, "nobody@example.com", "wrong password")
    assert without_token(known).replace(house.owner.email, "nobody@example.com") == without_token(unknown)


def test_unknown_address_costs_a_hash_as_a_known_one_does(client: Client, counted: type[CountingHasher]) -> None:
    User.objects.create_user("owner@example.com", PASSWORD)
    costs = []
    for address in ("owner@example.com", "nobody@example.com"):
        before = counted.hashed
        sign_in(client, address, "wrong password")
        costs.append(counted.hashed - before)
    assert costs == [1, 1]


def test_password_reset_gets_the_same_answer_for_every_address(
    client: Client, house: House, mailoutbox: list[EmailMessage]
) -> None:
    answers = [
        client.post("/accounts/password/reset/", {"email": email}, follow=True)
        for email in (house.owner.email, "nobody@example.com")
    ]
    assert answers[0].redirect_chain == answers[1].redirect_chain
    assert without_token(answers[0]) == without_token(answers[1])
    assert [mail.to for mail in mailoutbox] == [[house.owner.email], ["nobody@example.com"]]


def test_signing_up_with_a_taken_address_looks_like_any_other(
    house: House, mail_is_sent: None, mailoutbox: list[EmailMessage]
) -> None:
    taken, new = sign_up(Client(), house.owner.email), sign_up(Client(), "new@example.com")
    assert (taken.status_code, taken.headers["Location"]) == (new.status_code, new.headers["Location"])
    assert [mail.to for mail in mailoutbox] == [[house.owner.email], ["new@example.com"]]
    assert "already" in mailoutbox[0].body


def test_signing_up_with_a_taken_address_costs_a_hash_as_well(
    mail_is_sent: None, counted: type[CountingHasher]
) -> None:
    User.objects.create_user("owner@example.com", PASSWORD)
    costs = []
    for address in ("owner@example.com", "new@example.com"):
        before = counted.hashed
        sign_up(Client(), address)
        costs.append(counted.hashed - before)
    assert costs == [1, 1]


def test_newcomer_is_let_in_where_the_mail_leads(
    client: Client, db: None, mail_is_sent: None, mailoutbox: list[EmailMessage]
) -> None:
    sign_up(client, "new@example.com")
    assert not is_signed_in(client)
    link = re.search(r"http://testserver(/accounts/confirm-email/\S+)", str(mailoutbox[0].body))
    assert link
    assert client.post(link[1]).headers["Location"] == "/"
    assert is_signed_in(client)


# --- Limits ------------------------------------------------------------------------------------------------------


def fail_often(times: int, proxy: str = "") -> int:
    """Return the status of the last of so many wrong sign-ins, each for another address."""
    headers = {"X-Forwarded-For": proxy} if proxy else {}
    return int([sign_in(Client(), f"{number}@example.com", **headers).status_code for number in range(times)][-1])


def test_attempts_of_one_client_are_limited_and_the_page_says_so(db: None) -> None:
    assert fail_often(31) == 429
    answer = sign_in(Client(), "nobody@example.com")
    assert "Too many attempts" in answer.content.decode()
    assert "css/tokens.css" in answer.content.decode()


def test_attempts_for_one_account_are_limited_from_wherever_they_come(house: House, settings: Settings) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    for number in range(5):
        sign_in(Client(), house.owner.email, "wrong", **{"X-Forwarded-For": f"192.0.2.{number}"})
    blocked = Client()
    sign_in(blocked, house.owner.email, **{"X-Forwarded-For": "192.0.2.99"})
    assert not is_signed_in(blocked)


def test_invented_header_is_ignored_without_proxies(db: None) -> None:
    for number in range(30):
        sign_in(Client(), "nobody@example.com", **{"X-Forwarded-For": f"192.0.2.{number}"})
    assert fail_often(1, proxy="198.51.100.7") == 429


def test_client_is_who_the_trusted_proxy_names(db: None, settings: Settings) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    assert fail_often(31, proxy="192.0.2.1") == 429
    assert fail_often(1, proxy="192.0.2.2") == 200
    assert fail_often(1, proxy="192.0.2.77, 192.0.2.1") == 429, "what stands before the proxy's own is the client's say"


def test_counts_lie_in_the_database_where_every_process_sees_them(db: None) -> None:
    assert type(cache._connections["default"]).__name__ == "DatabaseCache"  # type: ignore[attr-defined]
    assert cache.add("lock", 1)
    assert not cache.add("lock", 2)


def test_pages_do_not_ask_the_cache(as_owner: Client, house: House) -> None:
    with CaptureQueriesContext(connection) as asked:
        for address in ("/", "/account/", "/accounts/login/", f"/images/{house.image.pk}/thumbnail/"):
            as_owner.get(address)
    assert not [query for query in asked.captured_queries if '"cache"' in query["sql"]]


# --- Sessions ----------------------------------------------------------------------------------------------------


def test_deactivated_account_is_out_at_once_and_told_why_at_the_door(as_owner: Client, house: House) -> None:
    assert is_signed_in(as_owner)
    User.objects.filter(pk=house.owner.pk).update(is_active=False)
    assert not is_signed_in(as_owner)

    door = Client().post("/accounts/login/", {"login": house.owner.email, "password": PASSWORD}, follow=True)
    assert "This account is closed" in door.content.decode()
    assert "This account is closed" not in sign_in(Client(), house.owner.email, "wrong").content.decode()


def test_changing_the_password_ends_the_other_sessions(as_owner: Client, house: House) -> None:
    other = signed_in_client(house.owner)
    fields = {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    as_owner.post("/accounts/password/change/", fields)
    assert is_signed_in(as_owner)
    assert not is_signed_in(other)


def test_resetting_the_password_ends_all_sessions(
    client: Client, as_owner: Client, house: House, mailoutbox: list[EmailMessage]
) -> None:
    client.post("/accounts/password/reset/", {"email": house.owner.email})
    link = re.search(r"http://testserver(/accounts/password/reset/key/\S+)", str(mailoutbox[0].body))
    assert link
    form = client.get(link[1]).headers["Location"]
    client.post(form, {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})
    assert not is_signed_in(as_owner)
    assert User.objects.get(pk=house.owner.pk).check_password(NEW_PASSWORD)


def test_other_sessions_are_listed_and_ended(house: House) -> None:
    here, there = Client(), Client()
    sign_in(here, house.owner.email, **{"User-Agent": "Firefox on the desk"})
    sign_in(there, house.owner.email, **{"User-Agent": "Safari on the phone"})
    page = here.get("/accounts/sessions/").content.decode()
    assert "Firefox on the desk" in page
    assert "Safari on the phone" in page

    here.post("/accounts/sessions/")
    assert is_signed_in(here)
    assert not is_signed_in(there)


# --- Two factors -------------------------------------------------------------------------------------------------


def test_password_alone_does_not_open_an_account_with_an_authenticator_app(client: Client, house: House) -> None:
    secret = generate_totp_secret()
    TOTP.activate(house.owner, secret)
    assert sign_in(client, house.owner.email).headers["Location"] == "/accounts/2fa/authenticate/"
    assert not is_signed_in(client)

    code = format_hotp_value(hotp_value(secret, int(time.time()) // 30))
    client.post("/accounts/2fa/authenticate/", {"code": code})
    assert is_signed_in(client)


def test_qr_code_is_drawn_in_the_page_and_needs_no_data_address(client: Client, house: House) -> None:
    sign_in(client, house.owner.email)
    confirm_access(client)
    page = client.get("/accounts/2fa/totp/activate/").content.decode()
    assert "<svg" in page
    assert "<?xml" not in page
    assert "data:image" not in page


def test_second_factor_waits_for_a_verified_address_where_mail_is_sent(
    client: Client, house: House, settings: Settings
) -> None:
    sign_in(client, house.owner.email)
    confirm_access(client)
    EmailAddress.objects.create(user=house.owner, email=house.owner.email, primary=True)
    settings.MFA_ALLOW_UNVERIFIED_EMAIL = False
    assert client.get("/accounts/2fa/totp/activate/").headers["Location"] == "/accounts/2fa/"
    EmailAddress.objects.update(verified=True)
    assert client.get("/accounts/2fa/totp/activate/").status_code == 200
    assert not Authenticator.objects.exists()


def test_administration_is_entered_through_the_same_door(client: Client, house: House) -> None:
    answer = client.post("/admin/login/", {"username": house.owner.email, "password": PASSWORD})
    assert answer.headers["Location"].startswith("/accounts/login/")
    assert signed_in_client(house.owner).get("/admin/login/").status_code == 403
