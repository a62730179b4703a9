"""What a person does again and again."""

import base64
import time
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Page, expect

INDEXED_MS = 90_000
PASSWORD = "kettle-orchard-42"
_NOTHING_WAITS = """async () => {
    const chip = await fetch("/indexing/status/", { headers: { "HX-Request": "true" } });
    return chip.ok && !(await chip.text()).includes("Preparing");
}"""


def confirm_access(page: Page) -> None:
    """What guards an account's settings asks for the password again."""
    page.goto("/accounts/reauthenticate/?next=/account/")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    page.wait_for_url("**/account/")


def create_collection(page: Page, name: str) -> None:
    page.goto("/collections/new/")
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)


def choose_files(page: Page, files: Sequence[Path]) -> None:
    wait_for_uploader(page)
    page.locator("[data-files]").set_input_files(files)


def wait_for_uploader(page: Page) -> None:
    """Its script shows what needs it once it is ready: files chosen before would go unnoticed."""
    page.locator("[data-drop-zone] [data-with-script]").first.wait_for()


def drop_files(page: Page, files: Sequence[Path], *, onto: str = "[data-drop-zone]") -> None:
    """Drop files from outside the browser onto an element of the page, as far as a script can."""
    contents = [{"name": file.name, "data": base64.b64encode(file.read_bytes()).decode()} for file in files]
    transfer = page.evaluate_handle(
        """(files) => {
            const transfer = new DataTransfer();
            for (const { name, data } of files) {
                const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
                transfer.items.add(new File([bytes], name));
            }
            return transfer;
        }""",
        contents,
    )
    if onto == "[data-drop-zone]":
        wait_for_uploader(page)
    for name in ("dragover", "drop"):
        page.dispatch_event(onto, name, {"dataTransfer": transfer})


def expect_uploaded(page: Page, text: str) -> None:
    expect(page.locator("[data-count]")).to_have_text(text, timeout=30_000)


def wait_for_index(page: Page) -> None:
    """Nothing waits any more, and the header's chip, which learns of an upload a moment later, has gone by itself."""
    page.wait_for_function(_NOTHING_WAITS, timeout=INDEXED_MS, polling=500)
    expect(page.locator("#indexing .chip")).to_have_count(0, timeout=INDEXED_MS)


def search(page: Page, words: str) -> None:
    page.goto("/search/")
    expect(page.get_by_label("Describe a picture")).to_be_focused()
    page.keyboard.type(words)
    page.keyboard.press("Enter")
    page.wait_for_url("**/search/?q=*")
    wait_for_answer(page)


def search_again(page: Page) -> None:
    page.reload()
    wait_for_answer(page)


def wait_for_answer(page: Page) -> None:
    """Each web process loads the model for itself, however busy the machine is. Until then it shows another page, which
    has no results and asks again by itself."""
    page.locator(".search-head").wait_for(timeout=INDEXED_MS)


def expect_found(page: Page, count: int) -> None:
    """A Milvus server shows what was written a moment later, and a page of results does not renew itself."""
    deadline = time.monotonic() + INDEXED_MS / 1000
    while page.locator("[data-score]").count() != count and time.monotonic() < deadline:
        search_again(page)
    expect(page.locator("[data-score]")).to_have_count(count)


def open_picture(page: Page, name: str) -> None:
    """Open a picture of a grid, large, and from there its page. Before the scripts are ready a click opens the page."""
    tile = page.get_by_role("link", name=name, exact=True)
    tile.wait_for()
    page.locator("[data-shortcuts-open]").wait_for()  # shown by the script that comes last
    tile.click()
    page.get_by_role("link", name="Open page").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)


def upload_without_javascript(page: Page, files: Sequence[Path], *, name: str = "Plain") -> str:
    """Put files into a new collection with no script running. Return the collection's address."""
    page.goto("/upload/")
    page.get_by_label("Collection", exact=True).select_option(label="New collection")
    page.get_by_label("Name of the new collection").fill(name)
    page.get_by_label("Pictures", exact=True).set_input_files(files)
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_text(f"{len(files)} added, 0 already uploaded, 0 failed")).to_be_visible()
    page.get_by_role("link", name="View pictures").click()
    return page.url


def wait_for_index_without_javascript(page: Page) -> None:
    deadline = time.monotonic() + INDEXED_MS / 1000
    while "Preparing" in page.context.request.get("/indexing/status/", headers={"HX-Request": "true"}).text():
        assert time.monotonic() < deadline
        time.sleep(0.5)


def reload_until_listed(page: Page, selector: str, count: int) -> None:
    """Reload the page until its server lists so many elements."""
    deadline = time.monotonic() + INDEXED_MS / 1000
    while page.locator(selector).count() != count and time.monotonic() < deadline:
        page.reload()
    expect(page.locator(selector)).to_have_count(count)
