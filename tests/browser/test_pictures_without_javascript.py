"""Without scripts: what is done to collections and pictures, one by one and many at once."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from .actions import reload_until_listed, upload_without_javascript, wait_for_index_without_javascript


def choose(page: Page, *names: str) -> None:
    for name in names:
        page.get_by_label(f"Select {name}").check()


def open_more(page: Page) -> None:
    page.locator(".bulk-actions").get_by_role("button", name="More").click()


def select_all(page: Page, count: int) -> None:
    page.locator('.tile input[type="checkbox"]').first.check()
    open_more(page)
    page.get_by_label(f"Select all {count}").check()


def select_from_menu(page: Page, name: str) -> None:
    page.locator("main summary", has_text="More").click()
    page.locator("main .menu-links").get_by_role("link", name=name).click()


def start_collection(page: Page, name: str) -> str:
    page.goto("/collections/new/")
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    return page.url


@pytest.mark.sends("collection_create", "collection_rename", "collection_delete")
def test_a_collection_is_made_renamed_and_deleted(open_without_javascript: Callable[[], Page]) -> None:
    page = open_without_javascript()
    page.get_by_label("Name of your first collection").fill("First")
    page.get_by_role("button", name="Create collection").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("First")
    select_from_menu(page, "Edit title and description")
    page.get_by_label("Name").fill("Second")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Second")
    select_from_menu(page, "Move collection to trash")
    page.get_by_role("button", name="Move to trash").click()
    expect(page.get_by_text("“Second” and its pictures moved to trash.")).to_be_visible()


@pytest.mark.sends("collection_upload", "image_edit", "image_delete")
def test_a_picture_is_added_edited_and_deleted(open_without_javascript: Callable[[], Page], scenes: list[Path]) -> None:
    page = open_without_javascript()
    start_collection(page, "Pets")
    page.get_by_label("Pictures", exact=True).set_input_files(scenes[:1])
    page.get_by_role("button", name="Upload").click()
    page.get_by_role("link", name=scenes[0].name).click()
    page.get_by_text("Edit", exact=True).click()
    page.get_by_label("Title").fill("Snowy")
    page.get_by_label("Tags").fill("dog, white")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Snowy")
    expect(page.get_by_label("Tags").get_by_role("link")).to_have_text(["dog", "white"])
    page.get_by_role("button", name="Move to trash").click()
    expect(page.get_by_text("“Snowy” moved to trash.")).to_be_visible()


@pytest.mark.sends("selection_trash", "selection_move", "selection_tag", "selection_download", "selection_undo")
def test_selected_pictures_are_tagged_moved_deleted_and_downloaded(
    open_without_javascript: Callable[[], Page], scenes: list[Path]
) -> None:
    page = open_without_javascript()
    start_collection(page, "Attic")
    address = upload_without_javascript(page, scenes[:3])
    tiles = page.locator("[data-image-id]")

    choose(page, scenes[0].name, scenes[1].name)
    page.get_by_role("button", name="Tag", exact=True).click()
    page.get_by_label("Tags, separated by commas").fill("old")
    page.get_by_role("button", name="Add tags", exact=True).click()
    expect(page.get_by_text("2 pictures tagged.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Tags removed from 2 pictures.")).to_be_visible()
    assert page.url == address
    choose(page, scenes[0].name)
    page.get_by_role("button", name="Move to …").click()
    page.get_by_role("button", name="Attic").click()
    expect(page.get_by_text("1 picture moved to “Attic”.")).to_be_visible()
    expect(tiles).to_have_count(2)

    select_all(page, 2)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert download.value.suggested_filename == "pictures.zip"
    page.get_by_role("button", name="Move to trash").click()
    expect(page.get_by_text("2 pictures moved to trash.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    page.goto(address)
    expect(tiles).to_have_count(2)


@pytest.mark.sends("image_favourite", "selection_favourite")
def test_pictures_become_favourites_and_one_is_removed(
    open_without_javascript: Callable[[], Page], scenes: list[Path]
) -> None:
    page = open_without_javascript()
    upload_without_javascript(page, scenes[:3])
    tiles = page.locator("[data-image-id]")
    choose(page, scenes[0].name, scenes[1].name)
    page.get_by_role("button", name="Favourite", exact=True).click()
    expect(page.get_by_text("2 pictures added to favourites.")).to_be_visible()
    page.goto("/favourites/")
    expect(tiles).to_have_count(2)

    page.get_by_role("link", name=scenes[0].name).click()
    heart = page.get_by_role("button", name="Favourite", exact=True)
    expect(heart).to_have_attribute("aria-pressed", "true")
    heart.click()
    expect(heart).to_have_attribute("aria-pressed", "false")
    page.goto("/favourites/")
    expect(tiles).to_have_count(1)
    expect(page.get_by_role("link", name=scenes[1].name)).to_be_visible()


@pytest.mark.sends("selection_date", "selection_shift", "image_edit")
def test_dates_of_pictures_are_set_shifted_and_edited(
    open_without_javascript: Callable[[], Page], scenes: list[Path]
) -> None:
    page = open_without_javascript()
    address = upload_without_javascript(page, scenes[:2])
    choose(page, scenes[0].name, scenes[1].name)
    open_more(page)
    page.get_by_text("Change date").click()
    page.get_by_label("Date taken").fill("1985-07-01")
    page.get_by_label("Time taken").fill("23:30:00")
    page.get_by_role("button", name="Set date").click()
    expect(page.get_by_text("Dates of 2 pictures changed.")).to_be_visible()

    page.goto(address)
    choose(page, scenes[0].name)
    open_more(page)
    page.get_by_text("Change date").click()
    page.get_by_label("Hours").fill("1")
    page.get_by_role("button", name="Shift dates").click()
    expect(page.get_by_text("Date of 1 picture changed.")).to_be_visible()
    page.get_by_role("link", name=scenes[0].name).click()
    expect(page.get_by_text("2 July 1985, 00:30")).to_be_visible()

    page.get_by_text("Edit", exact=True).click()
    page.get_by_label("Time taken").fill("")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("2 July 1985", exact=True)).to_be_visible()


@pytest.mark.sends("trash_restore", "trash_purge")
def test_picture_is_restored_and_the_trash_is_emptied(
    open_without_javascript: Callable[[], Page], scenes: list[Path]
) -> None:
    page = open_without_javascript()
    upload_without_javascript(page, scenes[:2])
    select_all(page, 2)
    page.get_by_role("button", name="Move to trash").click()
    page.goto("/trash/")
    page.get_by_label(scenes[0].name).check()
    page.get_by_role("button", name="Restore").click()
    expect(page.get_by_text("1 picture restored.")).to_be_visible()
    page.get_by_label(scenes[1].name).check()
    page.get_by_role("button", name="Delete permanently").click()
    page.locator("#purge-menu").get_by_role("button", name="Delete permanently").click()
    expect(page.get_by_text("1 picture deleted permanently.")).to_be_visible()
    expect(page.get_by_role("heading", name="Trash is empty")).to_be_visible()


@pytest.mark.sends("duplicates_trash", "duplicates_different", "selection_undo")
def test_duplicates_are_trashed_or_dismissed(
    open_without_javascript: Callable[[], Page], scenes: list[Path], tmp_path: Path
) -> None:
    page, small = open_without_javascript(), tmp_path / "small.jpg"
    with Image.open(scenes[0]) as picture:
        picture.resize((picture.width // 2, picture.height // 2)).save(small)
    upload_without_javascript(page, [scenes[0], small])
    wait_for_index_without_javascript(page)
    page.goto("/account/")
    page.locator("main").get_by_role("link", name="Duplicates").click()
    reload_until_listed(page, ".duplicate", 2)
    page.get_by_role("button", name="Move selected to trash").click()
    expect(page.get_by_text("1 picture moved to trash.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("1 picture restored.")).to_be_visible()
    reload_until_listed(page, ".duplicate", 2)
    page.get_by_role("button", name="Not duplicates").click()
    expect(page.get_by_text("No duplicates")).to_be_visible()
