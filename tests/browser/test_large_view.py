"""The large view over a grid: opened, walked through, brought nearer, left; its address is the picture's own."""

import re
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, CDPSession, Locator, Page, expect

from .conftest import SampleSite

PHONE = {"width": 360, "height": 740}
DESKTOP = {"width": 1280, "height": 800}
RECTANGLE = "document.querySelector('[data-view-picture]').getBoundingClientRect()"


def tiles(page: Page) -> Locator:
    return page.locator(".tile a[data-large]")


def view(page: Page) -> Locator:
    return page.locator("[data-view]")


def picture(page: Page) -> Locator:
    return page.locator("[data-view-picture]")


def name_of(tile: Locator) -> str:
    return tile.locator("img").get_attribute("alt") or ""


def open_view(page: Page, place: int) -> None:
    tiles(page).nth(place).click()
    expect(view(page)).to_be_visible()


def expect_shown(page: Page, place: int) -> None:
    """The picture of that tile, its name, what is known of it, its address and its place, also for those who listen."""
    tile = tiles(page).nth(place)
    name = name_of(tile)
    expect(page).to_have_url(re.compile(f"{tile.get_attribute('href')}$"))
    expect(picture(page)).to_have_attribute("src", re.compile(f"{tile.get_attribute('data-large')}$"))
    expect(page.get_by_role("dialog", name=name)).to_be_visible()
    expect(view(page).get_by_role("heading", name=name)).to_be_visible()
    expect(view(page).get_by_role("status")).to_have_text(f"{name}, picture {place + 1} of 6")


def test_click_opens_a_picture_and_closing_returns_to_its_tile(sample_page: Page, sample_site: SampleSite) -> None:
    open_view(sample_page, 1)
    expect_shown(sample_page, 1)
    expect(sample_page).to_have_title(re.compile(re.escape(name_of(tiles(sample_page).nth(1)))))
    for name in ("Open page", "Find similar", "Download"):
        expect(view(sample_page).get_by_role("link", name=name)).to_be_visible()
    view(sample_page).get_by_role("button", name="Next picture").click()
    expect_shown(sample_page, 2)
    view(sample_page).get_by_role("button", name="Close").click()
    expect(view(sample_page)).to_be_hidden()
    expect(tiles(sample_page).nth(2)).to_be_focused()
    expect(sample_page).to_have_url(sample_site.collection)
    expect(sample_page).to_have_title("Scenes · imagesearch")


def test_keyboard_opens_navigates_and_closes_the_view(sample_page: Page, sample_site: SampleSite) -> None:
    sample_page.set_viewport_size({"width": 360, "height": 500})
    tiles(sample_page).first.focus()
    sample_page.keyboard.press("Enter")
    expect_shown(sample_page, 0)
    sample_page.keyboard.press("ArrowLeft")
    expect_shown(sample_page, 0)
    for place in range(1, 6):
        sample_page.keyboard.press("ArrowRight")
        expect_shown(sample_page, place)
    sample_page.keyboard.press("ArrowRight")
    expect_shown(sample_page, 5)
    sample_page.keyboard.press("Escape")
    expect(tiles(sample_page).nth(5)).to_be_focused()
    expect(sample_page).to_have_url(sample_site.collection)
    expect(tiles(sample_page).nth(5)).to_be_in_viewport(ratio=0.5)


def test_back_closes_forward_opens_and_reload_shows_the_page(sample_page: Page, sample_site: SampleSite) -> None:
    open_view(sample_page, 1)
    sample_page.keyboard.press("ArrowRight")
    expect_shown(sample_page, 2)
    sample_page.go_back()
    expect(view(sample_page)).to_be_hidden()
    expect(sample_page).to_have_url(sample_site.collection)
    expect(tiles(sample_page).nth(2)).to_be_focused()
    sample_page.go_forward()
    expect_shown(sample_page, 2)
    name = name_of(tiles(sample_page).nth(2))
    sample_page.reload()
    expect(sample_page.get_by_role("heading", level=1)).to_have_text(name)
    expect(view(sample_page)).to_be_hidden()
    sample_page.go_back()
    expect(tiles(sample_page)).to_have_count(6)
    expect(sample_page).to_have_url(sample_site.collection)


def test_picture_page_opens_and_back_returns_to_the_grid(sample_page: Page, sample_site: SampleSite) -> None:
    open_view(sample_page, 3)
    expect_shown(sample_page, 3)
    name = name_of(tiles(sample_page).nth(3))
    view(sample_page).get_by_role("link", name="Open page").click()
    expect(sample_page.get_by_role("heading", level=1)).to_have_text(name)
    sample_page.wait_for_load_state()  # its script brings the grid back, where the browser has only changed the address
    sample_page.go_back()
    expect(tiles(sample_page)).to_have_count(6)


def test_click_with_a_modifier_opens_the_picture_page(sample_page: Page) -> None:
    with sample_page.context.expect_page() as opened:
        tiles(sample_page).first.click(modifiers=["Control"])
    expect(opened.value.get_by_role("heading", level=1)).to_have_text(name_of(tiles(sample_page).first))
    expect(view(sample_page)).to_be_hidden()


def test_adjacent_pictures_are_preloaded(sample_page: Page) -> None:
    urls: list[str] = []
    sample_page.on("request", lambda request: urls.append(request.url))
    open_view(sample_page, 2)
    expect_shown(sample_page, 2)
    sample_page.wait_for_load_state("networkidle")
    for place in (1, 3):
        large = tiles(sample_page).nth(place).get_attribute("data-large") or "?"
        assert [address for address in urls if address.endswith(large)], place


def width_of(page: Page) -> float:
    return float(page.evaluate(f"({RECTANGLE}).width"))


def left_of(page: Page) -> float:
    return float(page.evaluate(f"({RECTANGLE}).left"))


def test_keys_wheel_and_double_click_zoom_in(sample_page: Page) -> None:
    open_view(sample_page, 0)
    expect_shown(sample_page, 0)
    whole = width_of(sample_page)
    sample_page.keyboard.press("+")
    assert width_of(sample_page) == pytest.approx(1.5 * whole, rel=0.01)
    expect(picture(sample_page)).to_have_attribute("src", re.compile(r"/images/\d+/file/$"))
    sample_page.keyboard.press("-")
    assert width_of(sample_page) == pytest.approx(whole, rel=0.01)
    picture(sample_page).dblclick()
    assert width_of(sample_page) == pytest.approx(2.5 * whole, rel=0.01)
    sample_page.keyboard.press("0")
    assert width_of(sample_page) == pytest.approx(whole, rel=0.01)
    picture(sample_page).hover()
    sample_page.mouse.wheel(0, -200)
    sample_page.wait_for_function(f"({RECTANGLE}).width > {1.2 * whole}")
    view(sample_page).get_by_role("button", name="Zoom out").click()
    view(sample_page).get_by_role("button", name="Zoom out").click()
    assert width_of(sample_page) == pytest.approx(whole, rel=0.01)


def test_zoomed_picture_is_panned_but_never_out_of_sight(sample_page: Page) -> None:
    open_view(sample_page, 1)
    expect_shown(sample_page, 1)
    picture(sample_page).dblclick()
    before = left_of(sample_page)
    sample_page.keyboard.press("ArrowRight")
    assert left_of(sample_page) == pytest.approx(before - 80, abs=1)
    sample_page.mouse.down()
    sample_page.mouse.move(*[each + 40 for each in middle_of(picture(sample_page))], steps=4)
    sample_page.mouse.up()
    moved = left_of(sample_page)
    assert moved != pytest.approx(before - 80, abs=1)
    for _ in range(30):
        sample_page.keyboard.press("ArrowRight")
    stage = sample_page.locator("[data-view-stage]").bounding_box()
    box = picture(sample_page).bounding_box()
    assert stage
    assert box
    assert box["x"] + box["width"] == pytest.approx(stage["x"] + stage["width"], abs=1)
    expect(view(sample_page).get_by_role("status")).to_have_text(re.compile("picture 2 of 6"))


def middle_of(locator: Locator) -> tuple[float, float]:
    box = locator.bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def touch(session: CDPSession, kind: str, *points: tuple[float, float]) -> None:
    places = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
    session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})


def swipe(page: Page, by: tuple[float, float]) -> None:
    session = page.context.new_cdp_session(page)
    x, y = middle_of(picture(page))
    touch(session, "touchStart", (x, y))
    for part in (0.25, 0.5, 0.75, 1):
        touch(session, "touchMove", (x + by[0] * part, y + by[1] * part))
    touch(session, "touchEnd")


def test_touch_gestures_navigate_zoom_and_close(
    new_context: Callable[..., BrowserContext], sample_site: SampleSite
) -> None:
    page = new_context(storage_state=sample_site.cookies, viewport=PHONE, has_touch=True, is_mobile=True).new_page()
    page.goto(sample_site.collection)
    tiles(page).nth(1).tap()
    expect(picture(page)).to_be_visible()
    swipe(page, (-120, 10))
    expect(view(page).get_by_role("status")).to_have_text(re.compile("picture 3 of 6"))
    swipe(page, (120, 10))
    expect(view(page).get_by_role("status")).to_have_text(re.compile("picture 2 of 6"))
    whole, session = width_of(page), page.context.new_cdp_session(page)
    x, y = middle_of(picture(page))
    touch(session, "touchStart", (x - 20, y), (x + 20, y))
    touch(session, "touchMove", (x - 40, y), (x + 40, y))
    touch(session, "touchEnd")
    assert width_of(page) == pytest.approx(2 * whole, rel=0.05)
    page.keyboard.press("0")
    swipe(page, (5, 160))
    expect(view(page)).to_be_hidden()
    expect(page).to_have_url(sample_site.collection)


def test_public_link_visitor_opens_the_large_view(
    new_context: Callable[..., BrowserContext], sample_page: Page, sample_site: SampleSite
) -> None:
    sample_page.goto(f"{sample_site.collection}sharing/")
    sample_page.get_by_text("New public link").click()
    sample_page.get_by_role("button", name="Create link").click()
    link = sample_page.get_by_label("Link", exact=True).input_value()
    visitor = new_context().new_page()
    visitor.goto(link)
    open_view(visitor, 0)
    expect(picture(visitor)).to_have_attribute("src", re.compile(r"/s/[^/]+/[^/]+/preview/$"))
    expect(visitor).to_have_url(re.compile(r"/s/[^/]+/[0-9a-f-]{36}/$"))
    expect(view(visitor).get_by_role("button", name="Details")).to_have_count(0)
    visitor.keyboard.press("ArrowRight")
    expect(view(visitor).get_by_role("status")).to_have_text(re.compile("picture 2 of 6"))
    visitor.keyboard.press("Escape")
    expect(visitor).to_have_url(link)
    sample_page.get_by_role("switch", name="Public link").click()
    expect(sample_page.get_by_text("Link revoked.")).to_be_visible()


def test_favourite_is_added_by_key_and_by_click_and_listed(sample_page: Page) -> None:
    open_view(sample_page, 1)
    name = name_of(tiles(sample_page).nth(1))
    heart = view(sample_page).get_by_role("button", name="Favourite")
    expect(heart).to_have_attribute("aria-pressed", "false")
    sample_page.keyboard.press("f")
    expect(heart).to_have_attribute("aria-pressed", "true")
    sample_page.goto("/favourites/")
    expect(tiles(sample_page)).to_have_count(1)
    open_view(sample_page, 0)
    expect(sample_page.get_by_role("dialog", name=name)).to_be_visible()
    heart.dblclick()
    sample_page.keyboard.press("ArrowRight")
    expect(heart).to_have_attribute("aria-pressed", "false")
    sample_page.goto("/favourites/")
    expect(sample_page.get_by_text("No favourites yet")).to_be_visible()


def test_button_of_the_view_works_as_soon_as_it_is_there(sample_page: Page) -> None:
    sample_page.evaluate(
        """const press = () => document.querySelector("[data-view-tools] [data-key=f]").click();
        document.querySelector("[data-view-loaded]").addEventListener(
            "htmx:afterSwap", () => queueMicrotask(press), { once: true })"""
    )
    open_view(sample_page, 1)
    heart = view(sample_page).get_by_role("button", name="Favourite")
    expect(heart).to_have_attribute("aria-pressed", "true")
    sample_page.keyboard.press("f")
    expect(heart).to_have_attribute("aria-pressed", "false")


def test_title_is_edited_in_place_and_escape_leaves_the_form_first(sample_page: Page) -> None:
    open_view(sample_page, 2)
    expect_shown(sample_page, 2)
    name, panel = name_of(tiles(sample_page).nth(2)), view(sample_page).get_by_role("region", name="Details")
    panel.get_by_text("Edit", exact=True).click()
    day, time = panel.get_by_label("Date taken"), panel.get_by_label("Time taken")
    taken_on, taken_at = day.input_value(), time.input_value()
    day.fill("")
    time.fill("10:30:00")
    panel.get_by_role("button", name="Save").click()
    expect(panel.get_by_text("Enter a date too, or clear the time.")).to_be_visible()
    expect(time).to_have_value("10:30:00")
    day.fill(taken_on)
    time.fill(taken_at)
    panel.get_by_label("Title").fill("A changed name")
    panel.get_by_label("Description").fill("Seen from above")
    panel.get_by_role("button", name="Save").click()
    expect(panel.get_by_role("heading", name="A changed name")).to_be_visible()
    expect(panel.locator(".description")).to_have_text("Seen from above")
    expect_shown(sample_page, 2)
    panel.get_by_text("Edit", exact=True).click()
    panel.get_by_label("Title").fill("")
    panel.get_by_label("Description").fill("")
    sample_page.keyboard.press("Escape")
    expect(view(sample_page)).to_be_visible()
    expect(panel.get_by_label("Title")).to_be_hidden()
    panel.get_by_text("Edit", exact=True).click()
    panel.get_by_role("button", name="Save").click()
    expect(panel.get_by_role("heading", name=name)).to_be_visible()
    sample_page.keyboard.press("Escape")
    expect(view(sample_page)).to_be_hidden()


def test_numbering_agrees_with_the_page(sample_page: Page) -> None:
    sample_page.evaluate("document.querySelector('[data-selection]').dataset.total = '120'")
    open_view(sample_page, 3)
    position = view(sample_page).locator("p[data-view-position]")
    expect(position).to_have_text("4 / 120")
    grid = "document.querySelector('[data-selection]').dataset"
    for key, value, text in [("likely", "5", "5 of 5 likely"), ("first", "3", "3 of 115 possible")]:
        sample_page.evaluate(f"{grid}.{key} = '{value}'")
        sample_page.keyboard.press("ArrowRight")
        expect(position).to_have_text(text)
    expect(view(sample_page).get_by_role("status")).to_have_text(re.compile("3 of 115 possible$"))
    sample_page.evaluate(f"delete {grid}.first")
    sample_page.keyboard.press("ArrowLeft")
    expect(position).to_have_text("")


def test_thumbnails_at_the_bottom_lead_to_pictures_without_further_requests(sample_page: Page) -> None:
    sample_page.wait_for_load_state("networkidle")
    urls: list[str] = []
    sample_page.on("request", lambda request: urls.append(request.url))
    open_view(sample_page, 1)
    expect_shown(sample_page, 1)
    strip = view(sample_page).get_by_role("navigation", name="Pictures on this page").get_by_role("button")
    expect(strip).to_have_count(6)
    expect(strip.nth(1)).to_have_attribute("aria-current", "true")
    strip.nth(4).click()
    expect_shown(sample_page, 4)
    expect(strip.nth(4)).to_be_focused()
    assert [url for url in urls if url.endswith("/thumbnail/")] == []


def test_picture_is_moved_to_trash_from_the_view_and_returns(sample_page: Page) -> None:
    open_view(sample_page, 2)
    position = view(sample_page).locator("p[data-view-position]")
    view(sample_page).get_by_role("button", name="Move to trash").click()
    expect(position).to_have_text("3 / 5")
    expect(tiles(sample_page)).to_have_count(5)
    sample_page.get_by_role("button", name="Undo").click()
    expect(position).to_have_text("4 / 6")
    expect_shown(sample_page, 3)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_large_view_and_shortcut_list_are_accessible(
    theme: str, size: dict[str, int], new_context: Callable[..., BrowserContext], sample_site: SampleSite
) -> None:
    options = {"color_scheme": theme, "viewport": size, "reduced_motion": "reduce"}
    page = new_context(storage_state=sample_site.cookies, **options).new_page()
    page.goto("/search/?q=a+white+puppy")
    open_view(page, 1)
    if size is PHONE:
        assert faults(page) == []
        page.keyboard.press("i")
    expect(view(page).get_by_role("heading")).to_be_visible()
    expect(view(page).get_by_text("Similarity 0.")).to_be_visible()
    expect(view(page).get_by_role("button", name="Favourite")).to_be_visible()
    assert faults(page) == []
    view(page).get_by_text("Edit", exact=True).click()
    assert faults(page) == []
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    assert faults(page) == []


def faults(page: Page) -> list[str]:
    found = [f"{each['id']}: {each['nodes'][0]['html'][:200]}" for each in Axe().run(page).response["violations"]]
    if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
        found.append("is wider than the window")
    return found
