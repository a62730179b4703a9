"""Every page, light and dark, in English and in Russian: nothing for axe to find, nothing wider than a small phone,
nothing that jumps. A page that has an address and is not listed here fails a test."""

import re
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import URLPattern, URLResolver, get_resolver, resolve
from playwright.sync_api import Browser, BrowserContext, FilePayload, Page, Route, ViewportSize

from tests.permissions.requests import fill, routes
from tests.sample_team import picture_bytes

from .actions import choose_files, confirm_access, create_collection, expect_uploaded, wait_for_answer, wait_for_index
from .conftest import sign_up
from .pages import (
    GUARDED_PAGES,
    MEMBER_PAGES,
    NO_ACCOUNT_PAGES,
    NO_PAGES,
    PASSKEY_PAGES,
    QUERIES,
    SECOND_FACTOR,
    STRANGERS_PAGES,
    VISITOR_PAGES,
    page_names,
)
from .shifts import sum_shifts, watch_shifts

PHONE: ViewportSize = {"width": 360, "height": 740}
DESKTOP: ViewportSize = {"width": 1280, "height": 800}
WIDE_SCREEN: ViewportSize = {"width": 2560, "height": 1440}
LARGE_SCREEN: ViewportSize = {"width": 3840, "height": 2160}
PICTURE_PAGES = {
    *("gallery", "collections", "collection", "search", "image", "trash"),
    *("public_link", "public_search", "public_image"),
}
# Nothing is on its way, but for pictures further down.
_QUIET = """() => document.querySelector(".htmx-request") === null && [...document.images].every(
    (image) => image.complete || image.getBoundingClientRect().top > window.innerHeight)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Appearance:
    language: str
    theme: Literal["light", "dark"]
    size: ViewportSize

    def __str__(self) -> str:
        return f"{self.language}-{self.theme}-{self.size['width']}"


# Each theme in each language; each of both on a phone and on a desk.
APPEARANCES = (
    Appearance(language="en", theme="light", size=DESKTOP),
    Appearance(language="en", theme="dark", size=PHONE),
    Appearance(language="ru", theme="light", size=PHONE),
    Appearance(language="ru", theme="dark", size=DESKTOP),
)


@pytest.fixture(scope="module")
def state(browser: Browser, site: str, scenes: list[Path]) -> Iterator[tuple[object, list[str]]]:
    """A signed-in person's cookies, and the addresses of every page of theirs."""
    context = browser.new_context(base_url=site)
    page = sign_up(context.new_page())
    confirm_access(page)
    create_collection(page, "An empty one")
    empty = page.url
    create_collection(page, "Appearance")
    values: dict[str, object] = {"collection": number_in(page.url)}
    choose_files(page, scenes)
    expect_uploaded(page, "6 of 6 done")
    wait_for_index(page)
    values |= {"image": trash_one_picture(page, values), "search": save_a_search(page)}
    values |= make_team_and_link(page, values)
    values["guest_secret"] = make_guest_link(page, values)
    values["archive"] = upload_archive(page, values, scenes)
    friend = browser.new_context(base_url=site)
    values["member"] = add_owner_with_link(page, sign_up(friend.new_page()), values)
    friend.close()
    filled = [fill(routes()[name], values) + query for name in page_names() for query in QUERIES.get(name, ("",))]
    yield context.storage_state(), [empty, *filled]
    context.close()


def number_in(address: str | None) -> int:
    """Return the first number of an address."""
    found = re.search(r"/(\d+)/", address or "")
    assert found, address
    return int(found[1])


def upload_archive(page: Page, values: dict[str, object], scenes: list[Path]) -> int:
    path = scenes[0].parent / "holiday.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(scenes[0], scenes[0].name)
        archive.writestr("notes.txt", "no picture")
    page.goto(f"/collections/{values['collection']}/upload/")
    choose_files(page, [path])
    return number_in(page.get_by_role("link", name="1 failed").get_attribute("href"))


def trash_one_picture(page: Page, values: dict[str, object]) -> int:
    """So that the trash has something to show. Return a picture that is kept."""
    page.goto(f"/collections/{values['collection']}/")
    address = page.locator("[data-image-id] a").first.get_attribute("href") or ""
    page.goto(address)
    page.get_by_role("link", name="Next picture").click()
    page.get_by_role("button", name="Move to trash").click()
    return number_in(address)


def save_a_search(page: Page) -> int:
    page.goto("/search/?q=a+white+dog")
    wait_for_answer(page)
    page.locator("summary.filter-chip", has_text="Save").click()
    page.get_by_role("button", name="Save search").click()
    page.goto("/searches/")
    return number_in(page.get_by_role("link", name="Rename").get_attribute("href"))


def make_team_and_link(page: Page, values: dict[str, object]) -> dict[str, object]:
    page.goto("/teams/")
    page.get_by_label("Name").fill("Gardeners")
    page.get_by_role("button", name="Create").click()
    team = number_in(page.url)
    page.get_by_label("Email").fill("friend@example.com")
    page.get_by_role("button", name="Invite").click()
    invitation = page.get_by_label("Link").input_value()
    page.goto(f"/collections/{values['collection']}/sharing/")
    page.get_by_role("switch", name="Public link").click()
    link = page.get_by_label("Link", exact=True).input_value()
    settings = page.get_by_role("link", name="Settings").get_attribute("href") or ""
    page.goto(link)
    picture = page.locator("[data-public-id]").first.get_attribute("data-public-id")
    page.goto(f"{link}{picture}/")
    key = (page.locator(".picture-nav a").first.get_attribute("href") or "").split("/")[-2]
    secrets = {
        "invitation_secret": invitation.rsplit("/", 2)[1],
        "secret": link.rsplit("/", 2)[1],
        "collection_key": key,
    }
    return {"team": team, "public_id": picture, "link": int(settings.split("/")[-2]), **secrets}


def make_guest_link(page: Page, values: dict[str, object]) -> str:
    """Make a guest link, and send a picture through it, which waits for approval. Return its secret."""
    page.goto(f"/collections/{values['collection']}/guests/")
    page.get_by_role("button", name="Create link").click()
    link = page.get_by_label("Link", exact=True).input_value()
    page.goto(link)
    drawing: FilePayload = {"name": "dot.png", "mimeType": "image/png", "buffer": picture_bytes("teal")}
    page.locator("[data-files]").set_input_files(files=[drawing])
    expect_uploaded(page, "1 of 1 done")
    return link.rsplit("/", 2)[1]


def add_owner_with_link(page: Page, friend: Page, values: dict[str, object]) -> int:
    """Add an owner who shares a collection of the team with others. Return the number of the membership."""
    team = f"/teams/{values['team']}/"
    friend.goto("/account/")
    email = friend.locator(".panel h2").first.inner_text()
    page.goto(team)
    page.get_by_label("Email").fill(email)
    page.get_by_label("Role", exact=True).select_option(label="Owner")
    page.get_by_role("button", name="Invite").click()
    friend.goto(page.get_by_label("Link").input_value())
    friend.get_by_role("button", name="Accept").click()
    friend.goto("/collections/new/")
    friend.get_by_label("Name").fill("A collection of the team")
    friend.get_by_label("Visible to").select_option(label="Gardeners")
    friend.get_by_role("button", name="Create").click()
    friend.goto(f"{friend.url}sharing/")
    friend.get_by_role("switch", name="Public link").click()
    friend.goto(friend.url)
    form = friend.locator("form", has=friend.get_by_role("heading", name="Share with a person"))
    form.get_by_label("Email").fill("a-guest-with-a-long-address@subdomain.of.a.long.domain.example.com")
    form.get_by_role("button", name="Share").click()
    page.goto(team)
    removal = page.get_by_role("link", name=f"Remove {email}").get_attribute("href") or ""
    return int(removal.split("/")[4])


@pytest.mark.parametrize("appearance", APPEARANCES, ids=str)
def test_every_page_is_accessible(
    appearance: Appearance, new_context: Callable[..., BrowserContext], state: tuple[object, list[str]]
) -> None:
    cookies, addresses = state
    visitor, member = new_context().new_page(), new_context(storage_state=cookies).new_page()
    confirm_access(member)  # it lasts for five minutes, and a slow machine may need them for an earlier appearance
    faults = find_faults(visitor, VISITOR_PAGES, appearance)
    faults += find_faults(member, (*MEMBER_PAGES, *addresses), appearance)
    assert faults == []


def find_faults(page: Page, addresses: Iterable[str], appearance: Appearance) -> list[str]:
    """Return what is wrong with pages in the language, theme and size of an appearance."""
    apply_appearance(page, appearance)
    return [fault for address in addresses for fault in find_page_faults(page, address)]


def apply_appearance(page: Page, appearance: Appearance) -> None:
    """See the pages that are opened from now on in this language, theme and size."""
    hosts = ("127.0.0.1", "localhost")
    page.context.add_cookies(
        [{"name": "language", "value": appearance.language, "domain": host, "path": "/"} for host in hosts]
    )
    page.emulate_media(color_scheme=appearance.theme)
    page.set_viewport_size(appearance.size)


def find_page_faults(page: Page, address: str) -> list[str]:
    complaints: list[str] = []
    page.once("pageerror", lambda error: complaints.append(f"{address}: {error}"))
    page.goto(address)
    page.wait_for_function(_QUIET)
    if urlsplit(page.url).path != urlsplit(address).path:
        complaints.append(f"{address}: leads to {page.url}")
    found = Axe().run(page).response["violations"]
    complaints += [f"{address}: {each['id']}: {[node['html'][:120] for node in each['nodes'][:3]]}" for each in found]
    if is_too_wide(page):
        complaints.append(f"{address}: is wider than the window")
    return complaints


def is_too_wide(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))


def test_every_page_is_listed() -> None:
    """The application's pages are taken from its addresses; of those of accounts each is in a list of `pages`."""
    seen = [*VISITOR_PAGES, *MEMBER_PAGES, *GUARDED_PAGES, *PASSKEY_PAGES, SECOND_FACTOR, *STRANGERS_PAGES]
    names = {resolve(address).url_name for address in seen if address.startswith("/accounts/")}
    assert account_names(get_resolver("allauth.urls")) == names | NO_ACCOUNT_PAGES.keys()
    assert not names & NO_ACCOUNT_PAGES.keys()
    assert NO_PAGES.keys() <= routes().keys()


def account_names(resolver: URLResolver) -> set[str]:
    """Those without a name are old addresses, which lead to the new ones."""
    names: set[str] = set()
    for each in resolver.url_patterns:
        if isinstance(each, URLPattern):
            names |= {each.name} if each.name else set()
        else:
            names |= account_names(each)
    return names


def test_pages_fit_a_very_wide_screen(
    new_context: Callable[..., BrowserContext], state: tuple[object, list[str]]
) -> None:
    page = new_context(storage_state=state[0], viewport=LARGE_SCREEN).new_page()
    wide = []
    for address in (*MEMBER_PAGES, *state[1]):
        page.goto(address)
        wide += [address] if is_too_wide(page) else []
    assert wide == []


def delay_response(route: Route) -> None:
    time.sleep(0.1)
    route.continue_()


@pytest.mark.parametrize(("size", "has_touch"), [(PHONE, True), (WIDE_SCREEN, False)])
def test_layout_is_stable_while_pictures_load(
    size: ViewportSize,
    has_touch: bool,
    new_context: Callable[..., BrowserContext],
    state: tuple[object, list[str]],
) -> None:
    page = new_context(viewport=size, has_touch=has_touch, storage_state=state[0]).new_page()
    page.goto("/")
    page.route(re.compile("/(thumbnail|preview)/$"), delay_response)
    watch_shifts(page)
    with_pictures = [each for each in state[1] if resolve(urlsplit(each).path).url_name in PICTURE_PAGES]
    assert len(with_pictures) > len(PICTURE_PAGES)
    for address in with_pictures:
        page.goto(address)
        page.wait_for_function(_QUIET)
        assert sum_shifts(page) < 0.01, address


def test_first_tab_and_enter_skip_to_the_content(
    new_context: Callable[..., BrowserContext], state: tuple[object, list[str]]
) -> None:
    page = new_context(storage_state=state[0]).new_page()
    page.goto("/")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
