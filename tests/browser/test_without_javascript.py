"""Everything works without scripts: putting pictures in, searching with all that narrows a search. The other forms are
in the `test_…_without_javascript` beside this, and none is missing."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from playwright.sync_api import Page, expect

from tests.permissions.test_matrix import rows

from . import (
    test_accounts_without_javascript,
    test_exports_without_javascript,
    test_guest_link,
    test_languages,
    test_pictures_without_javascript,
    test_searches_without_javascript,
    test_share_dialog,
    test_sharing_without_javascript,
)
from .actions import expect_found, upload_without_javascript, wait_for_answer, wait_for_index_without_javascript

OTHERS = (
    test_exports_without_javascript,
    test_guest_link,
    test_languages,
    test_accounts_without_javascript,
    test_pictures_without_javascript,
    test_searches_without_javascript,
    test_share_dialog,
    test_sharing_without_javascript,
)
# Shown where a picture has failed, which no picture that is let in does; `tests/views/test_indexing.py` sends it.
NOT_SENT = {"retry_indexing"}


def sent_in(module: ModuleType) -> set[str]:
    marks = [mark for each in vars(module).values() for mark in getattr(each, "pytestmark", [])]
    return {name for mark in marks if mark.name == "sends" for name in mark.args}


def test_every_form_is_tested() -> None:
    """A new address that takes a form needs a test that sends it without scripts."""
    taken = {name for (name, method, _), statuses in rows().items() if method == "POST" and 405 not in statuses}
    sent = {name for module in OTHERS for name in sent_in(module)}
    sent |= {"upload", "example_add"}  # below
    assert taken - sent == NOT_SENT


@pytest.mark.sends("upload")
def test_upload_and_search_are_plain_forms(open_without_javascript: Callable[[], Page], scenes: list[Path]) -> None:
    page = open_without_javascript()
    upload_without_javascript(page, scenes[:2])
    wait_for_index_without_javascript(page)
    page.goto("/")
    page.get_by_label("Describe a picture").fill("a white dog")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search/?q=*")
    wait_for_answer(page)
    expect_found(page, 2)
    page.locator("[data-score] a").first.click()
    page.get_by_role("link", name="Show similar pictures").click()
    expect(page.locator("[data-score]")).to_have_count(1)


@pytest.mark.sends("example_add")
def test_examples_and_filters_are_plain_forms(open_without_javascript: Callable[[], Page], scenes: list[Path]) -> None:
    page = open_without_javascript()
    upload_without_javascript(page, scenes)
    wait_for_index_without_javascript(page)
    page.goto("/search/")
    page.locator("summary", has_text="More options").click()
    page.get_by_label("Example picture").set_input_files(scenes[3])
    page.get_by_role("button", name="Find similar").click()
    expect(page.locator("[data-score] img").first).to_have_attribute("alt", scenes[3].name)
    page.locator("summary.filter-chip", has_text="Person").click()
    page.get_by_role("link", name="Me", exact=True).click()
    expect(page.get_by_role("link", name="Remove Person")).to_be_visible()
    page.locator("summary.filter-chip", has_text="Shape").click()
    page.get_by_label("Minimum size (px)").fill("10")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("link", name="Remove Shape")).to_be_visible()
    expect(page.locator("[data-score]")).to_have_count(6)
