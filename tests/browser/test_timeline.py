"""The first page in a browser: loading more, the scrubber, captions, and the size of pictures."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from collections_app.views.paging import PAGE_SIZE
from tests.taken_pictures import dated_jpeg

from .actions import INDEXED_MS, choose_files, create_collection
from .conftest import sign_up
from .shifts import sum_shifts, watch_shifts

MONTHS = ["2024-05", "2024-03", "2023-12", "2022-07", "2021-01"]
COUNT = PAGE_SIZE + 12
_HEADINGS = "all => all.map((each) => each.dataset.month)"


@pytest.fixture(scope="module")
def cookies(browser: Browser, site: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Those of a person with a page of pictures and some more, of five months."""
    context = browser.new_context(base_url=site)
    page = sign_up(context.new_page())
    create_collection(page, "Years")
    choose_files(page, write_pictures(tmp_path_factory.mktemp("years")))
    expect(page.locator("[data-count]")).to_have_text(f"{COUNT} of {COUNT} done", timeout=INDEXED_MS)
    yield context.storage_state()
    context.close()


def write_pictures(folder: Path) -> list[Path]:
    files = []
    for number in range(COUNT):
        month = MONTHS[number * len(MONTHS) // COUNT].replace("-", ":")
        files.append(folder / f"{number:02d}.jpg")
        moment = f"{month}:{28 - number % 20:02d} 12:{number:02d}:00"
        files[-1].write_bytes(dated_jpeg(moment, colour=(number * 4 % 256, 90, 160)).getvalue())
    return files


@pytest.fixture
def home(new_context: Callable[..., BrowserContext], cookies: Any) -> Page:
    return open_home(new_context(storage_state=cookies, viewport={"width": 1280, "height": 860}))


def open_home(context: BrowserContext) -> Page:
    page = context.new_page()
    page.on("pageerror", lambda error: pytest.fail(f"A script failed: {error}"))
    watch_shifts(page)
    page.goto("/")
    page.locator("[data-shortcuts-open]").wait_for()  # shown by the script that comes last
    return page


def load_on(page: Page) -> None:
    """Scroll to where further pictures are loaded, which is before the end of the page is seen."""
    page.locator("[data-load-more]").scroll_into_view_if_needed()
    expect(page.locator(".timeline .tile")).to_have_count(COUNT)


def months_of(page: Page) -> list[str]:
    found: list[str] = page.locator("[data-month]").evaluate_all(_HEADINGS)
    return found


def test_scrolling_loads_more_pictures_and_nothing_moves(home: Page) -> None:
    assert home.locator(".timeline .tile").count() == PAGE_SIZE
    load_on(home)
    assert months_of(home) == MONTHS
    assert sum_shifts(home) < 0.01


def test_scrubber_leads_to_months_and_marks_the_one_on_the_screen(home: Page) -> None:
    load_on(home)
    link = home.locator('[data-month-link="2022-07"]')
    link.focus()
    expect(link.locator("span")).to_have_css("opacity", "1")
    home.keyboard.press("Enter")
    heading = home.get_by_role("heading", name="July 2022")
    expect(heading).to_be_focused()
    expect(heading).to_be_in_viewport()
    expect(link).to_have_attribute("aria-current", "true")
    assert home.url.endswith("/")  # that month was loaded

    home.goto("/?month=2023-12")
    home.get_by_role("link", name="2024", exact=True).click()
    home.wait_for_url("**/?month=2024-05")
    assert months_of(home)[0] == "2024-05"


def test_small_window_has_a_list_of_months(new_context: Callable[..., BrowserContext], cookies: Any) -> None:
    page = open_home(new_context(storage_state=cookies, viewport={"width": 360, "height": 740}))
    expect(page.locator("[data-scrubber]")).to_be_hidden()
    page.get_by_label("Go to month").select_option(label="July 2022")
    page.wait_for_url(re.compile("month=2022-07"))
    expect(page.locator("[data-month]").first).to_have_attribute("data-month", "2022-07")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_months_are_reached_without_javascript(new_context: Callable[..., BrowserContext], cookies: Any) -> None:
    page = new_context(storage_state=cookies, java_script_enabled=False).new_page()
    page.goto("/")
    page.get_by_role("link", name="Older pictures").click()
    expect(page.locator(".timeline .tile")).to_have_count(COUNT - PAGE_SIZE)
    page.get_by_role("link", name="Newer pictures").click()
    expect(page.locator(".timeline .tile")).to_have_count(PAGE_SIZE)
    page.get_by_role("link", name="2021", exact=True).click()
    expect(page.locator("[data-month]").first).to_have_attribute("data-month", "2021-01")


def test_caption_is_seen_on_focus_and_moves_nothing(home: Page) -> None:
    link = home.locator(".timeline .tile a[data-large]").first
    caption, before = link.locator(".caption"), home.locator(".timeline").bounding_box()
    expect(caption).to_have_css("opacity", "0")
    link.focus()
    home.keyboard.press("ArrowRight")
    home.keyboard.press("ArrowLeft")
    expect(caption).to_have_css("opacity", "1")
    assert home.locator(".timeline").bounding_box() == before


def test_size_of_pictures_is_remembered(home: Page) -> None:
    tile = home.locator(".timeline .tile").first
    usual = tile.bounding_box()
    home.get_by_label("Size of pictures").fill("60")
    expect(home.locator("html")).to_have_attribute("style", re.compile("0.6"))
    small = tile.bounding_box()
    assert usual
    assert small
    assert small["height"] < 0.8 * usual["height"]

    home.reload()
    expect(home.get_by_label("Size of pictures")).to_have_value("60")
    again = tile.bounding_box()
    assert again
    assert again["height"] == pytest.approx(small["height"], abs=1)
    assert sum_shifts(home) < 0.01
