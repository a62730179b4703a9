"""The JSON log of a browser's session holds no token, no password and no query."""

import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.processes.installation import Installation, make_installation

from .actions import PASSWORD, choose_files, create_collection, expect_uploaded, search, wait_for_index
from .conftest import sign_up

QUERY = "a white dog beside nothing"


@pytest.fixture
def log_path(tmp_path: Path) -> Path:
    return tmp_path / "site.log"


@pytest.fixture
def logged_site(tmp_path: Path, log_path: Path) -> Iterator[Installation]:
    """A site of its own that logs as JSON, with all details."""
    installation = make_installation(tmp_path / "site")
    with log_path.open("w") as log:
        process = installation.serve(
            log, LOG_FORMAT="json", LOG_LEVEL="debug", EMAIL_HOST="", EMAIL_TO_CONSOLE="false", WEB_WORKERS="1"
        )
        yield installation
        process.terminate()
        process.wait(timeout=60)


def open_public_link(page: Page) -> str:
    """Switch on the public link of a collection and return its address."""
    page.get_by_role("link", name="Share", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("switch", name="Public link").click()
    expect(dialog.get_by_role("switch", name="Public link")).to_have_attribute("aria-checked", "true")
    return urlsplit(dialog.get_by_label("Link", exact=True).input_value()).path


def test_log_of_a_session_holds_no_token_no_password_and_no_query(
    browser: Browser, logged_site: Installation, log_path: Path, scenes: list[Path]
) -> None:
    wrong, key = (secrets.token_urlsafe(12) for _ in range(2))
    context = browser.new_context(base_url=logged_site.address)
    page = sign_up(context.new_page())
    create_collection(page, "Scenes")
    choose_files(page, scenes[:2])
    expect_uploaded(page, "2 of 2 done")
    wait_for_index(page)
    search(page, QUERY)
    page.goto(f"/nowhere/?q={QUERY}&token={key}")
    page.goto("/collections/")
    page.get_by_role("link", name="Scenes").first.click()
    link = open_public_link(page)
    visitor = browser.new_context(base_url=logged_site.address).new_page()
    for address in (link, f"{link}search/?q={QUERY}", f"{link}nothing/", f"/s/{key}/", f"/invitations/{key}/"):
        visitor.goto(address)
    visitor.goto(f"/accounts/login/?next={link}")
    visitor.get_by_label("Email").fill("person@example.com")
    visitor.get_by_label("Password", exact=True).fill(wrong)
    visitor.get_by_role("button", name="Sign in").first.click()
    visitor.goto("/accounts/password/reset/")
    expect(visitor.get_by_text("This site sends no email.")).to_be_visible()
    visitor.goto(f"/accounts/password/reset/key/1-{key}/")
    cookies = [str(cookie["value"]) for cookie in context.cookies() if "sessionid" in cookie["name"]]
    visitor.context.close()
    context.close()

    text = log_path.read_text()
    assert [json.loads(line)["request_id"] for line in text.splitlines() if '"Not Found' in line]
    assert "[secret]" in text
    hidden = [wrong, key, PASSWORD, link.split("/")[2], *cookies, QUERY, "white", "beside"]
    assert [value for value in hidden if value in text] == []
