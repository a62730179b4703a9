"""A page of results on a site with more pictures than a page has: loading on, headings, sheet and zip."""

import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from PIL import Image as Pillow
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from collections_app.demo.gallery import DemoPicture, draw_picture, get_demo_collections
from collections_app.views.paging import PAGE_SIZE
from collections_app.views.search.page import FIRST_PAGE_SIZE

from .actions import INDEXED_MS, choose_files, create_collection, wait_for_answer, wait_for_index
from .conftest import sign_up
from .shifts import sum_shifts, watch_shifts

PICTURES, DOGS = 84, 6
FIRST, SECOND = FIRST_PAGE_SIZE, PAGE_SIZE
WORDS = "/search/?q=a+white+dog"
EVERYTHING = f"{WORDS}&all=1"


@pytest.fixture(scope="module")
def cookies(browser: Browser, site: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Those of a person with eighty-four drawn animals, six of them white dogs."""
    folder = tmp_path_factory.mktemp("animals")
    context = browser.new_context(base_url=site)
    page = sign_up(context.new_page())
    create_collection(page, "Menagerie")
    choose_files(page, [written(folder, number, each) for number, each in enumerate(animals())])
    expect(page.locator("[data-count]")).to_have_text(f"{PICTURES} of {PICTURES} done", timeout=INDEXED_MS)
    wait_for_index(page)
    page.goto(WORDS)
    wait_for_answer(page)
    yield context.storage_state()
    context.close()


def animals() -> list[DemoPicture]:
    drawn = [each for collection in get_demo_collections() for each in collection.pictures]
    dogs = [each for each in drawn if each.title.startswith("A white dog")][:DOGS]
    others = [each for each in drawn if not re.search("dog|white", each.title)][: PICTURES - DOGS]
    return [*others, *dogs]


def written(folder: Path, number: int, picture: DemoPicture) -> Path:
    kind = "dog" if "dog" in picture.title else "other"
    file = folder / f"{kind}-{number}.jpg"
    file.write_bytes(draw_picture(picture))
    return file


@pytest.fixture
def results(new_context: Callable[..., BrowserContext], cookies: Any) -> Page:
    page = new_context(storage_state=cookies, viewport={"width": 1280, "height": 800}).new_page()
    page.on("pageerror", lambda error: pytest.fail(f"A script failed: {error}"))
    return page


def open_results(page: Page, address: str) -> None:
    page.goto(address)
    wait_for_answer(page)


def hits(page: Page) -> Locator:
    return page.locator(".tile[data-score]")


def ids(page: Page) -> list[str]:
    return [str(an_id) for an_id in hits(page).evaluate_all("tiles => tiles.map(tile => tile.dataset.imageId)")]


def load_all(page: Page) -> None:
    """As a hand scrolls: what follows is there before it is seen."""
    page.mouse.move(640, 600)
    for _ in range(200):
        if hits(page).count() == PICTURES:
            break
        page.mouse.wheel(0, 60)
        page.wait_for_timeout(50)
    expect(hits(page)).to_have_count(PICTURES)


def test_scrolling_loads_more_results_without_repeats_or_gaps(results: Page) -> None:
    watch_shifts(results)
    open_results(results, EVERYTHING)
    first = ids(results)[:FIRST]
    tops = hits(results).evaluate_all("tiles => tiles.map(tile => tile.getBoundingClientRect().top + scrollY)")
    load_all(results)
    every = ids(results)
    assert every[:FIRST] == first
    assert len(set(every)) == PICTURES
    after = hits(results).evaluate_all("tiles => tiles.map(tile => tile.getBoundingClientRect().top + scrollY)")
    assert after[: FIRST - 8] == pytest.approx(tops[: FIRST - 8], abs=1)  # the last row may fill up
    assert sum_shifts(results) < 0.01  # the last row fills up
    expect(results.get_by_role("link", name="More results")).to_have_count(0)
    scores = hits(results).evaluate_all("tiles => tiles.map(tile => Number(tile.dataset.score))")
    assert scores == sorted(scores, reverse=True)


def test_nothing_moves_when_a_large_window_loads_more_results(results: Page) -> None:
    results.set_viewport_size({"width": 2560, "height": 1440})
    results.goto("/")
    watch_shifts(results)
    open_results(results, EVERYTHING)
    expect(hits(results)).to_have_count(PICTURES)
    assert sum_shifts(results) < 0.001


def test_selection_includes_results_loaded_by_scrolling(results: Page) -> None:
    open_results(results, EVERYTHING)
    load_all(results)
    hits(results).last.locator("a[data-large]").focus()
    results.keyboard.press("Control+a")
    expect(results.locator("[data-selection-count]")).to_have_text(f"{PICTURES} selected")
    results.keyboard.press("Escape")
    boxes = hits(results).locator('input[name="image"]')
    boxes.nth(FIRST - 2).check(force=True)
    boxes.nth(FIRST + 2).click(modifiers=["Shift"], force=True)
    expect(results.locator("[data-selection-count]")).to_have_text("5 selected")
    with results.expect_download() as download:
        results.get_by_role("button", name="Download").click()
    assert len(ZipFile(download.value.path()).namelist()) == 5


def test_links_page_through_results_without_scripts(new_context: Callable[..., BrowserContext], cookies: Any) -> None:
    page = new_context(storage_state=cookies, java_script_enabled=False).new_page()
    open_results(page, EVERYTHING)
    first = [tile.get_attribute("data-image-id") for tile in hits(page).all()]
    page.get_by_role("link", name="More results").click()
    expect(hits(page)).to_have_count(SECOND)
    second = [tile.get_attribute("data-image-id") for tile in hits(page).all()]
    page.get_by_role("link", name="More results").click()
    expect(hits(page)).to_have_count(PICTURES - FIRST - SECOND)
    third = [tile.get_attribute("data-image-id") for tile in hits(page).all()]
    assert len({*first, *second, *third}) == PICTURES
    page.get_by_role("link", name="Previous results").click()
    expect(hits(page)).to_have_count(SECOND)
    assert [tile.get_attribute("data-image-id") for tile in hits(page).all()] == second
    page.get_by_role("link", name="Previous results").click()
    expect(hits(page)).to_have_count(FIRST)
    assert [tile.get_attribute("data-image-id") for tile in hits(page).all()] == first


def test_likely_results_have_a_heading_and_hidden_ones_can_be_shown(results: Page) -> None:
    open_results(results, WORDS)
    expect(results.get_by_role("heading", name="Likely")).to_be_visible()
    expect(results.get_by_role("heading", name="Possible")).to_be_visible()
    expect(results.get_by_role("status").filter(has_text="likely")).to_contain_text(f"{DOGS} likely · ")
    likely, maybe = (results.get_by_role("heading", name=name).bounding_box() for name in ("Likely", "Possible"))
    assert likely
    assert maybe
    for place in range(DOGS):
        box = hits(results).nth(place).bounding_box()
        assert box
        assert likely["y"] < box["y"] < maybe["y"]
        expect(hits(results).nth(place).locator("img")).to_have_attribute("alt", re.compile("^dog-"))
    assert hits(results).count() < PICTURES
    results.get_by_role("link", name="Show anyway").click()
    wait_for_answer(results)
    expect(results.get_by_role("heading", name="Possible")).to_have_count(0)
    load_all(results)
    results.get_by_role("link", name="Hide unlikely pictures").click()
    expect(results.get_by_role("heading", name="Likely")).to_be_visible()


def test_results_are_downloaded_as_contact_sheet_and_zip(results: Page) -> None:
    open_results(results, WORDS)
    count = hits(results).count()
    results.locator("summary", has_text="More options").click()
    results.get_by_label("Rows (5 pictures each)").select_option("1")
    with results.expect_download() as sheet:
        results.get_by_role("button", name="Contact sheet (PNG)").click()
    with Pillow.open(sheet.value.path()) as picture:
        assert picture.size == (750, 150)
    with results.expect_download() as zipped:
        results.get_by_role("button", name="Download all (ZIP)").click()
    names = ZipFile(io.BytesIO(Path(zipped.value.path()).read_bytes())).namelist()
    assert len(names) == count
    assert sum("dog-" in name for name in names) == DOGS


def test_less_like_a_dog_keeps_dogs_first_and_hides_nothing(results: Page) -> None:
    open_results(results, WORDS)
    tile = hits(results).first
    tile.hover()
    tile.get_by_role("link", name="Less like").click()
    results.wait_for_url("**like**")
    wait_for_answer(results)
    for place in range(DOGS - 1):
        expect(hits(results).nth(place).locator("img")).to_have_attribute("alt", re.compile("^dog-"))
    load_all(results)
    expect(results.get_by_label("Describe a picture")).to_have_value("a white dog")
    results.get_by_role("search").get_by_role("link", name="Remove").click()
    results.wait_for_url(re.compile(r"q=a\+white\+dog$"))


def test_large_view_continues_into_the_next_results_page(results: Page) -> None:
    open_results(results, EVERYTHING)
    hits(results).nth(FIRST - 1).locator("a[data-large]").click()
    status = results.locator("[data-view]").get_by_role("status")
    for place in range(FIRST, PICTURES):
        expect(status).to_have_text(re.compile(f", picture {place} of "))
        results.keyboard.press("ArrowRight")
    expect(status).to_have_text(re.compile(f", picture {PICTURES} of {PICTURES}$"))
    results.keyboard.press("Escape")
    expect(hits(results).last.locator("a[data-large]")).to_be_focused()
    expect(results).to_have_url(re.compile("all=1"))
