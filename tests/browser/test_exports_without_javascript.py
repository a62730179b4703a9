"""Without scripts: exporting a team, the notice of it, deleting the export, and deleting the account."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from .actions import PASSWORD, confirm_access, create_collection, upload_without_javascript
from .conftest import sign_up
from .test_appearance import APPEARANCES, find_faults

READY_MS = 60_000


def export_own_pictures(page: Page) -> None:
    page.goto("/account/")
    page.get_by_role("link", name="Export all pictures").click()
    page.get_by_role("button", name="Export", exact=True).click()


def wait_for_export(page: Page) -> None:
    """The page refreshes itself."""
    expect(page.get_by_text("Ready to download until")).to_be_visible(timeout=READY_MS)


@pytest.mark.sends("team_export", "export_delete", "export_notice_answer")
def test_owner_exports_downloads_and_deletes(
    open_without_javascript: Callable[[], Page], scenes: list[Path], tmp_path: Path
) -> None:
    page = open_without_javascript()
    upload_without_javascript(page, scenes[:2])
    export_own_pictures(page)
    wait_for_export(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download 1").click()
    download.value.save_as(tmp_path / "export.zip")
    names = zipfile.ZipFile(tmp_path / "export.zip").namelist()
    assert len([name for name in names if name.endswith(".xmp")]) == 2
    page.goto("/")
    expect(page.get_by_text("are ready to download.")).to_be_visible()
    page.get_by_role("region", name="Notices").get_by_role("button", name="Open").click()
    expect(page.get_by_role("region", name="Notices")).to_have_count(0)
    page.get_by_role("button", name="Delete export").click()
    expect(page.get_by_text("Export deleted.")).to_be_visible()


@pytest.mark.sends("account_delete")
def test_person_deletes_the_account_and_keeps_it(open_without_javascript: Callable[[], Page]) -> None:
    page = open_without_javascript()
    page.goto("/account/")
    address = page.get_by_role("heading", level=2).first.inner_text()
    page.get_by_role("link", name="Delete account").click()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    page.get_by_label("Enter your email address").fill(address)
    page.get_by_role("button", name="Delete account").click()
    expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()
    page.get_by_role("link", name="Sign in").last.click()
    page.get_by_label("Email").fill(address)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_text("Your account is kept.")).to_be_visible()


def test_pages_of_a_ready_export_and_of_teams_to_decide_about(
    new_context: Callable[..., BrowserContext], site: str
) -> None:
    page = sign_up(new_context().new_page())
    confirm_access(page)
    create_collection(page, "Holidays")
    page.goto("/teams/")
    page.get_by_label("Name").fill("Gardeners")
    page.get_by_role("button", name="Create").click()
    export_own_pictures(page)
    wait_for_export(page)
    addresses = [page.url.removeprefix(site), "/account/delete/", "/"]
    faults = [fault for appearance in APPEARANCES for fault in find_faults(page, addresses, appearance)]
    assert faults == []
