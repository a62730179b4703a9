"""Selecting pictures and acting on them without a reload."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from .actions import choose_files, create_collection, expect_uploaded
from .conftest import sign_up

COUNT = 24
PHONE = {"width": 360, "height": 740}
FIRST_VISIBLE = """() => {
    const top = document.querySelector(".bulk-actions").getBoundingClientRect().bottom;
    const tiles = [...document.querySelectorAll(".tile")];
    return tiles.find((tile) => tile.getBoundingClientRect().top >= top).dataset.imageId;
}"""
OVER_THE_BAR = """() => {
    const bar = document.querySelector(".bulk-actions");
    const { top, bottom, left, right } = bar.getBoundingClientRect();
    const found = [];
    let behind = 0;
    for (let y = 0; y < 600; y += 20) {
        scrollTo(0, y);
        for (const box of document.querySelectorAll(".tile-select input")) {
            const place = box.getBoundingClientRect();
            behind += place.bottom > top && place.top < bottom ? 1 : 0;
        }
        for (let x = left + 5; x < right; x += 25) {
            const element = document.elementFromPoint(x, (top + bottom) / 2);
            if (!bar.contains(element)) found.push(element.outerHTML.slice(0, 80));
        }
    }
    return { behind, found };
}"""
WATCH_SHIFT = """() => {
    window.shift = 0;
    new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) window.shift += entry.value;
    }).observe({ type: "layout-shift" });
}"""
SHIFT = "() => new Promise((done) => setTimeout(() => done(window.shift), 300))"


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    cookies: Any
    address: str


@pytest.fixture(scope="module")
def library(browser: Browser, site: str, tmp_path_factory: pytest.TempPathFactory) -> Library:
    """A person's cookies and the address of a collection. Tests leave the collection as it was."""
    context = browser.new_context(base_url=site)
    page = sign_up(context.new_page())
    create_collection(page, "Many")
    address = page.url
    folder = tmp_path_factory.mktemp("many")
    choose_files(page, [draw(folder, number) for number in range(COUNT)])
    expect(page.locator("[data-count]")).to_have_text(f"{COUNT} of {COUNT} done", timeout=90_000)
    state = context.storage_state()
    context.close()
    return Library(cookies=state, address=address)


def draw(folder: Path, number: int) -> Path:
    path = folder / f"picture {number:02d}.png"
    size = ((300, 200), (200, 300), (260, 260))[number % 3]
    Image.new("RGB", size, (number * 8, 90, 255 - number * 8)).save(path)
    return path


@pytest.fixture
def open_library(new_context: Callable[..., BrowserContext], library: Library) -> Callable[..., Page]:
    def open_page(**options: object) -> Page:
        page = new_context(storage_state=library.cookies, **options).new_page()
        page.on("pageerror", lambda error: pytest.fail(f"A script failed: {error}"))
        page.goto(library.address)
        page.wait_for_load_state()
        return page

    return open_page


@pytest.fixture
def grid(open_library: Callable[..., Page]) -> Page:
    return open_library()


def tiles(page: Page) -> Locator:
    return page.locator(".tile")


def select(page: Page, index: int) -> None:
    tiles(page).nth(index).locator("input").check()


def selected(page: Page) -> list[int]:
    found: list[int] = page.locator(".tile").evaluate_all(
        "all => all.flatMap((tile, index) => tile.querySelector('input').checked ? [index] : [])"
    )
    return found


def toast(page: Page, text: str) -> Locator:
    return page.locator(".toast").filter(has_text=text)


def middle(page: Page, index: int) -> tuple[float, float]:
    box = tiles(page).nth(index).bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_click_opens_a_picture_and_selects_while_selecting(grid: Page) -> None:
    tiles(grid).nth(2).click()
    expect(grid.locator("[data-view]")).to_be_visible()
    grid.keyboard.press("Escape")
    expect(grid.locator("[data-view]")).to_be_hidden()
    select(grid, 0)
    tiles(grid).nth(2).click()
    assert selected(grid) == [0, 2]
    tiles(grid).nth(5).click(modifiers=["Shift"])
    assert selected(grid) == [0, 2, 3, 4, 5]
    tiles(grid).nth(4).click()
    assert selected(grid) == [0, 2, 3, 5]
    expect(grid.locator("[data-view]")).to_be_hidden()
    expect(grid.locator("[data-selection-count]")).to_have_text("4 selected")
    grid.keyboard.press("Escape")
    assert selected(grid) == []
    expect(grid.locator(".bulk-actions")).to_be_hidden()
    expect(grid.locator(".site-header")).to_be_visible()


def test_bar_is_closed_by_its_button_and_returns_the_focus(grid: Page) -> None:
    select(grid, 1)
    grid.get_by_role("button", name="Clear selection").click()
    assert selected(grid) == []
    expect(tiles(grid).nth(1).locator("a[data-large]")).to_be_focused()


def test_mouse_drag_selects_the_tiles_it_crosses(grid: Page) -> None:
    grid.mouse.move(*middle(grid, 1))
    grid.mouse.down()
    for index in (2, 6, 4):
        grid.mouse.move(*middle(grid, index), steps=4)
    grid.mouse.up()
    assert selected(grid) == [1, 2, 3, 4]
    expect(grid.locator("[data-view]")).to_be_hidden()


def test_long_press_selects_and_a_drag_after_it_selects_a_range(open_library: Callable[..., Page]) -> None:
    page = open_library(viewport=PHONE, has_touch=True, is_mobile=True)
    touch = page.context.new_cdp_session(page)

    def send(kind: str, *points: tuple[float, float]) -> None:
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in points]})

    send("touchStart", middle(page, 0))
    page.wait_for_timeout(700)
    assert selected(page) == [0]
    send("touchMove", middle(page, 1))
    send("touchMove", middle(page, 2))
    send("touchEnd")
    assert selected(page) == [0, 1, 2]
    tiles(page).nth(5).scroll_into_view_if_needed()
    send("touchStart", middle(page, 4))
    page.wait_for_timeout(700)
    send("touchEnd")
    assert selected(page) == [0, 1, 2, 3, 4]
    tiles(page).nth(3).tap()
    assert selected(page) == [0, 1, 2, 4]
    expect(page.locator("[data-view]")).to_be_hidden()


def test_trashed_pictures_leave_the_grid_and_undo_returns_them_to_their_places(grid: Page) -> None:
    order = tiles(grid).evaluate_all("all => all.map((tile) => tile.dataset.imageId)")
    grid.mouse.wheel(0, 250)
    grid.wait_for_function("() => scrollY > 200")
    first = grid.evaluate(FIRST_VISIBLE)
    start = order.index(first)
    for index in (start + 3, start + 4):
        select(grid, index)
    place = grid.evaluate("scrollY")
    grid.evaluate("window.isSamePage = true")
    grid.get_by_role("button", name="Move to trash").click()
    expect(toast(grid, "2 pictures moved to trash.")).to_be_visible()
    expect(tiles(grid)).to_have_count(COUNT - 2)
    expect(grid.locator("[data-live=count]")).to_have_text(f"{COUNT - 2} pictures")
    assert grid.evaluate("scrollY") == place
    assert grid.evaluate(FIRST_VISIBLE) == first
    grid.get_by_role("button", name="Undo").click()
    expect(toast(grid, "2 pictures restored.")).to_be_visible()
    assert tiles(grid).evaluate_all("all => all.map((tile) => tile.dataset.imageId)") == order
    assert selected(grid) == [start + 3, start + 4]
    expect(grid.locator("[data-live=count]")).to_have_text(f"{COUNT} pictures")
    assert grid.evaluate("scrollY") == place
    assert grid.evaluate("window.isSamePage")


def test_selection_stays_after_adding_tags(grid: Page) -> None:
    select(grid, 0)
    grid.get_by_role("button", name="Tag", exact=True).click()
    grid.keyboard.type("fine")
    grid.keyboard.press("Enter")
    expect(toast(grid, "1 picture tagged.")).to_be_visible()
    assert selected(grid) == [0]
    grid.get_by_role("button", name="Undo").click()
    expect(toast(grid, "Tags removed from 1 picture.")).to_be_visible()


def test_pictures_are_moved_to_a_new_collection_and_back(grid: Page) -> None:
    for index in (0, 1):
        select(grid, index)
    grid.get_by_role("button", name="Move to …").click()
    grid.get_by_label("Name of the new collection").fill(f"New {grid.evaluate('Date.now()')}")
    grid.keyboard.press("Enter")
    expect(toast(grid, "2 pictures moved to “New")).to_be_visible()
    expect(tiles(grid)).to_have_count(COUNT - 2)
    grid.get_by_role("button", name="Undo").click()
    expect(toast(grid, "Move undone for 2 pictures.")).to_be_visible()
    expect(tiles(grid)).to_have_count(COUNT)


def test_all_pictures_are_trashed_and_restored(grid: Page) -> None:
    select(grid, 0)
    grid.get_by_role("button", name="More", exact=True).click()
    grid.get_by_label(f"Select all {COUNT}").check()
    expect(grid.locator("[data-selection-count]")).to_have_text("All selected")
    grid.keyboard.press("Escape")  # closes the menu
    assert len(selected(grid)) == COUNT
    grid.get_by_role("button", name="Move to trash").click()
    expect(tiles(grid)).to_have_count(0)
    grid.get_by_role("button", name="Undo").click()
    expect(tiles(grid)).to_have_count(COUNT)


def test_failure_is_a_toast_and_changes_nothing(grid: Page) -> None:
    select(grid, 0)
    grid.route("**/pictures/trash/", lambda route: route.abort())
    grid.get_by_role("button", name="Move to trash").click()
    expect(toast(grid, "The site can't be reached. Check your connection and try again.")).to_be_visible()
    assert selected(grid) == [0]


def test_picture_in_the_large_view_is_trashed_without_a_question(grid: Page) -> None:
    names = tiles(grid).locator("img").evaluate_all("all => all.map((each) => each.alt)")
    tiles(grid).nth(1).click()
    view = grid.locator("[data-view]")
    view.get_by_role("button", name="Move to trash").click()
    expect(toast(grid, f"“{names[1]}” moved to trash.")).to_be_visible()
    expect(view.locator("[data-view-title]")).to_have_text(names[2])
    view.get_by_role("button", name="Undo").click()
    expect(toast(grid, "1 picture restored.")).to_be_visible()
    grid.keyboard.press("Escape")
    expect(view).to_be_hidden()
    assert tiles(grid).locator("img").evaluate_all("all => all.map((each) => each.alt)") == names


def test_picture_on_its_page_is_trashed_and_undo_returns_to_the_grid(grid: Page, library: Library) -> None:
    grid.goto(tiles(grid).nth(1).locator("a").first.get_attribute("href") or "", referer=library.address)
    grid.get_by_role("button", name="Move to trash").click()
    grid.wait_for_url(library.address)
    expect(grid.get_by_text("moved to trash.")).to_be_visible()
    grid.get_by_role("button", name="Undo").click()
    grid.wait_for_url(library.address)
    expect(tiles(grid)).to_have_count(COUNT)


def test_pictures_in_the_trash_are_restored_or_deleted_after_a_question(page: Page, tmp_path: Path) -> None:
    create_collection(page, "Short")
    choose_files(page, [draw(tmp_path, number) for number in range(4)])
    expect_uploaded(page, "4 of 4 done")
    page.reload()
    page.keyboard.press("Control+a")
    page.get_by_role("button", name="Move to trash").click()
    expect(tiles(page)).to_have_count(0)
    page.goto("/trash/")
    select(page, 0)
    page.get_by_role("button", name="Restore", exact=True).click()
    expect(toast(page, "1 picture restored.")).to_be_visible()
    expect(tiles(page)).to_have_count(3)
    select(page, 0)
    page.get_by_role("button", name="Delete permanently").click()
    expect(page.get_by_text("This can't be undone.")).to_be_visible()
    page.locator("#purge-menu").get_by_role("button", name="Delete permanently").click()
    expect(toast(page, "1 picture deleted permanently.")).to_be_visible()
    expect(tiles(page)).to_have_count(2)


def test_toast_stays_ten_seconds_and_longer_under_the_pointer(open_library: Callable[..., Page]) -> None:
    page = open_library()
    page.clock.install()
    show_toast(page)
    page.clock.run_for(9_000)
    expect(toast(page, "Hello.")).to_be_visible()
    page.clock.run_for(2_000)
    expect(toast(page, "Hello.")).to_have_count(0)
    show_toast(page)
    toast(page, "Hello.").hover()
    page.clock.run_for(30_000)
    expect(toast(page, "Hello.")).to_be_visible()
    toast(page, "Hello.").get_by_role("button", name="Close").click()
    expect(toast(page, "Hello.")).to_have_count(0)


@pytest.mark.parametrize("viewport", [PHONE, {"width": 1280, "height": 800}], ids=str)
def test_nothing_moves_and_the_bar_covers_header_and_checkboxes(
    viewport: dict[str, int], open_library: Callable[..., Page]
) -> None:
    page = open_library(viewport=viewport)
    header = page.locator(".site-header").bounding_box()
    page.evaluate(WATCH_SHIFT)
    select(page, 0)
    expect(page.locator(".bulk-actions")).to_be_visible()
    assert page.evaluate(SHIFT) == 0
    bar = page.locator(".bulk-actions").bounding_box()
    assert header
    assert bar
    assert (bar["y"], bar["height"]) == (header["y"], header["height"])
    covering = page.evaluate(OVER_THE_BAR)
    assert covering["behind"] > 0
    assert covering["found"] == []


@pytest.mark.parametrize("language", ["en", "ru"])
def test_bar_is_one_line_of_large_targets(language: str, open_library: Callable[..., Page], site: str) -> None:
    page = open_library(viewport=PHONE)
    page.context.add_cookies([{"name": "language", "value": language, "url": site}])
    page.reload()
    select(page, 0)
    for width in (360, 900, 1201):
        page.set_viewport_size({"width": width, "height": 740})
        boxes = page.locator(".bar-button").evaluate_all("all => all.map((each) => each.getBoundingClientRect())")
        assert len(boxes) >= 6
        assert len({box["y"] for box in boxes}) == 1
        assert all(box["width"] >= 44 and box["height"] >= 44 for box in boxes)
        assert all(box["x"] >= 0 and box["right"] <= width for box in boxes)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, {"width": 1280, "height": 800}], ids=["phone", "desktop"])
def test_bar_menus_and_toasts_are_accessible(
    theme: Literal["light", "dark"], viewport: dict[str, int], open_library: Callable[..., Page]
) -> None:
    page = open_library(viewport=viewport, color_scheme=theme)
    select(page, 0)
    assert find_faults(page) == []
    show_toast(page)
    for name in ("Move to …", "Tag", "More"):
        page.locator(".bulk-actions").get_by_role("button", name=re.compile(f"^{name}$")).click()
        expect(page.locator(".bar-menu:popover-open")).to_be_visible()
        expect(page.get_by_text("Loading collections …")).to_be_hidden()
        assert find_faults(page) == []
        page.keyboard.press("Escape")
    assert selected(page) == [0]


def find_faults(page: Page) -> list[str]:
    return [f"{each['id']}: {each['nodes'][0]['html'][:120]}" for each in Axe().run(page).response["violations"]]


def show_toast(page: Page) -> None:
    module = "import(document.querySelector('script[src*=toasts]').src)"
    page.evaluate(f"{module}.then((toasts) => toasts.showToast({{ text: 'Hello.' }}))")
