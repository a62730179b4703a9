"""What pages do when the session has ended, the site cannot be reached, or scripts are not loaded."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from .actions import choose_files, create_collection, expect_uploaded
from .conftest import sign_up
from .shifts import sum_shifts, watch_shifts
from .test_appearance import delay_response


@pytest.fixture
def grid(page: Page, scenes: list[Path]) -> Page:
    """The collection of somebody who has just signed up, with six pictures."""
    create_collection(page, "Scenes")
    choose_files(page, scenes)
    expect_uploaded(page, "6 of 6 done")
    page.reload()
    return page


@pytest.fixture
def signed_out(grid: Page) -> Page:
    """The same page, after its session has ended elsewhere."""
    grid.context.clear_cookies(name="sessionid")
    return grid


def toast(page: Page, text: str) -> Locator:
    return page.locator(".toast").filter(has_text=text)


def open_picture(page: Page, number: int) -> None:
    page.locator(".tile a[data-large]").nth(number).click()
    page.locator("[data-view] [data-trash-picture]").wait_for()


def test_heart_stays_when_the_session_has_ended(grid: Page) -> None:
    open_picture(grid, 0)
    heart = grid.locator("[data-view] [data-key='f']")
    expect(heart).to_be_visible()
    grid.context.clear_cookies(name="sessionid")
    heart.click()
    expect(toast(grid, "You are signed out.")).to_be_visible()
    expect(heart).to_be_visible()


def test_form_keeps_what_was_entered_when_the_session_has_ended(grid: Page) -> None:
    open_picture(grid, 0)
    grid.locator("[data-view] [data-edit-picture] summary").click()
    field = grid.locator("[data-view] [data-edit-picture] input[name=title]")
    field.fill("A long story")
    grid.context.clear_cookies(name="sessionid")
    field.press("Enter")
    expect(toast(grid, "You are signed out.")).to_be_visible()
    expect(field).to_have_value("A long story")


def test_bulk_action_says_that_the_session_has_ended(signed_out: Page) -> None:
    signed_out.locator(".tile input").first.check()
    signed_out.get_by_role("button", name="Move to trash").click()
    expect(toast(signed_out, "You are signed out.")).to_be_visible()
    expect(signed_out.locator(".tile")).to_have_count(6)


def test_failed_request_of_a_button_is_not_silent(grid: Page) -> None:
    open_picture(grid, 0)
    grid.route(re.compile("/favourite/$"), lambda route: route.fulfill(status=500, body="broken"))
    grid.locator("[data-view] [data-key='f']").click()
    expect(toast(grid, "Something went wrong.")).to_be_visible()
    grid.route(re.compile("/favourite/$"), lambda route: route.abort())
    grid.locator("[data-view] [data-key='f']").click()
    expect(toast(grid, "The site can't be reached.")).to_be_visible()


def test_undo_that_does_not_reach_the_site_can_be_repeated(grid: Page) -> None:
    grid.locator(".tile input").first.check()
    grid.get_by_role("button", name="Move to trash").click()
    expect(grid.locator(".tile")).to_have_count(5)
    grid.route(re.compile("/pictures/undo/$"), lambda route: route.abort())
    toast(grid, "moved to trash").get_by_role("button", name="Undo").click()
    failed = toast(grid, "The site can't be reached.")
    grid.unroute(re.compile("/pictures/undo/$"))
    failed.get_by_role("button", name="Undo").click()
    expect(grid.locator(".tile")).to_have_count(6)


def test_answer_that_is_cut_off_leaves_the_bar_usable(grid: Page) -> None:
    cut: Any = {"status": 200, "content_type": "application/json", "body": '{"messages": ['}
    grid.route(re.compile("/pictures/trash/$"), lambda route: route.fulfill(**cut))
    grid.locator(".tile input").first.check()
    grid.get_by_role("button", name="Move to trash").click()
    expect(toast(grid, "Something went wrong.")).to_be_visible()
    grid.unroute(re.compile("/pictures/trash/$"))
    grid.get_by_role("button", name="Move to trash").click()
    expect(grid.locator(".tile")).to_have_count(5)


def test_double_click_in_the_large_view_trashes_one_picture(grid: Page) -> None:
    open_picture(grid, 2)
    grid.locator("[data-view] [data-trash-picture] button").dblclick()
    expect(toast(grid, "moved to trash")).to_be_visible()
    grid.wait_for_timeout(800)
    expect(grid.locator(".tile")).to_have_count(5)


@pytest.mark.parametrize("reduced_motion", ["no-preference", "reduce"])
def test_plain_form_appears_if_the_scripts_are_not_loaded(
    reduced_motion: str, new_context: Callable[..., BrowserContext], scenes: list[Path]
) -> None:
    context = new_context(reduced_motion=reduced_motion)
    page = sign_up(context.new_page())
    context.route(re.compile(r"/upload-tray\.\w*\.?js"), lambda route: route.abort())
    create_collection(page, "Plain")
    files = page.locator("#plain-files")
    expect(files).to_be_visible()  # a few seconds later
    files.set_input_files(scenes[:1])
    page.get_by_role("button", name="Upload", exact=True).click()
    expect(page.locator(".tile, .files")).not_to_have_count(0)


@pytest.mark.parametrize("page_name", ["delete", "edit"])
def test_page_of_a_picture_does_not_shift(page_name: str, grid: Page) -> None:
    grid.set_viewport_size({"width": 360, "height": 740})
    grid.context.add_cookies([{"name": "language", "value": "ru", "url": grid.url}])
    address = grid.locator(".tile a[data-large]").first.get_attribute("href")
    grid.route(re.compile("/thumbnail/$"), delay_response)
    watch_shifts(grid)
    grid.goto(f"{address}{page_name}/")
    grid.wait_for_function("() => [...document.images].every((image) => image.complete)")
    assert sum_shifts(grid) == 0
