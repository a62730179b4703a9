"""A page of results by keyboard alone, and the list of keys."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from .actions import choose_files, create_collection, expect_uploaded, search, wait_for_index
from .conftest import SampleSite

MOST_TABS = 120


@pytest.fixture
def results(sample_page: Page) -> Page:
    search(sample_page, "a white puppy")
    expect(tiles(sample_page)).to_have_count(6)
    sample_page.wait_for_load_state()  # the scripts that handle the keys have run
    sample_page.keyboard.press("/")
    return sample_page


def tiles(page: Page) -> Locator:
    return page.locator(".tile a[data-large]")


def keys(page: Page) -> Locator:
    return page.get_by_role("dialog", name="Keyboard shortcuts")


def tab_to(page: Page, wanted: Locator, key: str = "Tab") -> None:
    """Press the key until the wanted part has the focus, as a person does who has no mouse."""
    for _ in range(MOST_TABS):
        if wanted.evaluate("each => each === document.activeElement"):
            return
        page.keyboard.press(key)
    pytest.fail(f"{MOST_TABS} times {key} do not lead to {wanted}")


def test_arrow_keys_move_through_the_results(results: Page) -> None:
    results.set_viewport_size({"width": 700, "height": 800})
    results.keyboard.press("ArrowDown")
    expect(tiles(results).first).to_be_focused()
    results.keyboard.press("ArrowLeft")
    expect(tiles(results).first).to_be_focused()
    results.keyboard.press("ArrowRight")
    expect(tiles(results).nth(1)).to_be_focused()
    results.keyboard.press("End")
    expect(tiles(results).last).to_be_focused()
    results.keyboard.press("Home")
    expect(tiles(results).first).to_be_focused()


def test_up_and_down_move_between_rows(results: Page) -> None:
    results.set_viewport_size({"width": 700, "height": 800})
    results.keyboard.press("ArrowDown")
    results.keyboard.press("ArrowRight")
    start = box_of(tiles(results).nth(1))
    results.keyboard.press("ArrowDown")
    below = box_of(results.locator(":focus"))
    assert below["y"] > start["y"]
    nearest = min(
        (box for box in map(box_of, tiles(results).all()) if box["y"] == below["y"]),
        key=lambda box: abs(middle(box) - middle(start)),
    )
    assert below == nearest
    results.keyboard.press("ArrowUp")
    assert box_of(results.locator(":focus"))["y"] == start["y"]


def box_of(locator: Locator) -> dict[str, float]:
    """Where it is on the page, wherever the window has been scrolled to."""
    box: dict[str, float] = locator.evaluate(
        "each => { const { x, y, width } = each.getBoundingClientRect(); return { x, y: y + scrollY, width }; }"
    )
    return box


def middle(box: dict[str, float]) -> float:
    return box["x"] + box["width"] / 2


def test_x_space_and_shift_select_pictures(results: Page) -> None:
    chosen = results.locator("[data-selection-count]")
    results.keyboard.press("ArrowDown")
    results.keyboard.press("x")
    expect(chosen).to_have_text("1 selected")
    results.keyboard.press("End")
    results.keyboard.press("Shift+X")
    expect(chosen).to_have_text("6 selected")
    results.keyboard.press(" ")
    expect(chosen).to_have_text("5 selected")
    results.keyboard.press("Escape")
    expect(chosen).to_have_text("Select pictures")
    results.keyboard.press("Control+a")
    expect(chosen).to_have_text("6 selected")
    tiles(results).first.evaluate(
        "each => each.dispatchEvent(new KeyboardEvent('keydown', { key: 'ч', code: 'KeyX', bubbles: true }))"
    )
    expect(chosen).to_have_text("5 selected")


def test_ctrl_a_selects_the_results_of_a_search_just_made(sample_page: Page) -> None:
    search(sample_page, "a white puppy")
    sample_page.wait_for_load_state()
    sample_page.keyboard.press("Control+a")
    expect(sample_page.locator("[data-selection-count]")).to_have_text("6 selected")


def test_escape_in_the_large_view_keeps_the_selection(results: Page) -> None:
    results.keyboard.press("ArrowDown")
    results.keyboard.press("x")
    results.keyboard.press("Enter")
    expect(results.locator("[data-view]")).to_be_visible()
    results.keyboard.press("Escape")
    expect(results.locator("[data-view]")).to_be_hidden()
    expect(results.locator("[data-selection-count]")).to_have_text("1 selected")


@pytest.mark.parametrize(("key", "name"), [("m", "More like"), ("l", "Less like")])
def test_keys_search_for_more_or_less_like_a_result(key: str, name: str, results: Page) -> None:
    results.keyboard.press("ArrowDown")
    address = results.get_by_role("link", name=re.compile(f"^{name}")).first.get_attribute("href") or ""
    results.keyboard.press(key)
    results.wait_for_url(f"**{address}")
    results.go_back()
    results.keyboard.press("/")
    results.keyboard.press("ArrowDown")
    results.keyboard.press("Enter")
    link = results.locator("[data-view]").get_by_role("link", name=f"{name} this")
    expect(link).to_have_attribute("href", re.compile(f"{re.escape(address)}$"))
    results.keyboard.press(key)
    results.wait_for_url(f"**{address}")


def test_keyboard_rates_results(results: Page) -> None:
    tab_to(results, results.locator("summary", has_text="Save, download, rate"))
    results.keyboard.press("Enter")
    tab_to(results, results.get_by_role("link", name="Rate results"))
    results.keyboard.press("Enter")
    expect(results.get_by_role("button", name=re.compile("^Right"))).to_have_count(6)
    results.wait_for_load_state()  # the scripts that handle the keys have run
    results.keyboard.press("/")
    results.keyboard.press("ArrowDown")
    results.keyboard.press("r")
    expect(results.get_by_role("button", name=re.compile("^Right")).first).to_have_attribute("aria-pressed", "true")
    results.keyboard.press("w")
    expect(results.get_by_role("button", name=re.compile("^Wrong")).first).to_have_attribute("aria-pressed", "true")


def test_slash_focuses_the_search_box_and_keys_type_letters_there(results: Page) -> None:
    results.keyboard.press("ArrowDown")
    results.keyboard.press("/")
    box = results.get_by_label("Describe a picture")
    expect(box).to_be_focused()
    results.keyboard.type("x/m?")
    expect(box).to_have_value("x/m?")
    expect(keys(results)).to_be_hidden()
    expect(results.locator("[data-selection-count]")).to_have_text("Select pictures")


def test_question_mark_and_button_show_the_shortcuts(results: Page) -> None:
    results.keyboard.press("ArrowDown")
    results.keyboard.press("?")
    expect(keys(results)).to_be_visible()
    results.keyboard.press("x")
    results.keyboard.press("Escape")
    expect(keys(results)).to_be_hidden()
    expect(tiles(results).first).to_be_focused()
    expect(results.locator("[data-selection-count]")).to_have_text("Select pictures")
    button = results.get_by_role("button", name="Keyboard shortcuts")
    tab_to(results, button)
    results.keyboard.press("Enter")
    expect(keys(results).get_by_role("button", name="Close")).to_be_focused()
    results.keyboard.press("Enter")
    expect(button).to_be_focused()


def test_shortcuts_are_shown_over_the_large_view(results: Page) -> None:
    results.keyboard.press("ArrowDown")
    results.keyboard.press("Enter")
    results.keyboard.press("?")
    expect(keys(results)).to_be_visible()
    results.keyboard.press("Escape")
    expect(keys(results)).to_be_hidden()
    results.keyboard.press("ArrowRight")
    expect(results.locator("[data-view]").get_by_role("status")).to_have_text(re.compile("picture 2 of 6"))


def test_keyboard_tags_moves_downloads_and_deletes_selected_pictures(page: Page, scenes: list[Path]) -> None:
    create_collection(page, "Elsewhere")
    create_collection(page, "Here")
    choose_files(page, scenes[:3])
    expect_uploaded(page, "3 of 3 done")
    wait_for_index(page)
    for name, done in (
        ("Download", ""),
        ("Tag", "1 picture tagged."),
        ("Move to …", "1 picture moved to"),
        ("Move to trash", "1 picture moved to trash."),
    ):
        search(page, "a white puppy")
        page.wait_for_load_state()
        page.keyboard.press("/")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("x")
        tab_to(page, page.get_by_role("button", name=name, exact=True), key="Shift+Tab")
        if name == "Download":
            with page.expect_download():
                page.keyboard.press("Enter")
            continue
        page.keyboard.press("Enter")
        if name == "Tag":
            expect(page.get_by_label("Tags, separated by commas")).to_be_focused()
            page.keyboard.type("fine")
            page.keyboard.press("Enter")  # presses the button beside it
        elif name == "Move to …":
            tab_to(page, page.get_by_role("button", name="Elsewhere"))
            page.keyboard.press("Enter")
        expect(page.locator(".toast").filter(has_text=done)).to_be_visible()


def test_tab_order_follows_reading_order(new_context: Callable[..., BrowserContext], sample_site: SampleSite) -> None:
    """Sideways within a row, then down: the focus never goes back up."""
    page = new_context(storage_state=sample_site.cookies).new_page()
    page.goto("/search/?q=a+white+puppy")
    seen = []
    tab_to(page, tiles(page).first)
    for _ in range(MOST_TABS):
        seen.append(page.evaluate("document.activeElement.closest('.tile')?.dataset.imageId"))
        page.keyboard.press("Tab")
        if page.evaluate("!document.activeElement.closest('.tile')"):
            break
    order = [tile.get_attribute("data-image-id") for tile in page.locator(".tile").all()]
    assert list(dict.fromkeys(seen)) == order
