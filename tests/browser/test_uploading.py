"""Uploading when something goes wrong: unreadable entries, a lost session; and ZIP files, which the worker unpacks."""

import re
import zipfile
from pathlib import Path

from playwright.sync_api import Page, expect

from .actions import PASSWORD, choose_files, create_collection, expect_uploaded, wait_for_uploader

# A folder as a browser reports it: a good picture, a file and a folder that cannot be read, and other files.
_DROP_FOLDER = """async () => {
    const canvas = document.createElement("canvas");
    const blob = await new Promise((resolve) => canvas.toBlob(resolve));
    const fail = (_, reject) => reject(new DOMException("no", "NotReadableError"));
    const file = (name, read) => ({ isFile: true, fullPath: `/trip/${name}`, file: read });
    const good = (name) => file(name, (resolve) => resolve(new File([blob], name)));
    const folder = (fullPath, list) => ({ isFile: false, fullPath, createReader: () => ({ readEntries: list }) });
    const batches = [
        [file("broken.jpg", fail), folder("/trip/locked", fail)],
        [good("good.png"), good("notes.txt"), good(".DS_Store")],
        [],
    ];
    const entry = folder("/trip", (resolve) => resolve(batches.shift()));
    const event = new Event("drop", { bubbles: true, cancelable: true });
    event.dataTransfer = { items: [{ kind: "file", webkitGetAsEntry: () => entry }], files: [] };
    document.dispatchEvent(event);
}"""


def test_entries_of_a_dropped_folder_that_cannot_be_read_are_named(page: Page) -> None:
    create_collection(page, "Trip")
    wait_for_uploader(page)
    page.evaluate(_DROP_FOLDER)
    expect_uploaded(page, "1 of 3 done, 2 failed")
    failed = page.locator(".file-failed")
    expect(failed).to_have_count(2)
    expect(failed.first).to_contain_text("trip/broken.jpg")
    expect(failed.last).to_contain_text("trip/locked")
    expect(failed.first).to_contain_text("can't be read")
    expect(page.get_by_text("Skipped files that aren't pictures: 1 (notes.txt).")).to_be_visible()
    expect(page.get_by_text("Skipped system files: 1.")).to_be_visible()


def test_zip_file_is_unpacked_while_the_page_shows_its_progress(page: Page, scenes: list[Path], tmp_path: Path) -> None:
    path = tmp_path / "holiday.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for scene in scenes[:3]:
            archive.write(scene, scene.name)
        archive.writestr("notes.txt", "no picture")
    create_collection(page, "Unpacked")
    choose_files(page, [path])
    report = page.get_by_role("link", name="3 added, 0 already uploaded, 1 failed")
    expect(report).to_be_visible()
    expect(page.locator("[data-list]")).to_contain_text("notes.txt")
    expect_uploaded(page, "1 of 1 done")
    report.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("holiday.zip")
    expect(page.locator(".file-picture img")).to_have_count(3)
    page.get_by_role("link", name="View pictures").click()
    expect(page.locator("[data-image-id]")).to_have_count(3)


def test_upload_continues_after_signing_in_again(page: Page, scenes: list[Path]) -> None:
    email = sign_in_address(page)
    create_collection(page, "Kept")
    wait_for_uploader(page)
    page.context.clear_cookies(name="sessionid")
    choose_files(page, scenes[:4])
    expect(page.get_by_text("You are signed out.", exact=False).first).to_be_visible()
    expect(page.locator(".file-failed")).to_have_count(0)
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Sign in again").click()
    other = opened.value
    other.get_by_label("Email").fill(email)
    other.get_by_label("Password").fill(PASSWORD)
    other.get_by_role("button", name="Sign in", exact=True).click()
    other.wait_for_url(re.compile("/upload/"))
    other.close()
    page.get_by_role("button", name="Continue uploading").click()
    expect_uploaded(page, "4 of 4 done")


def sign_in_address(page: Page) -> str:
    page.goto("/account/")
    return str(re.findall(r"person\d+@example\.com", page.locator("main").inner_text())[0])
