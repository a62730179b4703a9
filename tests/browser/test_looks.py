"""Every page, light and dark: nothing for axe to find, nothing wider than a small phone, nothing that jumps."""

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Route

from .actions import choose_files, confirm_access, create_collection, expect_uploaded, wait_for_index
from .conftest import sign_up

VISITOR_PAGES = ["/accounts/login/", "/accounts/signup/", "/accounts/password/reset/", "/nowhere/"]
OWN_PAGES = [
    "/",
    "/search/",
    "/search/?q=a+white+dog",
    "/search/?q=dog&collection=999999",
    "/search/?q=a+white+dog&judge=1",
    "/searches/",
    "/upload/",
    "/collections/new/",
    "/account/",
    "/accounts/email/",
    "/accounts/password/change/",
    "/accounts/logout/",
    "/accounts/2fa/",
    "/accounts/2fa/totp/activate/",
    "/accounts/2fa/webauthn/",
    "/accounts/2fa/webauthn/add/",
    "/accounts/sessions/",
    "/accounts/3rdparty/",
    "/accounts/reauthenticate/",
    "/indexing/status/",
    "/teams/",
    "/trash/",
    "/images/0/",
]
PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 800}


@pytest.fixture(scope="module")
def state(browser: Browser, site: str, scenes: list[Path]) -> Iterator[tuple[object, list[str]]]:
    """A signed-in person's cookies, and the addresses of a collection and its pictures."""
    context = browser.new_context(base_url=site)
    page = sign_up(context.new_page())
    confirm_access(page)
    create_collection(page, "An empty one")
    empty = page.url
    create_collection(page, "Looks")
    full = page.url
    choose_files(page, scenes)
    expect_uploaded(page, "6 of 6 done")
    wait_for_index(page)
    page.goto(full)
    image = page.locator("[data-image-id] a").first.get_attribute("href") or ""
    addresses = [empty, full, f"{full}rename/", f"{full}delete/", f"{full}upload/"]
    addresses += [f"{full}sharing/", *make_team_and_link(page, full), throw_one_away(page, image)]
    addresses += save_a_search(page)
    addresses += [image, f"{image}edit/", f"{image}delete/", f"{image}similar/"]
    yield context.storage_state(), addresses
    context.close()


def make_team_and_link(page: Page, collection: str) -> list[str]:
    page.goto("/teams/")
    page.get_by_label("Name").fill("Gardeners")
    page.get_by_role("button", name="Create").click()
    team = page.url
    page.get_by_label("E-mail address").fill("friend@example.com")
    page.get_by_role("button", name="Invite").click()
    invitation = page.get_by_label("Link").input_value()
    page.goto(f"{collection}sharing/")
    page.get_by_role("button", name="Make the link").click()
    link = page.get_by_label("Address", exact=True).input_value()
    page.goto(link)
    picture = page.locator("[data-public-id] a").first.get_attribute("href") or ""
    return [
        team,
        f"{team}rename/",
        f"{team}delete/",
        f"{team}duplicates/",
        invitation,
        link,
        f"{link}search/?q=dog",
        f"{link}password/",
        picture,
    ]


def save_a_search(page: Page) -> list[str]:
    page.goto("/search/?q=a+white+dog")
    page.get_by_text("Keep, take along, judge").click()
    page.get_by_role("button", name="Save this search").click()
    opened = page.url
    page.goto("/searches/")
    rename = page.get_by_role("link", name="Rename").get_attribute("href") or ""
    return [opened, *(rename.replace("rename", part) for part in ("rename", "share", "new"))]


def throw_one_away(page: Page, image: str) -> str:
    """So that the trash has something to show."""
    page.goto(f"{image}")
    page.get_by_role("link", name="Older picture").click()
    page.get_by_role("link", name="Delete").click()
    page.get_by_role("button", name="Delete it").click()
    return "/trash/"


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_every_page_suits_everybody(
    theme: str, size: dict[str, int], new_context: Callable[..., BrowserContext], state: tuple[object, list[str]]
) -> None:
    cookies, addresses = state
    visitor = new_context(color_scheme=theme, viewport=size).new_page()
    member = new_context(color_scheme=theme, viewport=size, storage_state=cookies).new_page()
    faults = [fault for address in VISITOR_PAGES for fault in faults_of(visitor, address)]
    faults += [fault for address in (*OWN_PAGES, *addresses) for fault in faults_of(member, address)]
    assert faults == []


def faults_of(page: Page, address: str) -> list[str]:
    complaints: list[str] = []
    page.once("pageerror", lambda error: complaints.append(f"{address}: {error}"))
    page.goto(address)
    page.wait_for_load_state("networkidle")
    found = Axe().run(page).response["violations"]
    complaints += [f"{address}: {each['id']}: {[node['html'][:120] for node in each['nodes'][:3]]}" for each in found]
    if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
        complaints.append(f"{address}: is wider than the window")
    return complaints


def arrive_late(route: Route) -> None:
    time.sleep(0.1)
    route.continue_()


def test_nothing_moves_while_pictures_arrive(
    new_context: Callable[..., BrowserContext], state: tuple[object, list[str]]
) -> None:
    cookies, addresses = state
    page = new_context(viewport=PHONE, storage_state=cookies).new_page()
    page.route(re.compile("/(thumbnail|preview)/$"), arrive_late)
    page.add_init_script(
        """window.shift = 0;
        new PerformanceObserver((list) => {
            for (const entry of list.getEntries()) window.shift += entry.value;
        }).observe({ type: "layout-shift", buffered: true });"""
    )
    for address in ("/", "/search/?q=a+white+dog", addresses[1], addresses[5]):
        page.goto(address)
        page.wait_for_load_state("networkidle")
        assert page.evaluate("window.shift") < 0.01, address


def test_first_tab_leads_to_the_content(
    new_context: Callable[..., BrowserContext], state: tuple[object, list[str]]
) -> None:
    page = new_context(storage_state=state[0]).new_page()
    page.goto("/")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
