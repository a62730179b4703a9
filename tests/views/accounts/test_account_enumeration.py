"""No response reveals which addresses have an account, neither by its words nor by its cost."""

import re

import pytest
from django.contrib.auth import hashers
from django.core.mail import EmailMessage
from django.test import Client
from pytest_django import Settings

from collections_app.models import User
from tests.sample_team import SampleTeam
from tests.views.sign_in_steps import PASSWORD, is_signed_in, sign_in, sign_up


def without_token(page: str) -> str:
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


def test_wrong_password_and_unknown_address_get_the_same_response(client: Client, sample: SampleTeam) -> None:
    known, unknown = (
        sign_in(client, email, "wrong password").content.decode()
        for email in (sample.owner.email, "nobody@example.com")
    )
    assert without_token(known).replace(sample.owner.email, "nobody@example.com") == without_token(unknown)


def test_unknown_address_costs_a_hash_like_a_known_one(client: Client, counted: type[CountingHasher]) -> None:
    User.objects.create_user("owner@example.com", PASSWORD)
    costs = []
    for address in ("owner@example.com", "nobody@example.com"):
        before = counted.hashed
        sign_in(client, address, "wrong password")
        costs.append(counted.hashed - before)
    assert costs == [1, 1]


def test_password_reset_gets_the_same_response_for_every_address(
    client: Client, sample: SampleTeam, mailoutbox: list[EmailMessage]
) -> None:
    answers = [
        client.post("/accounts/password/reset/", {"email": email}, follow=True)
        for email in (sample.owner.email, "nobody@example.com")
    ]
    assert answers[0].redirect_chain == answers[1].redirect_chain
    assert without_token(answers[0].content.decode()) == without_token(answers[1].content.decode())
    assert [mail.to for mail in mailoutbox] == [[sample.owner.email], ["nobody@example.com"]]


def test_sign_up_with_a_taken_address_resembles_any_other(
    sample: SampleTeam, mail_is_sent: None, mailoutbox: list[EmailMessage]
) -> None:
    taken, new = sign_up(Client(), sample.owner.email), sign_up(Client(), "new@example.com")
    assert (taken.status_code, taken.headers["Location"]) == (new.status_code, new.headers["Location"])
    assert [mail.to for mail in mailoutbox] == [[sample.owner.email], ["new@example.com"]]
    assert "already" in mailoutbox[0].body


def test_sign_up_with_a_taken_address_costs_a_hash(mail_is_sent: None, counted: type[CountingHasher]) -> None:
    User.objects.create_user("owner@example.com", PASSWORD)
    costs = []
    for address in ("owner@example.com", "new@example.com"):
        before = counted.hashed
        sign_up(Client(), address)
        costs.append(counted.hashed - before)
    assert costs == [1, 1]


def test_newcomer_signs_in_through_the_emailed_link(
    client: Client, db: None, mail_is_sent: None, mailoutbox: list[EmailMessage]
) -> None:
    sign_up(client, "new@example.com", next="/teams/")
    assert not is_signed_in(client)
    link = re.search(r"http://testserver(/accounts/confirm-email/\S+)", str(mailoutbox[0].body))
    assert link
    assert client.post(link[1]).headers["Location"] == "/teams/"
    assert is_signed_in(client)
