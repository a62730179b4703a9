"""The way of a newcomer: sign up, put pictures in, find them, change and delete them."""

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from .actions import (
    choose_files,
    create_collection,
    drop_files,
    expect_found,
    expect_uploaded,
    open_picture,
    search,
    wait_for_index,
    wait_for_uploader,
)


def test_pictures_from_the_file_dialog_are_found_by_description(page: Page, scenes: list[Path]) -> None:
    page.get_by_label("Name of your first collection").fill("Animals")
    page.get_by_role("button", name="Create collection").click()
    choose_files(page, scenes)
    expect_uploaded(page, "6 of 6 done")
    wait_for_index(page)
    page.get_by_role("link", name="View pictures").click()
    expect(page.locator("[data-image-id]")).to_have_count(6)

    search(page, "a white dog")
    expect_found(page, 6)
    results = page.locator("[data-image-id][data-score]")
    for place in (0, 1):
        expect(results.nth(place).get_by_role("img")).to_have_attribute("alt", re.compile("white-dog"))


def test_dropped_pictures_are_uploaded_and_known_ones_are_linked(page: Page, scenes: list[Path]) -> None:
    create_collection(page, "Dropped")
    drop_files(page, scenes[:2])
    expect_uploaded(page, "2 of 2 done")
    drop_files(page, scenes[1:3])
    expect_uploaded(page, "4 of 4 done, 1 already uploaded")
    page.get_by_role("link", name=re.compile("^Already uploaded")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(scenes[1].name)


def test_folder_is_uploaded_and_other_files_are_reported(page: Page, scenes: list[Path], tmp_path: Path) -> None:
    inner = tmp_path / "holiday" / "day 1"
    inner.mkdir(parents=True)
    for scene in scenes[:2]:
        (inner / scene.name).write_bytes(scene.read_bytes())
    (tmp_path / "holiday" / "Thumbs.db").write_bytes(b"no picture")
    create_collection(page, "Folder")
    wait_for_uploader(page)
    page.locator("[data-folder]").set_input_files(tmp_path / "holiday")
    expect_uploaded(page, "2 of 2 done")
    expect(page.get_by_text("Skipped system files: 1.")).to_be_visible()


def test_upload_page_creates_a_collection(page: Page, scenes: list[Path]) -> None:
    page.goto("/upload/")
    page.get_by_label("Name of the new collection").fill("Fresh")
    choose_files(page, scenes[:3])
    expect_uploaded(page, "3 of 3 done")
    page.get_by_role("link", name="View pictures").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Fresh")
    expect(page.locator("[data-image-id]")).to_have_count(3)


def test_broken_connection_is_reported_and_the_upload_is_retried(page: Page, scenes: list[Path]) -> None:
    create_collection(page, "Shaky")
    address = "**/collections/*/upload/"
    page.route(address, lambda route: route.abort())
    choose_files(page, scenes[:2])
    expect_uploaded(page, "0 of 2 done, 2 failed")
    expect(page.locator(".file-failed").first).to_contain_text("Connection lost.")
    page.unroute(address)
    page.get_by_role("button", name=f"Retry {scenes[0].name}").click()
    expect_uploaded(page, "1 of 2 done, 1 failed")
    page.get_by_role("button", name=f"Retry {scenes[1].name}").click()
    expect_uploaded(page, "2 of 2 done")


def test_oversized_file_is_refused_and_the_others_continue(page: Page, scenes: list[Path], tmp_path: Path) -> None:
    large = tmp_path / "large.jpg"
    large.write_bytes(scenes[0].read_bytes().ljust(2 * 2**20, b"\0"))
    create_collection(page, "Large")
    choose_files(page, [large, scenes[1]])
    expect_uploaded(page, "1 of 2 done, 1 failed")
    expect(page.locator(".file-failed")).to_contain_text("The limit is 1 MB")


def test_signed_out_person_is_told_to_sign_in(page: Page, scenes: list[Path]) -> None:
    create_collection(page, "Out")
    page.context.clear_cookies(name="sessionid")
    choose_files(page, scenes[:1])
    expect(page.get_by_role("alert")).to_contain_text("You are signed out.")
    expect(page.get_by_role("link", name="Sign in again")).to_be_visible()


def test_leaving_during_an_upload_shows_a_warning(page: Page, scenes: list[Path]) -> None:
    create_collection(page, "Leaving")
    page.route("**/collections/*/upload/", lambda route: None)
    page.get_by_role("heading", level=1).click()  # a browser asks only where somebody has touched the page
    choose_files(page, scenes[:1])
    expect_uploaded(page, "0 of 1 done")
    with page.expect_event("dialog") as opened:
        page.close(run_before_unload=True)
    assert opened.value.type == "beforeunload"
    opened.value.accept()


def test_picture_is_opened_compared_edited_and_deleted(page: Page, scenes: list[Path]) -> None:
    create_collection(page, "Pets")
    choose_files(page, scenes[:3])
    expect_uploaded(page, "3 of 3 done")
    wait_for_index(page)
    page.get_by_role("link", name="View pictures").click()
    open_picture(page, scenes[0].name)
    page.get_by_role("heading", name="Similar pictures").scroll_into_view_if_needed()
    expect(page.locator("[data-score]")).to_have_count(2)

    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Title").fill("Snowy")
    page.get_by_label("Tags").fill("dog, white")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Snowy")
    expect(page.get_by_label("Tags").get_by_role("link")).to_have_text(["dog", "white"])

    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == scenes[0].name

    page.get_by_role("button", name="Move to trash").click()
    expect(page.get_by_text("“Snowy” moved to trash.")).to_be_visible()
    expect(page.locator("[data-image-id]")).to_have_count(2)


def test_arrow_keys_navigate_the_collection(page: Page, scenes: list[Path]) -> None:
    create_collection(page, "Row")
    choose_files(page, scenes[:1])
    expect_uploaded(page, "1 of 1 done")
    choose_files(page, scenes[1:2])
    expect_uploaded(page, "2 of 2 done")
    page.get_by_role("link", name="View pictures").click()
    open_picture(page, scenes[1].name)
    page.wait_for_load_state()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("heading", level=1)).to_have_text(scenes[0].name)
    page.wait_for_load_state()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("heading", level=1)).to_have_text(scenes[1].name)
