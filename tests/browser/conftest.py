"""A real site (`manage.py serve`: web server and index worker) and a real browser."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.urls import resolve
from playwright.sync_api import Browser, BrowserContext, Error, Page, expect, sync_playwright

from tests.identity_provider import CLIENT_ID, CLIENT_SECRET, IdentityProvider, running_provider

from .actions import PASSWORD, choose_files, create_collection, expect_uploaded, wait_for_index
from .drawings import write_scenes

ROOT = Path(__file__).resolve().parents[2]
START_S = 120
# How long a page may take to show what it should, on a machine that does other things as well.
SEEN_MS = 20_000
expect.set_options(timeout=SEEN_MS)
# The headless shell, which draws no window, needs about half as long as the whole browser.
PROGRAMS = ("chromium-headless-shell", "chromium")
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Closed with this package's last test: while it is open, an event loop runs, and Django then refuses to use the
    database in the same process."""
    with sync_playwright() as playwright:
        try:
            program = next(filter(None, map(shutil.which, PROGRAMS)), None)
            found = playwright.chromium.launch(executable_path=program, args=FLAGS)
        except Error as error:
            if os.environ.get("REQUIRE_BROWSER") == "1":
                raise
            pytest.skip(f"There is no Chromium to test with: {error.message.splitlines()[0]}")
        yield found
        found.close()


@pytest.fixture(scope="package")
def provider() -> Iterator[IdentityProvider]:
    """Where people of another site sign in."""
    with running_provider() as running:
        yield running


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory, browser: Browser, provider: IdentityProvider) -> Iterator[str]:
    """The address of a site of its own, empty, with the demo model."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **{name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"},
        "DATA_DIR": str(tmp_path_factory.mktemp("site")),
        "CLIP_MODEL": "demo",
        # Services, where `tests.with_services` has started some for the site.
        **{name: os.environ.get(f"SITE_{name}", "") for name in ("MILVUS_URI", "DATABASE_URL", "STORAGE_URL")},
        "HTTPS": "",
        "PORT": str(port),
        "HOST": "127.0.0.1",
        "MAX_UPLOAD_MB": "1",
        "DEBUG": "",
        "EMAIL_HOST": "",
        "EMAIL_TO_CONSOLE": "true",
        # Everybody comes from an address of their own (see `sign_up`), or the limit on signing up would be met.
        "TRUSTED_PROXY_COUNT": "1",
        "OIDC_NAME": "Acme",
        "OIDC_SERVER_URL": provider.address,
        "OIDC_CLIENT_ID": CLIENT_ID,
        "OIDC_CLIENT_SECRET": CLIENT_SECRET,
    }
    command = [sys.executable, str(ROOT / "manage.py"), "serve"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment)
    try:
        wait_until_up(f"http://127.0.0.1:{port}", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(60)


@pytest.fixture
def new_context(browser: Browser, site: str) -> Iterator[Callable[..., BrowserContext]]:
    """Make a browser window of its own cookies: the arguments are Playwright's `new_context`'s."""
    opened: list[BrowserContext] = []

    def make(**options: object) -> BrowserContext:
        opened.append(browser.new_context(**{"base_url": site, **options}))  # type: ignore[arg-type]
        return opened[-1]

    yield make
    for context in opened:
        context.close()


@pytest.fixture
def open_without_javascript(
    new_context: Callable[..., BrowserContext], request: pytest.FixtureRequest
) -> Iterator[Callable[[], Page]]:
    """Make windows in which no script runs, of somebody who has just signed up. In the end, every form that the test's
    mark `sends` names must have been sent from one of them."""
    sent: set[str] = set()

    def make() -> Page:
        context = new_context(java_script_enabled=False)
        context.on("request", lambda request: sent.add(address_name(request.url)) if request.method == "POST" else None)
        return sign_up(context.new_page())

    yield make
    mark = request.node.get_closest_marker("sends")
    assert mark
    assert set(mark.args) - sent == set()


def address_name(url: str) -> str:
    return str(resolve(urlsplit(url).path).url_name)


@pytest.fixture
def page(new_context: Callable[..., BrowserContext]) -> Page:
    """A window of somebody who has just signed up; an error of a script fails the test."""
    return sign_up(new_context().new_page())


@pytest.fixture(scope="package")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_scenes(tmp_path_factory.mktemp("scenes"))


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleSite:
    """A signed-in person's cookies, and the address of their collection of six pictures, which are searchable."""

    cookies: Any
    collection: str


@pytest.fixture(scope="package")
def sample_site(browser: Browser, site: str, scenes: list[Path]) -> Iterator[SampleSite]:
    context = browser.new_context(base_url=site)
    page = sign_up(context.new_page())
    create_collection(page, "Scenes")
    address = page.url
    choose_files(page, scenes)
    expect_uploaded(page, "6 of 6 done")
    wait_for_index(page)
    yield SampleSite(cookies=context.storage_state(), collection=address)
    context.close()


@pytest.fixture
def sample_page(new_context: Callable[..., BrowserContext], sample_site: SampleSite) -> Page:
    """Their window, on the collection. What is there is shared: leave it as it was."""
    page = new_context(storage_state=sample_site.cookies).new_page()
    page.on("pageerror", lambda error: pytest.fail(f"A script failed: {error}"))
    page.goto(sample_site.collection)
    return page


_accounts = count(1)


def sign_up(page: Page) -> Page:
    page.on("pageerror", lambda error: pytest.fail(f"A script failed: {error}"))
    number = next(_accounts)
    page.context.set_extra_http_headers({"X-Forwarded-For": f"192.0.2.{number % 250}"})
    page.goto("/accounts/signup/")
    page.get_by_label("Email").fill(f"person{number}@example.com")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password (again)").fill(PASSWORD)
    page.get_by_role("button", name="Sign up").click()
    page.get_by_label("Name of your first collection").wait_for()
    return page


def wait_until_up(address: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"The site ended with {process.returncode}.")
        try:
            urllib.request.urlopen(f"{address}/healthz/", timeout=5).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
        else:
            return
    raise RuntimeError(f"The site did not answer within {START_S} s.")
