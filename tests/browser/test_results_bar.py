"""The line above the results: where the first result begins, and its menus with the keyboard and without scripts."""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, expect

from .actions import wait_for_answer
from .conftest import SampleSite

MENUS = ("Words", "Collection", "Date", "Shape", "Person", "Format", "Tag", "Save", "More options")
SIZES = [(1280, 860, 220), (360, 740, 300)]
FILTERED = "/search/?q=a+white+dog+is:landscape+format:jpg+0.3:like:{image_id}"


def open_results(page: Page, address: str = "/search/?q=a+white+dog") -> Page:
    page.goto(address)
    wait_for_answer(page)
    return page


@pytest.mark.parametrize(("width", "height", "most"), SIZES)
def test_first_result_begins_high_on_the_page(sample_page: Page, width: int, height: int, most: int) -> None:
    sample_page.set_viewport_size({"width": width, "height": height})
    open_results(sample_page)
    box = sample_page.locator(".tile img").first.bounding_box()
    assert box
    assert box["y"] <= most


def test_escape_closes_a_menu_that_the_keyboard_opened(sample_page: Page) -> None:
    open_results(sample_page)
    summary = sample_page.locator("summary.filter-chip", has_text="Shape")
    summary.focus()
    sample_page.keyboard.press("Enter")
    link = sample_page.get_by_role("link", name="Landscape")
    expect(link).to_be_visible()
    sample_page.keyboard.press("Tab")
    sample_page.keyboard.press("Escape")
    expect(link).to_be_hidden()
    expect(summary).to_be_focused()
    sample_page.keyboard.press("Enter")
    link.focus()
    sample_page.keyboard.press("Enter")
    expect(sample_page.get_by_role("link", name="Remove Shape")).to_be_visible()


def test_only_one_menu_is_open_and_a_click_elsewhere_closes_it(sample_page: Page) -> None:
    open_results(sample_page)
    sample_page.locator("summary.filter-chip", has_text="Shape").click()
    sample_page.locator("summary.filter-chip", has_text="Date").click()
    expect(sample_page.locator("details[data-menu][open]")).to_have_count(1)
    sample_page.locator(".results-summary").click()
    expect(sample_page.locator("details[data-menu][open]")).to_have_count(0)


def test_long_press_shows_more_and_less_like_this(
    new_context: Callable[..., BrowserContext], sample_site: SampleSite
) -> None:
    options = {"storage_state": sample_site.cookies, "has_touch": True, "is_mobile": True}
    page = open_results(new_context(viewport={"width": 360, "height": 740}, **options).new_page())
    tile = page.locator(".tile").first
    expect(tile.get_by_role("link", name="More like")).to_be_hidden()
    press = {"pointerType": "touch", "bubbles": True, "clientX": 60, "clientY": 300}
    tile.locator("img").dispatch_event("pointerdown", press)
    expect(tile.get_by_role("link", name="More like")).to_be_visible()
    expect(tile.get_by_role("link", name="Less like")).to_be_visible()


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_open_menus_are_accessible_and_fit(sample_page: Page, width: int, theme: str) -> None:
    sample_page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    sample_page.set_viewport_size({"width": width, "height": 740})
    image_id = sample_page.locator("[data-image-id]").first.get_attribute("data-image-id")
    open_results(sample_page, FILTERED.format(image_id=image_id))
    for name in MENUS:
        sample_page.locator("summary.filter-chip", has_text=name).first.click()
        assert Axe().run(sample_page).response["violations"] == [], name
        box = sample_page.locator("details[data-menu][open] .menu-body").bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        sample_page.keyboard.press("Escape")
    assert sample_page.evaluate("document.documentElement.scrollWidth") <= width


def test_filters_are_links_and_forms_without_scripts(
    new_context: Callable[..., BrowserContext], sample_site: SampleSite
) -> None:
    page = new_context(storage_state=sample_site.cookies, java_script_enabled=False).new_page()
    open_results(page)
    page.locator("summary.filter-chip", has_text="Tag").click()
    page.get_by_label("Tag", exact=True).fill("nothing")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_text("No pictures match these filters")).to_be_visible()
    page.get_by_role("link", name="Remove Tag").click()
    page.locator("summary.filter-chip", has_text="Collection").click()
    page.get_by_label("Collection", exact=True).select_option(label="Scenes")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("link", name="Remove Collection")).to_be_visible()
    expect(page.locator(".tile")).not_to_have_count(0)
