"""Ways to sign in that need a browser: passkeys, an authenticator app, an identity provider."""

import re
import time
from collections.abc import Callable

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from playwright.sync_api import BrowserContext, Page, expect

from tests.identity_provider import IdentityProvider

from .actions import PASSWORD, confirm_access
from .conftest import sign_up
from .pages import GUARDED_PAGES, SECOND_FACTOR, STRANGERS_PAGES
from .test_appearance import APPEARANCES, apply_appearance, find_faults

AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def page(new_context: Callable[..., BrowserContext], site: str) -> Page:
    """Somebody who has just signed up on localhost: browsers give no passkeys to an address made of numbers."""
    page = new_context(base_url=site.replace("127.0.0.1", "localhost")).new_page()
    page.on("console", lambda said: pytest.fail(said.text) if "Content Security Policy" in said.text else None)
    return sign_up(page)


@pytest.fixture
def authenticator(page: Page) -> None:
    """A device that keeps passkeys, and a finger on it."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})


def add_passkey(page: Page) -> None:
    confirm_access(page)
    page.get_by_role("link", name="Passkeys").click()
    page.get_by_role("link", name="Add a passkey").click()
    page.wait_for_url("**/add/")  # with its scripts, which the button needs
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Recovery codes")


def switch_on_authenticator_app(page: Page) -> str:
    """Return the secret that the app keeps."""
    confirm_access(page)
    page.get_by_role("link", name="Two-factor authentication").click()
    page.get_by_role("link", name="Activate").click()
    expect(page.get_by_role("img", name="QR code")).to_be_visible()
    secret = page.get_by_role("textbox", name="Setup key").input_value()
    page.get_by_label("Authenticator code").fill(code_now(secret))
    page.get_by_role("button", name="Activate").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Recovery codes")
    return secret


def code_now(secret: str) -> str:
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30)))


def sign_out(page: Page) -> str:
    """Return the address of whom it was."""
    page.goto("/account/")
    address = page.get_by_role("heading", level=2).first.inner_text()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/accounts/login/")
    return address


def give_password(page: Page, address: str) -> None:
    page.get_by_label("Email").fill(address)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def test_passkey_is_added_and_signs_in_without_a_password(page: Page, authenticator: None) -> None:
    add_passkey(page)
    sign_out(page)
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.get_by_label("Name of your first collection").wait_for()


def test_passkey_is_the_second_factor_after_a_password(page: Page, authenticator: None) -> None:
    add_passkey(page)
    give_password(page, sign_out(page))
    page.wait_for_url("**/authenticate/")
    page.get_by_role("button", name="Use a security key").click()
    page.get_by_label("Name of your first collection").wait_for()


def test_password_sign_in_requires_the_authenticator_code(page: Page) -> None:
    secret = switch_on_authenticator_app(page)
    give_password(page, sign_out(page))
    expect(page.get_by_role("heading", level=1)).to_have_text("Two-factor authentication")
    page.get_by_label("Code").fill("000000")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_text("Incorrect code")).to_be_visible()
    page.get_by_label("Code").fill(next_code(secret))
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_label("Name of your first collection").wait_for()


def next_code(secret: str) -> str:
    """A code is good for once, and one step ahead is let pass."""
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30 + 1)))


def test_browser_without_passkeys_says_why(page: Page, site: str) -> None:
    sign_out(page)
    page.goto(f"{site}/accounts/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("Passkeys only work over HTTPS")


def test_user_signs_in_with_the_identity_provider(
    new_context: Callable[..., BrowserContext], provider: IdentityProvider
) -> None:
    provider.claims = {"sub": "17", "email": "ada@example.com", "email_verified": True}
    page = new_context().new_page()
    page.goto("/accounts/login/")
    page.get_by_role("button", name="Sign in with Acme").click()
    page.get_by_label("Name of your first collection").wait_for()
    page.goto("/accounts/3rdparty/")
    expect(page.get_by_role("button", name=re.compile("^Disconnect"))).to_be_visible()
    assert [fault for appearance in APPEARANCES for fault in find_faults(page, STRANGERS_PAGES, appearance)] == []


def test_pages_of_a_protected_account_are_accessible(page: Page, authenticator: None) -> None:
    add_passkey(page)
    page.goto("/accounts/2fa/totp/activate/")
    page.get_by_label("Authenticator code").fill(code_now(page.get_by_role("textbox", name="Setup key").input_value()))
    page.get_by_role("button", name="Activate").click()
    page.goto("/accounts/2fa/webauthn/")
    links = [page.get_by_role("link", name=re.compile(f"^{word}")) for word in ("Rename", "Remove")]
    addresses = [*GUARDED_PAGES, *(link.get_attribute("href") or "" for link in links)]
    faults = [fault for appearance in APPEARANCES for fault in find_faults(page, addresses, appearance)]
    apply_appearance(page, APPEARANCES[0])
    give_password(page, sign_out(page))
    page.wait_for_url(f"**{SECOND_FACTOR}")
    faults += [fault for appearance in APPEARANCES for fault in find_faults(page, [SECOND_FACTOR], appearance)]
    assert faults == []
