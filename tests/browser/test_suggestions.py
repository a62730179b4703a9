"""The suggestions of the search box: by keyboard, by touch, while typing, without scripts, and for axe."""

from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Locator, Page, expect

from .actions import choose_files, create_collection, expect_uploaded, upload_without_javascript, wait_for_answer
from .shifts import sum_shifts, watch_shifts
from .test_appearance import APPEARANCES, DESKTOP, PHONE, apply_appearance, is_too_wide

MIN_TOUCH_PX = 44


@pytest.fixture
def tagged(page: Page, scenes: list[Path]) -> Page:
    """The home page of somebody with a collection, a tagged picture and a recent search."""
    create_collection(page, "Holiday")
    choose_files(page, scenes[:1])
    expect_uploaded(page, "1 of 1 done")
    page.reload()
    page.goto(page.locator("[data-image-id] a").first.get_attribute("href") or "")
    page.goto(f"{page.url}edit/")
    page.get_by_label("Tags").fill("summer")
    page.get_by_role("button", name="Save").click()
    page.goto("/search/?q=a+red+boat")
    wait_for_answer(page)
    page.goto("/")
    page.locator("[data-shortcuts-open]").wait_for()
    return page


def find_box(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Describe a picture")


def find_option(page: Page, name: str) -> Locator:
    return page.get_by_role("listbox", name="Suggestions").get_by_role("option", name=name)


def test_arrow_keys_walk_and_enter_takes(tagged: Page) -> None:
    page, box = tagged, find_box(tagged)
    page.keyboard.press("/")
    expect(find_option(page, "a red boat")).to_be_visible()
    expect(box).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowDown")
    expect(find_option(page, "a red boat")).to_have_attribute("aria-selected", "true")
    expect(box).to_have_attribute("aria-activedescendant", "suggestion-recent-1")
    expect(box).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(find_option(page, "summer")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(box).to_have_value("tag:summer ")
    expect(box).to_have_attribute("aria-expanded", "false")
    expect(box).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/search/?q=tag%3Asummer*")


def test_escape_closes_and_arrow_down_then_goes_to_the_pictures(tagged: Page) -> None:
    page, box = tagged, find_box(tagged)
    page.goto(page.url + "search/")
    page.locator("[data-shortcuts-open]").wait_for()
    box.click()
    expect(find_option(page, "Holiday")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("listbox")).to_have_count(0)
    expect(box).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.locator(".tile a[data-large]").first).to_be_focused()


def test_typing_narrows_and_keeps_the_other_words(tagged: Page) -> None:
    page, box = tagged, find_box(tagged)
    box.click()
    page.keyboard.type("white sum")
    expect(find_option(page, "summer")).to_be_visible()
    expect(page.get_by_role("option")).to_have_count(1)
    find_option(page, "summer").click()
    expect(box).to_have_value("white tag:summer ")
    expect(box).to_be_focused()
    box.fill("holi")
    find_option(page, "Holiday").click()
    page.wait_for_url("**/collections/*/")


def test_enter_without_a_marked_suggestion_searches_what_was_typed(tagged: Page) -> None:
    page, box = tagged, find_box(tagged)
    box.click()
    page.keyboard.type("summer")
    expect(find_option(page, "summer")).to_be_visible()
    page.keyboard.press("Enter")
    page.wait_for_url("**/search/?q=summer*")


def test_leaving_the_box_closes_the_list(tagged: Page) -> None:
    find_box(tagged).click()
    expect(find_option(tagged, "Holiday")).to_be_visible()
    tagged.keyboard.press("Tab")
    expect(tagged.get_by_role("listbox")).to_have_count(0)


def test_list_moves_nothing_and_passes_axe(tagged: Page) -> None:
    watch_shifts(tagged)
    for appearance in APPEARANCES:
        apply_appearance(tagged, appearance)
        tagged.goto("/")
        tagged.locator("[data-shortcuts-open]").wait_for(state="attached")
        tagged.locator("#search-box").click()
        expect(tagged.get_by_role("option").first).to_be_visible()
        tagged.keyboard.press("ArrowDown")
        assert Axe().run(tagged).response["violations"] == [], appearance
        assert not is_too_wide(tagged)
        assert sum_shifts(tagged) < 0.01


def test_suggestions_are_taken_by_touch(tagged: Page, new_context: Callable[..., BrowserContext]) -> None:
    cookies = tagged.context.storage_state()
    page = new_context(storage_state=cookies, viewport=PHONE, has_touch=True, is_mobile=True).new_page()
    page.goto("/")
    page.locator("[data-shortcuts-open]").wait_for(state="attached")
    find_box(page).tap()
    option = find_option(page, "summer")
    size = option.bounding_box()
    assert size
    assert size["height"] >= MIN_TOUCH_PX
    option.tap()
    expect(find_box(page)).to_have_value("tag:summer ")
    expect(page.get_by_role("listbox")).to_have_count(0)


def test_box_of_a_returned_page_has_one_list(tagged: Page) -> None:
    find_box(tagged).click()
    find_option(tagged, "Holiday").click()
    tagged.wait_for_url("**/collections/*/")
    tagged.go_back()
    tagged.locator("[data-shortcuts-open]").wait_for()
    find_box(tagged).click()
    expect(find_option(tagged, "Holiday")).to_have_count(1)


@pytest.mark.sends("upload")
def test_search_page_has_links_without_scripts(open_without_javascript: Callable[[], Page], scenes: list[Path]) -> None:
    page = open_without_javascript()
    upload_without_javascript(page, scenes[:1], name="Holiday")
    page.set_viewport_size(DESKTOP)
    page.goto("/search/")
    expect(page.get_by_role("combobox", name="Describe a picture")).to_have_count(0)
    page.get_by_role("region", name="Collections").get_by_role("link", name="Holiday").click()
    page.wait_for_url("**/collections/*/")
