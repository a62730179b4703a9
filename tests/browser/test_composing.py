"""Searching with examples: chosen, pasted, dropped; more and less; and the same without scripts."""

import base64
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from .actions import choose_files, create_collection, expect_uploaded, search, wait_for_answer, wait_for_index


@pytest.fixture
def search_page(page: Page, scenes: list[Path]) -> Page:
    """A person with six pictures, on the search page."""
    create_collection(page, "Scenes")
    choose_files(page, scenes)
    expect_uploaded(page, "6 of 6 done")
    wait_for_index(page)
    page.goto("/search/")
    return page


def expect_found_first(page: Page, scene: Path) -> None:
    page.wait_for_url("**/search/?q=like*")
    wait_for_answer(page)
    expect(page.locator("[data-score] img").first).to_have_attribute("alt", scene.name)


def drop_or_paste(page: Page, scene: Path, event: str) -> None:
    """Drop a file on the search box or paste it, as far as a script can."""
    page.evaluate(
        """([event, data, name]) => {
            const transfer = new DataTransfer();
            const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
            transfer.items.add(new File([bytes], name, { type: "image/jpeg" }));
            const options = { bubbles: true, cancelable: true };
            document.querySelector("[role=search]").dispatchEvent(event === "paste"
                ? new ClipboardEvent(event, { ...options, clipboardData: transfer })
                : new DragEvent(event, { ...options, dataTransfer: transfer }));
        }""",
        [event, base64.b64encode(scene.read_bytes()).decode(), scene.name],
    )


def test_example_can_be_selected_dropped_or_pasted(search_page: Page, scenes: list[Path]) -> None:
    search_page.locator("summary", has_text="More options").click()
    search_page.get_by_label("Example picture").set_input_files(scenes[0])
    expect_found_first(search_page, scenes[0])
    for number, event in enumerate(("drop", "paste"), 1):
        search_page.goto("/search/")
        drop_or_paste(search_page, scenes[number], event)
        expect_found_first(search_page, scenes[number])


def test_result_is_added_as_example_and_its_chip_is_removed(search_page: Page) -> None:
    search(search_page, "a white dog")
    tile = search_page.locator("[data-score]").nth(2)
    name = tile.locator("img").get_attribute("alt")
    tile.hover()
    tile.get_by_role("link", name=f"More like {name}").click()
    search_page.locator("summary", has_text="Words").click()
    search_page.get_by_role("link", name="Remove a white dog").click()
    expect(search_page.locator("[data-score] img").first).to_have_attribute("alt", name or "")
    expect(search_page.get_by_label("Describe a picture")).to_have_value("")
    expect(search_page).to_have_url(re.compile(r"q=0\.3%3Alike%3A\d+$"))
    search_page.get_by_label("Describe a picture").fill("a boat")
    search_page.keyboard.press("Enter")
    search_page.wait_for_url(re.compile(r"q=a\+boat\+0\.3%3Alike%3A\d+$"))
