"""Everything works without scripts."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import BrowserContext, expect

from .actions import expect_found, wait_for_answer
from .conftest import sign_up


def test_upload_and_search_are_plain_forms(new_context: Callable[..., BrowserContext], scenes: list[Path]) -> None:
    page = sign_up(new_context(java_script_enabled=False).new_page())
    page.goto("/upload/")
    page.get_by_label("Name of the new collection").fill("Plain")
    page.get_by_label("Pictures", exact=True).set_input_files(scenes[:2])
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_text("2 added, 0 already there, 0 refused")).to_be_visible()

    for _ in range(90):
        page.goto("/indexing/status/")
        if page.get_by_text("Every picture is searchable.").is_visible():
            break
        page.wait_for_timeout(1000)
    page.get_by_label("Describe a picture").fill("a white dog")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search/?q=*")
    wait_for_answer(page)
    expect_found(page, 2)
    page.locator("[data-score] a").first.click()
    page.get_by_role("link", name="Show similar pictures").click()
    expect(page.locator("[data-score]")).to_have_count(1)
