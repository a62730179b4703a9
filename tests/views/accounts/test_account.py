"""Accounts: signing up, the account page, and the layout of all account pages."""

import pytest
from django.core.mail import EmailMessage
from django.test import Client
from pytest_django import Settings

from collections_app.models import User
from collections_app.templatetags.display import breakable, sentence_case
from tests.sample_team import SampleTeam

OPEN_PAGES = [
    "/accounts/login/",
    "/accounts/signup/",
    "/accounts/password/reset/",
    "/accounts/password/reset/done/",
    "/accounts/password/reset/key/1-set-password/",
    "/accounts/password/reset/key/done/",
    "/accounts/inactive/",
    "/accounts/confirm-email/",
    "/accounts/confirm-email/nonsense/",
    "/accounts/3rdparty/login/cancelled/",
]
OWN_PAGES = [
    "/accounts/email/",
    "/accounts/password/change/",
    "/accounts/logout/",
    "/accounts/2fa/",
    "/accounts/2fa/totp/activate/",
    "/accounts/2fa/webauthn/",
    "/accounts/2fa/webauthn/add/",
    "/accounts/sessions/",
    "/accounts/3rdparty/",
    "/accounts/reauthenticate/",
    "/account/",
]


def uses_our_layout(page: str) -> bool:
    return "css/tokens.css" in page and 'class="skip-link"' in page and "<style" not in page and "style=" not in page


@pytest.mark.parametrize("address", OPEN_PAGES)
def test_visitor_page_uses_our_layout(address: str, client: Client, db: None) -> None:
    answer = client.get(address)
    assert answer.status_code == 200
    assert uses_our_layout(answer.content.decode())


@pytest.mark.parametrize("address", OWN_PAGES)
def test_account_page_uses_our_layout(address: str, as_owner: Client) -> None:
    as_owner.post("/accounts/reauthenticate/", {"password": "a long password"})
    answer = as_owner.get(address)
    assert answer.status_code == 200
    assert uses_our_layout(answer.content.decode())


def test_account_page_counts_one_s_own_pictures(as_owner: Client, as_viewer: Client, sample: SampleTeam) -> None:
    assert "1 picture (" in as_owner.get("/account/").content.decode()
    assert "0 pictures (" in as_viewer.get("/account/").content.decode()


def test_newcomer_signs_up_and_has_a_personal_team(client: Client, db: None) -> None:
    fields = {"email": "new@example.com", "password1": "kettle-orchard-42", "password2": "kettle-orchard-42"}
    assert client.post("/accounts/signup/", fields).headers["Location"] == "/"
    assert User.objects.get(email="new@example.com").personal_team


@pytest.mark.parametrize("address", ["/accounts/login/", "/accounts/signup/"])
def test_open_site_offers_to_sign_up(address: str, client: Client, db: None) -> None:
    page = client.get(address).content.decode()
    assert '<a href="/accounts/signup/">Sign up</a>' in page
    assert "small demo model" in page


def test_wording_is_in_sentence_case(client: Client, db: None) -> None:
    assert "<h1>Password reset</h1>" in client.get("/accounts/password/reset/").content.decode()
    assert sentence_case("Sign Out Other Sessions of 2FA, IP Address") == "Sign out other sessions of 2FA, IP address"


def test_addresses_in_headings_may_break_and_names_are_escaped() -> None:
    assert breakable("Pictures of a.b@example.com") == "Pictures of a<wbr>.b<wbr>@example<wbr>.com"
    assert breakable("<b>rose.png</b>") == "&lt;b&gt;rose.png&lt;/b&gt;"


@pytest.mark.parametrize("path", ["/accounts/login/", "/accounts/signup/"])
def test_next_page_that_cannot_be_read_is_ignored(path: str, client: Client, as_owner: Client) -> None:
    assert client.get(path, {"next": "http://["}).status_code == 200
    answer = as_owner.get(path, {"next": "http://["})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")


def test_closed_site_creates_no_accounts(client: Client, db: None, settings: Settings) -> None:
    settings.SIGNUP_OPEN = False
    fields = {"email": "new@example.com", "password1": "kettle-orchard-42", "password2": "kettle-orchard-42"}
    assert "closed" in client.post("/accounts/signup/", fields).content.decode()
    assert not User.objects.exists()
    assert "Sign up" not in client.get("/accounts/login/").content.decode()


def test_password_reset_email_names_the_site(
    client: Client, sample: SampleTeam, mailoutbox: list[EmailMessage]
) -> None:
    client.post("/accounts/password/reset/", {"email": sample.owner.email})

    (mail,) = mailoutbox
    assert mail.subject.startswith("[imagesearch] ")
    assert mail.body.startswith("Hello,\n")
    assert "http://testserver/accounts/password/reset/key/" in mail.body
