"""Uploading from any page: dropping files, the tray, opening other pages meanwhile, and new pictures on the page."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Dialog, Page, Route, expect

from .actions import choose_files, create_collection, drop_files, expect_uploaded
from .conftest import SampleSite
from .shifts import forget_shifts, sum_shifts, watch_shifts
from .test_appearance import DESKTOP, PHONE


@contextmanager
def held_uploads(page: Page) -> Iterator[None]:
    """Let no upload arrive at the site before the end."""
    held: list[Route] = []
    is_over = False

    def hold(route: Route) -> None:
        if is_over or route.request.method != "POST":
            route.continue_()
        else:
            held.append(route)

    page.route(re.compile("/upload/$"), hold)
    yield
    is_over = True
    for route in held:
        route.continue_()


def drop_into(page: Page, files: list[Path], collection: str) -> None:
    drop_files(page, files, onto="main")
    dialog = page.get_by_role("dialog", name="Add to a collection")
    expect(dialog.get_by_label("Collection", exact=True)).to_be_focused()
    expect(dialog.locator("option").first).to_have_text(collection)
    dialog.get_by_role("button", name="Upload").click()


def test_upload_continues_while_other_pages_open(page: Page, scenes: list[Path]) -> None:
    create_collection(page, "Trip")
    page.goto("/teams/")
    page.evaluate("window.isSamePage = true")
    with held_uploads(page):
        drop_into(page, scenes, "Trip")
        expect_uploaded(page, "0 of 6 done")
        page.get_by_role("link", name="Trash", exact=True).click()
        expect(page).to_have_title(re.compile("^Trash"))
        expect(page).to_have_url(re.compile("/trash/$"))
        expect(page.locator("main")).to_be_focused()
        expect(page.locator("[data-page-title]")).to_contain_text("Trash")
        page.get_by_label("Describe a picture").fill("dog")
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile(r"/search/\?q=dog"))
        page.go_back()
        expect(page).to_have_title(re.compile("^Trash"))
        expect_uploaded(page, "0 of 6 done")
    expect_uploaded(page, "6 of 6 done")
    assert page.evaluate("window.isSamePage")
    page.get_by_role("link", name="View pictures").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Trip")
    expect(page.locator("[data-image-id]")).to_have_count(6)
    assert not page.evaluate("window.isSamePage")  # without an upload, links load pages as always


def test_leaving_the_site_during_an_upload_needs_a_confirmation(page: Page, scenes: list[Path]) -> None:
    create_collection(page, "Kept")
    dialogs: list[str] = []

    def stay(dialog: Dialog) -> None:
        dialogs.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    with held_uploads(page):
        choose_files(page, scenes[:1])
        page.locator("[data-toggle]").click()
        page.close(run_before_unload=True)
        expect(page.locator("[data-count]")).to_have_text("0 of 1 done")
    expect_uploaded(page, "1 of 1 done")
    assert dialogs == ["beforeunload"]


def test_collection_shows_the_pictures_after_an_upload(page: Page, scenes: list[Path]) -> None:
    create_collection(page, "Fresh")
    page.evaluate("window.isSamePage = true")
    choose_files(page, scenes[:2])
    expect(page.locator("[data-image-id]")).to_have_count(2)
    expect(page.get_by_text("2 pictures").first).to_be_visible()
    drop_files(page, scenes[2:4], onto="main")
    expect(page.locator("[data-image-id]")).to_have_count(4)
    assert page.evaluate("window.isSamePage")


def test_failures_come_first_and_retry_is_offered_where_it_can_help(
    page: Page, scenes: list[Path], tmp_path: Path
) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no picture")
    create_collection(page, "Mixed")
    choose_files(page, [scenes[0], broken])
    expect_uploaded(page, "1 of 2 done, 1 failed")
    expect(page.locator("[data-list] .file").first).to_contain_text("broken.jpg")
    expect(page.get_by_role("button", name="Retry broken.jpg")).to_have_count(0)
    page.get_by_role("button", name="List of files").click()
    expect(page.locator("[data-list]")).to_be_hidden()
    page.get_by_role("button", name="Close", exact=True).click()
    expect(page.locator("[data-tray]")).to_be_hidden()


def test_picture_dropped_on_the_search_box_is_an_example(sample_page: Page, scenes: list[Path]) -> None:
    sample_page.goto("/search/")
    drop_files(sample_page, scenes[:1], onto="[role=search]")
    sample_page.wait_for_url("**/search/?q=like*")
    expect(sample_page.locator("[data-tray]")).to_be_hidden()


@pytest.mark.parametrize(("theme", "size"), [("light", DESKTOP), ("dark", PHONE), ("light", PHONE), ("dark", DESKTOP)])
def test_tray_and_dialog_are_accessible_and_nothing_jumps(
    theme: Literal["light", "dark"],
    size: object,
    new_context: Callable[..., BrowserContext],
    sample_site: SampleSite,
    scenes: list[Path],
) -> None:
    page = new_context(storage_state=sample_site.cookies, viewport=size, color_scheme=theme).new_page()
    watch_shifts(page)
    page.goto("/teams/")
    forget_shifts(page)
    drop_files(page, scenes[:3], onto="main")
    page.get_by_label("Collection", exact=True).wait_for()
    assert Axe().run(page).response["violations"] == []
    page.get_by_role("button", name="Upload").last.click()
    expect_uploaded(page, "3 of 3 done, 3 already uploaded")
    assert sum_shifts(page) < 0.005
    if page.locator("[data-list]").is_hidden():
        page.locator("[data-toggle]").click()
    assert Axe().run(page).response["violations"] == []
