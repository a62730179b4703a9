"""The frame of the pages: sidebar, bottom bar, the place of the search box; pages swapped in without a reload."""

from typing import cast

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import FloatRect, Locator, Page, expect

from .test_appearance import APPEARANCES, DESKTOP, PHONE, Appearance, apply_appearance

MAX_HEADER_PX, MIN_TOUCH_PX = 64, 44
PAGES = (
    *("/", "/search/", "/search/?q=sort:date", "/collections/", "/collections/new/", "/shared/"),
    *("/trash/", "/teams/", "/account/", "/upload/"),
)
_STATUS = """document.querySelector("#indexing").innerHTML =
    '<a class="chip" href="/"><span class="dot"></span>Preparing 1,234 pictures for search</a>'"""
_SWAP = """(address) => htmx.ajax("GET", address, { target: "#page", select: "#page", swap: "outerHTML" })"""


def box_of(element: Locator) -> FloatRect:
    return cast(FloatRect, element.bounding_box())


@pytest.mark.parametrize(("width", "has_sidebar"), [(360, False), (899, False), (900, True), (2560, True)])
def test_sidebar_begins_at_900_px(width: int, has_sidebar: bool, page: Page) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    sidebar, bar = page.locator("#sidebar"), page.locator(".bottom-bar")
    expect(sidebar).to_be_visible(visible=has_sidebar)
    expect(bar).to_be_visible(visible=not has_sidebar)
    assert box_of(page.locator(".site-header"))["height"] <= MAX_HEADER_PX
    entries = (sidebar.locator("a") if has_sidebar else bar.locator(":scope > *")).all()
    assert len(entries) >= 7 if has_sidebar else len(entries) == 5
    assert min(box_of(each)["height"] for each in entries) >= MIN_TOUCH_PX


@pytest.mark.parametrize("appearance", APPEARANCES[1:], ids=str)
def test_search_box_is_at_the_same_place_on_every_page(appearance: Appearance, page: Page) -> None:
    apply_appearance(page, appearance)
    boxes = []
    for address in PAGES:
        page.goto(address)
        boxes.append(box_of(page.locator("#search-box")))
        page.evaluate(_STATUS)
        boxes.append(box_of(page.locator("#search-box")))
    assert [box for box in boxes if box != boxes[0]] == []


def test_more_opens_the_other_pages_and_escape_closes_them(page: Page) -> None:
    page.set_viewport_size(PHONE)
    more, sidebar = page.get_by_role("button", name="More"), page.locator("#sidebar")
    more.focus()
    page.keyboard.press("Enter")
    expect(sidebar).to_be_visible()
    page.keyboard.press("Escape")
    expect(sidebar).to_be_hidden()
    expect(more).to_be_focused()
    more.click()
    sidebar.get_by_role("link", name="Trash").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Trash")
    expect(sidebar).to_be_hidden()


@pytest.mark.parametrize("appearance", APPEARANCES[1:3], ids=str)
def test_open_menu_is_accessible(appearance: Appearance, page: Page) -> None:
    apply_appearance(page, appearance)
    page.goto("/collections/")
    page.locator(".bottom-bar button").click()
    expect(page.locator("#sidebar")).to_be_visible()
    assert Axe().run(page).response["violations"] == []


def test_bottom_bar_covers_neither_the_footer_nor_the_menus_of_the_selection_bar(sample_page: Page) -> None:
    sample_page.set_viewport_size(PHONE)
    bar_top = box_of(sample_page.locator(".bottom-bar"))["y"]
    sample_page.locator("[data-image-id] input").first.check()
    expect(sample_page.locator(".bulk-actions")).to_be_in_viewport(ratio=1)
    for name in ("Move to …", "Tag", "More"):
        sample_page.locator(".bulk-actions").get_by_role("button", name=name, exact=True).click()
        menu = box_of(sample_page.locator(".bar-menu:popover-open"))
        assert menu["y"] + menu["height"] <= bar_top, name
        sample_page.keyboard.press("Escape")
    sample_page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    footer = box_of(sample_page.locator(".site-footer"))
    assert footer["y"] + footer["height"] <= bar_top


def test_tab_goes_through_header_and_sidebar_to_the_page(page: Page) -> None:
    page.set_viewport_size(DESKTOP)
    page.goto("/collections/")
    pages = ["Photos", "Search", "Collections", "Shared with me", "Favourites", "Duplicates"]
    pages += ["Trash", "Teams", "Account"]
    expected = ["Skip to content", "imagesearch", "q", "Upload", *pages, "New collection"]
    names = []
    for _ in expected:
        page.keyboard.press("Tab")
        names.append(page.evaluate("document.activeElement.innerText.trim() || document.activeElement.name || ''"))
    assert names == expected


def test_scripts_work_on_pages_that_are_swapped_in(sample_page: Page) -> None:
    collection = sample_page.url
    sample_page.goto("/account/")
    sample_page.evaluate("window.wasReloaded = false; document.querySelector('#toasts').textContent = 'Kept'")
    sample_page.evaluate(_SWAP, collection)
    expect(sample_page.locator("[data-image-id]").first).to_be_visible()
    sample_page.locator(".tile a").first.focus()
    sample_page.keyboard.press("Control+a")
    expect(sample_page.locator("[data-selection-count]")).to_have_text("6 selected")
    expect(sample_page.locator("[data-shortcuts-open]")).to_be_visible()
    sample_page.keyboard.press("Escape")
    expect(sample_page.locator(".bulk-actions")).to_be_hidden()
    sample_page.keyboard.press("/")
    expect(sample_page.locator("#search-box")).to_be_focused()
    sample_page.locator(".tile a").first.click()
    expect(sample_page.locator("[data-view]")).to_be_visible()
    sample_page.go_back()
    expect(sample_page.locator("[data-view]")).to_be_hidden()
    expect(sample_page.locator("#toasts")).to_have_text("Kept")
    assert sample_page.evaluate("window.wasReloaded") is False
