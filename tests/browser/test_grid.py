"""Grids of pictures: every box has its picture's own shape, rows are filled, and nothing moves."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page

from .actions import choose_files, create_collection, expect_uploaded
from .conftest import sign_up

USUAL = [(900, 600), (600, 900), (800, 800), (960, 540), (468, 1013), (1013, 468), (997, 1000), (1200, 400)] * 2
EXTREME = [(2000, 100), (100, 2000), (2000, 200), (200, 2000)]
UPRIGHT_BEFORE_PANORAMA = [(600, 900), (2000, 400)]
WINDOWS = [(360, 740), (1280, 800), (3840, 2160)]
SMALLEST_PX = 40
BOXES = """() => [...document.querySelectorAll(".tile img")].map((image) => {
    const { top, left, right, width, height } = image.getBoundingClientRect();
    return { top: top + scrollY, left, right, width, height, shape: image.naturalWidth / image.naturalHeight };
})"""
ALL_LOADED = """() => [...document.querySelectorAll(".tile img")].every((image) => {
    image.loading = "eager";
    return image.complete && image.naturalWidth;
})"""


def draw(folder: Path, sizes: list[tuple[int, int]]) -> list[Path]:
    files = []
    for number, size in enumerate(sizes):
        files.append(folder / f"{number:02d} {size[0]}x{size[1]}.png")
        Image.new("RGB", size, (number * 9, 120, 160)).save(files[-1])
    return files


@pytest.fixture(scope="module")
def collections(browser: Browser, site: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[object, dict[str, str]]:
    """Somebody's cookies, and the addresses of their collections, sorted by title: the order of uploads varies."""
    context = browser.new_context(base_url=site)
    page = sign_up(context.new_page())
    addresses = {}
    shapes = {"usual": USUAL, "extreme": [*EXTREME, *USUAL[:4]], "alone": UPRIGHT_BEFORE_PANORAMA}
    for name, sizes in shapes.items():
        create_collection(page, name)
        addresses[name] = f"{page.url}?sort=title"
        choose_files(page, draw(tmp_path_factory.mktemp(name), sizes))
        expect_uploaded(page, f"{len(sizes)} of {len(sizes)} done")
    cookies = context.storage_state()
    context.close()
    return cookies, addresses


def boxes_of(page: Page, address: str) -> list[dict[str, float]]:
    page.goto(address)
    page.wait_for_function(ALL_LOADED)
    boxes: list[dict[str, float]] = page.evaluate(BOXES)
    return boxes


@pytest.mark.parametrize("size", WINDOWS, ids=str)
def test_tiles_have_their_pictures_shapes_and_fill_the_rows(
    size: tuple[int, int], new_context: Callable[..., BrowserContext], collections: tuple[object, dict[str, str]]
) -> None:
    cookies, addresses = collections
    page = new_context(storage_state=cookies, viewport={"width": size[0], "height": size[1]}).new_page()
    boxes = boxes_of(page, addresses["usual"])
    assert len(boxes) == len(USUAL)
    for box in boxes:
        assert box["width"] / box["height"] == pytest.approx(box["shape"], rel=0.012), box
    grid = page.locator(".grid").bounding_box()
    assert grid
    rows = [[box for box in boxes if box["top"] == top] for top in dict.fromkeys(box["top"] for box in boxes)]
    for row in rows[:-1]:
        assert row[-1]["right"] == pytest.approx(grid["x"] + grid["width"], abs=2)
        assert max(box["height"] for box in row) - min(box["height"] for box in row) < 2


def test_an_upright_picture_alone_in_its_row_is_not_enlarged_to_fill_it(
    new_context: Callable[..., BrowserContext], collections: tuple[object, dict[str, str]]
) -> None:
    cookies, addresses = collections
    page = new_context(storage_state=cookies, viewport={"width": 360, "height": 740}).new_page()
    upright, panorama = boxes_of(page, addresses["alone"])
    assert upright["top"] + upright["height"] < panorama["top"]
    assert upright["left"] == panorama["left"]
    assert upright["height"] == pytest.approx(360, abs=2)


@pytest.mark.parametrize("size", WINDOWS, ids=str)
def test_extreme_shapes_are_shown_whole_in_tiles_large_enough_to_touch(
    size: tuple[int, int], new_context: Callable[..., BrowserContext], collections: tuple[object, dict[str, str]]
) -> None:
    cookies, addresses = collections
    page = new_context(storage_state=cookies, viewport={"width": size[0], "height": size[1]}).new_page()
    boxes = boxes_of(page, addresses["extreme"])
    for box in boxes:
        assert box["width"] >= SMALLEST_PX
        assert box["height"] >= SMALLEST_PX
        assert box["height"] <= size[1] * 0.6
    fits = page.locator(".tile.extreme img").evaluate_all("all => all.map((each) => getComputedStyle(each).objectFit)")
    assert fits == ["contain"] * len(EXTREME)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_opening_and_closing_the_large_view_keeps_the_layout(
    new_context: Callable[..., BrowserContext], collections: tuple[object, dict[str, str]]
) -> None:
    cookies, addresses = collections
    page = new_context(storage_state=cookies, viewport={"width": 360, "height": 740}).new_page()
    before = boxes_of(page, addresses["usual"])
    page.locator(".tile a[data-large]").first.focus()
    page.keyboard.press("Enter")
    page.locator("[data-view] h1").wait_for(state="attached")
    page.keyboard.press("Escape")
    page.locator("[data-view]").wait_for(state="hidden")
    assert page.evaluate(BOXES) == before
