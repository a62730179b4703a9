"""Without scripts: searches that are remembered, saved, shared, and judged."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from .actions import expect_found, upload_without_javascript, wait_for_answer, wait_for_index_without_javascript


@pytest.fixture
def searched(open_without_javascript: Callable[[], Page], scenes: list[Path]) -> Page:
    """The results of a search over two pictures."""
    page = open_without_javascript()
    upload_without_javascript(page, scenes[:2])
    wait_for_index_without_javascript(page)
    page.goto("/search/?q=a+white+dog")
    wait_for_answer(page)
    expect_found(page, 2)
    return page


@pytest.mark.sends("search_save", "search_rename", "search_share", "search_unshare", "search_delete", "team_list")
def test_a_search_is_saved_renamed_shared_and_deleted(searched: Page) -> None:
    page = searched
    page.locator("summary.filter-chip", has_text="Save").click()
    page.get_by_role("button", name="Save search").click()
    expect(page.get_by_text("Search saved as “a white dog”.")).to_be_visible()
    page.goto("/teams/")
    page.get_by_label("Name").fill("Gardeners")
    page.get_by_role("button", name="Create").click()
    page.goto("/searches/")
    page.get_by_role("link", name="What's new a white dog").click()
    page.goto("/searches/")
    page.get_by_role("link", name="Rename a white dog").click()
    page.get_by_label("Name").fill("Snowy")
    page.get_by_role("button", name="Rename").click()
    page.get_by_role("link", name="Share Snowy").click()
    page.get_by_label("Team").select_option(label="Gardeners")
    page.get_by_role("button", name="Share").click()
    expect(page.get_by_text("“Snowy” shared with Gardeners.")).to_be_visible()
    page.get_by_role("button", name="Stop sharing Snowy").click()
    expect(page.get_by_role("link", name="Share Snowy")).to_be_visible()
    page.get_by_role("button", name="Delete Snowy").click()
    expect(page.get_by_text("“Snowy” deleted.")).to_be_visible()


@pytest.mark.sends("recent_clear", "recent_off", "recent_on")
def test_recent_searches_are_cleared_disabled_and_enabled(searched: Page) -> None:
    page = searched
    page.goto("/search/")
    expect(page.get_by_role("link", name="a white dog")).to_be_visible()
    page.get_by_role("button", name="Clear recent searches").click()
    expect(page.get_by_text("Search history cleared.")).to_be_visible()
    expect(page.get_by_role("link", name="a white dog")).to_have_count(0)
    page.get_by_role("button", name="Turn off search history").click()
    expect(page.get_by_text("Search history is off.")).to_be_visible()
    page.get_by_role("button", name="Turn on search history").click()
    expect(page.get_by_text("Search history turned on. Only you can see it.")).to_be_visible()


@pytest.mark.sends("image_judgment")
def test_results_are_rated_right_and_wrong(searched: Page, scenes: list[Path]) -> None:
    page = searched
    page.locator("summary", has_text="More options").click()
    page.get_by_role("link", name="Rate results").click()
    right = page.get_by_role("button", name=re.compile(f"^Right.*{scenes[0].name}"))
    wrong = page.get_by_role("button", name=re.compile(f"^Wrong.*{scenes[1].name}"))
    right.click()
    expect(right).to_have_attribute("aria-pressed", "true")
    wrong.click()
    expect(wrong).to_have_attribute("aria-pressed", "true")
    expect(right).to_have_attribute("aria-pressed", "true")
    right.click()
    expect(right).to_have_attribute("aria-pressed", "false")
