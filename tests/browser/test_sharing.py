"""Two people side by side: invited, accepted, shared with, found, revoked."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, expect

from .actions import (
    INDEXED_MS,
    choose_files,
    create_collection,
    expect_found,
    expect_uploaded,
    open_picture,
    search,
    search_again,
    wait_for_index,
)
from .conftest import sign_up


def sign_up_two_people(new_context: Callable[..., BrowserContext]) -> tuple[Page, Page, str]:
    """Return both windows, and the second person's address."""
    first, second = sign_up(new_context().new_page()), sign_up(new_context().new_page())
    second.goto("/account/")
    return first, second, second.locator(".panel h2").first.inner_text()


def create_pet_collection(page: Page, scenes: list[Path]) -> str:
    create_collection(page, "Pets")
    choose_files(page, scenes[:2])
    expect_uploaded(page, "2 of 2 done")
    wait_for_index(page)
    page.get_by_role("link", name="View pictures").click()
    return page.url


def test_team_mate_is_invited_finds_the_pictures_and_is_removed(
    new_context: Callable[..., BrowserContext], scenes: list[Path]
) -> None:
    first, second, email = sign_up_two_people(new_context)
    first.goto("/teams/")
    first.get_by_label("Name").fill("Gardeners")
    first.get_by_role("button", name="Create").click()
    team = first.url
    first.get_by_label("Email").fill(email)
    first.get_by_role("button", name="Invite").click()
    invitation = first.get_by_label("Link").input_value()
    first.goto("/collections/new/")
    first.get_by_label("Name").fill("Garden")
    first.get_by_label("Visible to").select_option(label="Gardeners")
    first.get_by_role("button", name="Create").click()
    choose_files(first, scenes[:2])
    expect_uploaded(first, "2 of 2 done")
    wait_for_index(first)

    second.goto(invitation)
    second.get_by_role("button", name="Accept").click()
    expect(second.get_by_role("heading", level=1)).to_have_text("Gardeners")
    search(second, "a white dog")
    expect_found(second, 2)

    first.goto(team)
    first.get_by_role("button", name=f"Remove {email}").click()
    search_again(second)
    expect(second.get_by_role("heading", name="No pictures are ready for search yet.")).to_be_visible()
    expect(second.locator("[data-score]")).to_have_count(0)
    assert second.goto(team).status == 404  # type: ignore[union-attr]


def test_shared_collection_is_seen_searched_and_revoked(
    new_context: Callable[..., BrowserContext], scenes: list[Path]
) -> None:
    first, second, email = sign_up_two_people(new_context)
    address = create_pet_collection(first, scenes)
    first.get_by_role("link", name="Share", exact=True).click()
    first.get_by_label("Email").fill(email)
    first.get_by_role("button", name="Share").first.click()
    second.goto(first.get_by_label("Invitation link").input_value())
    second.get_by_role("button", name="Accept").click()
    expect(second.get_by_role("heading", level=1)).to_have_text("Pets")
    second.goto("/shared/")
    expect(second.get_by_role("heading", name="Shared with me")).to_be_visible()
    expect(second.get_by_role("heading", name="Pets")).to_be_visible()
    search(second, "a white dog")
    expect_found(second, 2)

    first.goto(f"{address}sharing/")
    first.get_by_role("button", name=f"Revoke {email}").click()
    search_again(second)
    expect(second.get_by_role("heading", name="No pictures are ready for search yet.")).to_be_visible()
    expect(second.locator("[data-score]")).to_have_count(0)
    assert second.goto(address).status == 404  # type: ignore[union-attr]


def test_visitor_opens_a_public_link_and_searches_there(
    new_context: Callable[..., BrowserContext], page: Page, scenes: list[Path]
) -> None:
    create_pet_collection(page, scenes)
    page.get_by_role("link", name="Share", exact=True).click()
    page.get_by_text("New public link").click()
    page.get_by_label("Password").fill("tulips in spring")
    page.get_by_role("button", name="Create link").click()
    link = page.get_by_label("Link", exact=True).input_value()

    visitor = new_context().new_page()
    visitor.goto(link)
    visitor.get_by_label("Password").fill("tulips in spring")
    visitor.get_by_role("button", name="Open").click()
    expect(visitor.locator("[data-public-id]")).to_have_count(2)
    visitor.get_by_label("Describe a picture").fill("a white dog")
    visitor.keyboard.press("Enter")
    visitor.get_by_text("Results for “a white dog”, best match first").wait_for(timeout=INDEXED_MS)
    expect(visitor.locator("[data-public-id]")).to_have_count(2)
    visitor.locator("[data-public-id] a").first.click()
    expect(visitor.locator("[data-view-picture]")).to_be_visible()
    visitor.reload()
    expect(visitor.locator(".stage img")).to_be_visible()

    visitor.get_by_role("button", name="Русский").click()
    expect(visitor.locator("html")).to_have_attribute("lang", "ru")

    page.get_by_role("switch", name="Public link").click()
    expect(page.get_by_text("Link revoked.")).to_be_visible()
    assert visitor.reload().status == 404  # type: ignore[union-attr]


def test_a_deleted_picture_is_restored_from_the_trash(page: Page, scenes: list[Path]) -> None:
    address = create_pet_collection(page, scenes)
    open_picture(page, scenes[0].name)
    page.get_by_role("button", name="Move to trash").click()
    expect(page.locator("[data-image-id]")).to_have_count(1)

    page.goto("/trash/")
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Restore").click()
    expect(page.get_by_text("1 picture restored.")).to_be_visible()
    page.goto(address)
    expect(page.locator("[data-image-id]")).to_have_count(2)


def test_shift_and_keyboard_select_many_and_tagging_is_undone(page: Page, scenes: list[Path]) -> None:
    create_collection(page, "Many")
    choose_files(page, scenes[:4])
    expect_uploaded(page, "4 of 4 done")
    page.get_by_role("link", name="View pictures").click()
    boxes = page.locator(".tile-select input")
    boxes.nth(0).check()
    boxes.nth(2).click(modifiers=["Shift"])
    expect(page.locator("[data-selection-count]")).to_have_text("3 selected")
    page.keyboard.press("Escape")
    expect(page.locator("[data-selection-count]")).to_have_text("Select pictures")
    page.keyboard.press("Control+a")
    expect(page.locator("[data-selection-count]")).to_have_text("4 selected")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert download.value.suggested_filename == "pictures.zip"

    page.get_by_role("button", name="Move to trash").click()
    expect(page.locator("[data-image-id]")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("4 pictures restored.")).to_be_visible()
