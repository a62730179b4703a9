"""Without scripts: signing up, in and out, passwords, addresses, sessions, an authenticator app, a provider."""

from collections.abc import Callable

import pytest
from django.urls import get_resolver
from playwright.sync_api import Page, expect

from tests.identity_provider import IdentityProvider

from .actions import PASSWORD, confirm_access
from .test_accounts import give_password, next_code, sign_out, switch_on_authenticator_app
from .test_appearance import account_names

NEW_PASSWORD = "orchard-kettle-43"
_NONE, _KEYS, _MAIL = "no form", "passkeys are a matter of scripts", "its address is in a mail"
NOT_SENT = {
    "account_inactive": _NONE,
    "account_email": "the browser's site has no mail server, so the page only lists one address",
    "account_email_verification_sent": _NONE,
    "account_confirm_email": _MAIL,
    "account_confirm_login_code": _NONE,
    "account_reset_password_done": _NONE,
    "account_reset_password_from_key": _MAIL,  # tests/views/test_account.py sends it
    "account_reset_password_from_key_done": _NONE,
    "mfa_index": _NONE,
    "mfa_view_recovery_codes": _NONE,
    "mfa_download_recovery_codes": _NONE,
    "mfa_list_webauthn": _NONE,
    "mfa_add_webauthn": _KEYS,
    "mfa_reauthenticate_webauthn": _KEYS,
    "mfa_remove_webauthn": _KEYS,
    "mfa_edit_webauthn": _KEYS,
    "mfa_login_webauthn": _KEYS,
    "socialaccount_login_cancelled": _NONE,
    "socialaccount_login_error": _NONE,
    "socialaccount_signup": _NONE,
    "openid_connect_login": _NONE,  # ours stands in its place, see below
    "openid_connect_callback": _NONE,
}


def test_every_account_form_is_tested() -> None:
    marks = [mark for each in globals().values() for mark in getattr(each, "pytestmark", [])]
    sent = {name for mark in marks if mark.name == "sends" for name in mark.args}
    assert account_names(get_resolver("allauth.urls")) - sent - {"None"} == NOT_SENT.keys()


def click_button(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


@pytest.mark.sends("account_signup", "account_logout", "account_login", "account_reset_password")
def test_person_signs_up_out_and_in(open_without_javascript: Callable[[], Page]) -> None:
    page = open_without_javascript()
    address = sign_out(page)
    page.goto("/accounts/password/reset/")
    page.get_by_label("Email").fill(address)
    click_button(page, "Send the link")
    expect(page.get_by_text("The email was printed to the console")).to_be_visible()
    page.goto("/accounts/login/")
    give_password(page, address)
    page.get_by_label("Name of your first collection").wait_for()
    page.goto("/accounts/logout/")
    page.locator("main").get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/accounts/login/")


@pytest.mark.sends("account_change_password", "account_login")
def test_a_password_is_changed(open_without_javascript: Callable[[], Page]) -> None:
    page = open_without_javascript()
    page.goto("/accounts/password/change/")
    page.get_by_label("Current password").fill(PASSWORD)
    page.get_by_label("New Password", exact=True).fill(NEW_PASSWORD)
    page.get_by_label("New Password (again)").fill(NEW_PASSWORD)
    click_button(page, "Change password")
    expect(page.get_by_text("Password successfully changed.")).to_be_visible()
    address = sign_out(page)
    give_password(page, address)
    expect(page.get_by_text("not correct")).to_be_visible()
    page.get_by_label("Password").fill(NEW_PASSWORD)
    click_button(page, "Sign in")
    page.get_by_label("Name of your first collection").wait_for()


@pytest.mark.sends("account_reauthenticate")
def test_page_of_addresses_says_who_changes_them_without_a_mail_server(
    open_without_javascript: Callable[[], Page],
) -> None:
    page = open_without_javascript()
    page.goto("/account/")
    address = page.get_by_role("heading", level=2).first.inner_text()
    confirm_access(page)
    page.get_by_role("link", name="Email addresses").click()
    expect(page.get_by_text("Ask an administrator to change your address.")).to_be_visible()
    expect(page.get_by_role("main").get_by_text(address)).to_be_visible()


@pytest.mark.sends("usersessions_list")
def test_other_sessions_are_signed_out(open_without_javascript: Callable[[], Page]) -> None:
    here, there = open_without_javascript(), open_without_javascript()
    address = sign_out(there)
    here.goto("/account/")
    address = here.get_by_role("heading", level=2).first.inner_text()
    there.goto("/accounts/login/")
    give_password(there, address)
    there.get_by_label("Name of your first collection").wait_for()
    here.goto("/accounts/sessions/")
    click_button(here, "Sign out other sessions")
    expect(here.locator("main .row")).to_have_count(1)
    there.goto("/account/")
    expect(there.get_by_role("heading", level=1)).to_have_text("Sign in")


@pytest.mark.sends(
    *("mfa_activate_totp", "mfa_deactivate_totp", "mfa_generate_recovery_codes"),
    *("mfa_authenticate", "mfa_reauthenticate"),
)
def test_authenticator_app_is_enabled_used_and_disabled(open_without_javascript: Callable[[], Page]) -> None:
    page = open_without_javascript()
    secret = switch_on_authenticator_app(page)
    page.get_by_role("link", name="Generate new codes").click()
    click_button(page, "Generate")
    codes = page.get_by_label("Unused codes").input_value().split()
    give_password(page, sign_out(page))
    page.get_by_label("Code").fill(next_code(secret))
    click_button(page, "Sign in")
    page.get_by_label("Name of your first collection").wait_for()
    page.goto("/accounts/2fa/reauthenticate/?next=/accounts/2fa/")
    page.get_by_label("Code").fill(codes[0])
    click_button(page, "Confirm")
    page.get_by_role("link", name="Deactivate").click()
    click_button(page, "Deactivate")
    expect(page.get_by_text("Authenticator app deactivated.")).to_be_visible()


@pytest.mark.sends("None", "account_set_password", "socialaccount_connections")
def test_provider_signs_a_person_in_and_is_disconnected(
    open_without_javascript: Callable[[], Page], provider: IdentityProvider
) -> None:
    """Its own address has no name."""
    provider.claims = {"sub": "18", "email": "bea@example.com", "email_verified": True}
    page = open_without_javascript()
    sign_out(page)
    click_button(page, "Sign in with Acme")
    page.get_by_label("Name of your first collection").wait_for()
    page.goto("/accounts/password/set/")
    page.get_by_label("Password", exact=True).fill(NEW_PASSWORD)
    page.get_by_label("Password (again)").fill(NEW_PASSWORD)
    click_button(page, "Set password")
    expect(page.get_by_text("Password successfully set.")).to_be_visible()
    page.goto("/accounts/3rdparty/")
    page.get_by_role("button", name="Disconnect").click()
    expect(page.get_by_role("button", name="Disconnect")).to_have_count(0)
