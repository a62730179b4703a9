"""Guests add pictures without an account, with and without scripts, and the pictures are approved."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from .actions import choose_files, create_collection, expect_uploaded


def make_link(page: Page) -> str:
    """Make a link to the collection that the page shows, and return its address."""
    page.goto(f"{page.url}guests/")
    page.get_by_role("button", name="Create link").click()
    return page.get_by_label("Link", exact=True).input_value()


def test_guest_adds_pictures_that_the_owner_approves(
    page: Page, new_context: Callable[..., BrowserContext], scenes: list[Path]
) -> None:
    create_collection(page, "Party")
    collection = page.url
    guest = new_context().new_page()
    guest.on("pageerror", lambda error: pytest.fail(f"A script failed: {error}"))
    guest.goto(make_link(page))
    guest.get_by_label("Your name").fill("Anna")
    choose_files(guest, scenes[:3])
    expect_uploaded(guest, "3 of 3 done")
    expect(guest.get_by_text("Sent. It is waiting for approval.")).to_have_count(3)
    page.goto(collection)
    expect(page.get_by_text("0 pictures")).to_be_visible()
    page.get_by_role("link", name="View pictures").click()
    page.get_by_role("checkbox", name=scenes[0].name).uncheck()
    page.get_by_role("button", name="Add selected pictures").click()
    expect(page.get_by_role("checkbox")).to_have_count(1)
    page.get_by_role("button", name="Delete selected pictures").click()
    expect(page.locator("[data-image-id]")).to_have_count(2)


@pytest.mark.sends("guest_links", "guest_upload", "guest_waiting", "guest_revoke")
def test_guest_link_works_without_scripts(open_without_javascript: Callable[[], Page], scenes: list[Path]) -> None:
    page = open_without_javascript()
    create_collection(page, "Party")
    collection = page.url
    link = make_link(page)
    guest = open_without_javascript()
    guest.context.clear_cookies()  # nobody is signed in
    guest.goto(link)
    guest.get_by_label("Pictures", exact=True).set_input_files(scenes[:2])
    guest.get_by_role("button", name="Upload").click()
    expect(guest.get_by_text("2 sent, 0 failed")).to_be_visible()
    page.goto(f"{collection}guests/waiting/")
    page.get_by_role("button", name="Add selected pictures").click()
    expect(page.locator("[data-image-id]")).to_have_count(2)
    page.goto(f"{collection}guests/")
    page.get_by_role("button", name="Revoke").click()
    guest.goto(link)
    expect(guest.get_by_text("This link no longer works.", exact=False)).to_be_visible()
