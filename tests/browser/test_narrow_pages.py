"""Pages on a phone: the height of the header, and where long names break."""

import pytest
from playwright.sync_api import Page

from .actions import create_collection
from .test_appearance import APPEARANCES, PHONE, apply_appearance, is_too_wide

MAX_HEADER_PX = 64
ADDRESS = "anna.schmidt@example.com"
# The number of lines of each part of the heading: the places where it may break are between the parts.
_LINES = """(heading) => [...heading.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE).map((node) => {
    const range = document.createRange();
    range.selectNodeContents(node);
    return range.getClientRects().length;
})"""


@pytest.mark.parametrize("appearance", APPEARANCES[1:3], ids=str)
def test_header_is_low(appearance: object, page: Page) -> None:
    apply_appearance(page, appearance)  # type: ignore[arg-type]
    for address in ("/", "/upload/", "/account/", "/trash/"):
        page.goto(address)
        assert page.locator(".site-header").evaluate("header => header.offsetHeight") <= MAX_HEADER_PX, address


def test_addresses_in_headings_break_between_their_parts(page: Page) -> None:
    page.set_viewport_size(PHONE)
    create_collection(page, ADDRESS)
    collection = page.url
    create_collection(page, f"x{ADDRESS * 3}")
    long = page.url
    for address, level in ((collection, 1), ("/collections/", 2)):
        page.goto(address)
        heading = page.get_by_role("heading", level=level, name=ADDRESS).first
        assert ADDRESS in heading.inner_text()
        assert heading.evaluate(_LINES) == [1, 1, 1, 1]
    page.goto(long)
    assert not is_too_wide(page)
