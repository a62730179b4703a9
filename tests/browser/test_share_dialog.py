"""The share dialog and the notices: two people side by side, one of whom has verified the address."""

from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, expect

from tests.identity_provider import IdentityProvider

from .actions import create_collection, upload_without_javascript
from .conftest import SampleSite

_people = count(1)


def sign_in_with_provider(context: BrowserContext, provider: IdentityProvider) -> tuple[Page, str]:
    """Return the window of a new person whose address the provider has verified, and the address."""
    email = f"friend{next(_people)}@example.com"
    provider.claims = {"sub": email, "email": email, "email_verified": True}
    page = context.new_page()
    page.goto("/accounts/login/")
    page.get_by_role("button", name="Sign in with Acme").click()
    page.get_by_label("Name of your first collection").wait_for()
    return page, email


def open_dialog(page: Page) -> None:
    page.locator("[data-shortcuts-open]").wait_for()  # shown by the script that comes last
    page.get_by_role("link", name="Share", exact=True).click()
    page.get_by_role("dialog").get_by_label("Email").wait_for()


def test_person_is_invited_in_the_dialog_and_accepts_in_the_header(
    new_context: Callable[..., BrowserContext], page: Page, provider: IdentityProvider
) -> None:
    friend, email = sign_in_with_provider(new_context(), provider)
    create_collection(page, "Vacation")
    address = page.url
    open_dialog(page)
    page.get_by_label("Email").fill(email)
    page.get_by_role("dialog").get_by_role("button", name="Share", exact=True).first.click()
    expect(page.get_by_label("Invitation link")).to_be_visible()
    assert page.url == address

    friend.goto("/teams/")
    notice = friend.get_by_role("region", name="Notices")
    expect(notice).to_contain_text("invited you to the collection “Vacation”.")
    assert Axe().run(friend).response["violations"] == []
    notice.get_by_role("button", name="Accept “Vacation”").click()
    expect(friend.get_by_role("heading", level=1)).to_have_text("Vacation")
    expect(friend.get_by_role("region", name="Notices")).to_have_count(0)

    page.reload()
    open_dialog(page)
    dialog = page.get_by_role("dialog")
    dialog.get_by_label(f"Permission of {email}").select_option(value="editor")
    dialog.get_by_role("button", name=f"Save permission of {email}").click()
    expect(dialog.get_by_label(f"Permission of {email}")).to_have_value("editor")
    dialog.get_by_role("button", name=f"Revoke {email}").click()
    expect(dialog.get_by_text(f"Access revoked for {email}.")).to_be_visible()
    assert page.url == address
    assert friend.reload().status == 404  # type: ignore[union-attr]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_public_link_is_switched_on_copied_changed_and_switched_off(
    theme: Literal["light", "dark"], new_context: Callable[..., BrowserContext], sample_site: SampleSite
) -> None:
    context = new_context(storage_state=sample_site.cookies, color_scheme=theme)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(sample_site.collection)
    open_dialog(page)
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("switch", name="Public link").click()
    expect(dialog.get_by_role("switch", name="Public link")).to_have_attribute("aria-checked", "true")
    dialog.get_by_role("button", name="Copy").click()
    expect(dialog.get_by_role("button", name="Copied")).to_be_visible()
    address = dialog.get_by_label("Link", exact=True).input_value()
    assert page.evaluate("navigator.clipboard.readText()") == address
    assert Axe().run(page).response["violations"] == []

    dialog.get_by_role("link", name="Settings").click()
    dialog.get_by_label("Allow downloads").check()
    dialog.get_by_role("button", name="Save", exact=True).click()
    expect(dialog.get_by_text("Downloads allowed")).to_be_visible()
    assert new_context().new_page().goto(address).status == 200  # type: ignore[union-attr]
    dialog.get_by_role("switch", name="Public link").click()
    expect(dialog.get_by_text("Link revoked.")).to_be_visible()
    assert new_context().new_page().goto(address).status == 404  # type: ignore[union-attr]
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_title_is_edited_where_it_stands(page: Page) -> None:
    create_collection(page, "Vacation")
    address = page.url
    page.get_by_role("link", name="Edit title and description").first.click()
    page.get_by_label("Description").fill("By the sea")
    page.get_by_label("Name").fill("Holiday")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Holiday")
    expect(page.get_by_text("By the sea")).to_be_visible()
    assert page.url == address


def test_search_box_of_a_collection_searches_there_until_the_chip_is_removed(sample_page: Page) -> None:
    sample_page.locator("[data-shortcuts-open]").wait_for()
    expect(sample_page.locator(".search-scope")).to_contain_text("In Scenes")
    sample_page.locator("#search-box").fill("dog")
    sample_page.keyboard.press("Enter")
    sample_page.wait_for_url("**collection=*")
    sample_page.go_back()
    sample_page.locator("[data-shortcuts-open]").wait_for()
    sample_page.locator(".search-scope").click()
    expect(sample_page.locator(".search-scope")).to_have_count(0)
    expect(sample_page.locator("#search-box")).to_be_focused()
    assert sample_page.locator("#search-form [name=collection]").count() == 0


@pytest.mark.sends(
    *("collection_rename", "collection_cover", "account"),
    *("invitation_answer", "share_notice_answer", "share_leave"),
)
def test_without_javascript(
    open_without_javascript: Callable[[], Page],
    new_context: Callable[..., BrowserContext],
    provider: IdentityProvider,
    scenes: list[Path],
) -> None:
    owner = open_without_javascript()
    friend_context = new_context()
    _, email = sign_in_with_provider(friend_context, provider)
    friend = open_without_javascript()
    friend.context.clear_cookies()
    friend.context.add_cookies(friend_context.cookies())  # type: ignore[arg-type]
    owner.goto("/account/")
    owner.get_by_label("Display name").fill("Anna Berg")
    owner.get_by_role("button", name="Save").click()
    expect(owner.get_by_text("Display name saved.")).to_be_visible()

    collection = upload_without_javascript(owner, scenes[:2])
    owner.locator("summary", has_text="More").click()
    owner.get_by_role("link", name="Select a cover").click()
    owner.locator(".cover-button").last.click()
    expect(owner.get_by_text("Cover saved.")).to_be_visible()
    owner.get_by_role("link", name="Edit title and description").first.click()
    owner.get_by_label("Description").fill("By the sea")
    owner.get_by_role("button", name="Save").click()
    expect(owner.get_by_text("By the sea")).to_be_visible()

    owner.goto("/teams/")
    owner.get_by_label("Name").fill("Friends")
    owner.get_by_role("button", name="Create").click()
    owner.get_by_label("Email").fill(email)
    owner.get_by_role("button", name="Invite").click()
    friend.goto("/account/")
    friend.get_by_role("button", name="Accept “Friends”").click()
    owner.goto(f"{collection}sharing/")
    owner.get_by_label("Email").fill(email)
    owner.get_by_role("button", name="Share").first.click()
    expect(owner.get_by_text(f"“Plain” shared with {email}.")).to_be_visible()
    friend.goto("/account/")
    friend.get_by_role("button", name="Accept “Plain”").click()
    expect(friend.get_by_role("heading", level=1)).to_have_text("Plain")
    friend.goto("/shared/")
    expect(friend.get_by_text("Shared by Anna Berg")).to_be_visible()
    friend.get_by_role("link", name="Leave “Plain”").click()
    friend.get_by_role("button", name="Leave").click()
    expect(friend.get_by_text("“Plain” is no longer shared with you.")).to_be_visible()
