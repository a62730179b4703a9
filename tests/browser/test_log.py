"""The JSON log of a browser's session holds no token, no password and no query."""

import json
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.clock import wait_until
from tests.mail_server import MailServer, running_mail_server
from tests.processes.installation import Installation, make_installation

from .actions import PASSWORD, choose_files, create_collection, expect_uploaded, search, wait_for_index
from .test_guest_link import make_link

QUERY = "a white dog beside nothing"
PERSON = "person@mail.example"
NEW_PASSWORD = "lantern-meadow-57"


@pytest.fixture
def log_path(tmp_path: Path) -> Path:
    return tmp_path / "site.log"


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    with running_mail_server() as server:
        yield server


@pytest.fixture
def logged_site(tmp_path: Path, log_path: Path, mail_server: MailServer) -> Iterator[Installation]:
    """A site of its own that sends mail and logs as JSON, with all details."""
    installation = make_installation(tmp_path / "site")
    mail = {"EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": str(mail_server.port), "EMAIL_USE_TLS": "false"}
    with log_path.open("w") as log:
        process = installation.serve(
            log, LOG_FORMAT="json", LOG_LEVEL="debug", EMAIL_TO_CONSOLE="false", WEB_WORKERS="1", **mail
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


def wait_for_link(mail_server: MailServer, pattern: str) -> str:
    """Return the path of a link that the site has mailed, or mails within a minute."""
    found: list[str] = []

    def find() -> bool:
        found.extend(
            re.findall(pattern, "\n".join(each.message.get_content() for each in list(mail_server.deliveries)))
        )
        return bool(found)

    wait_until(find, timeout_s=60)
    return found[0]


def sign_up_by_mail(page: Page, mail_server: MailServer) -> str:
    """Return the path of the link that confirms the address."""
    page.goto("/accounts/signup/")
    page.get_by_label("Email").fill(PERSON)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password (again)").fill(PASSWORD)
    page.get_by_role("button", name="Sign up").click()
    link = wait_for_link(mail_server, r"/accounts/confirm-email/\S+")
    page.goto(link)
    page.get_by_role("button", name="Confirm").click()
    page.get_by_label("Name of your first collection").wait_for()
    return link


def reset_password(page: Page, mail_server: MailServer) -> str:
    """Set NEW_PASSWORD. Return the path of the link that allows it."""
    page.goto("/accounts/password/reset/")
    page.get_by_label("Email").fill(PERSON)
    page.get_by_role("button", name="Send the link").click()
    link = wait_for_link(mail_server, r"/accounts/password/reset/key/\S+")
    page.goto(link)
    page.get_by_label("New Password", exact=True).fill(NEW_PASSWORD)
    page.get_by_label("New Password (again)").fill(NEW_PASSWORD)
    page.get_by_role("button", name="Change Password").click()
    page.wait_for_url("**/reset/key/done/")
    return link


def test_log_of_a_session_holds_no_token_no_password_and_no_query(
    browser: Browser, logged_site: Installation, log_path: Path, scenes: list[Path], mail_server: MailServer
) -> None:
    wrong, key = (secrets.token_urlsafe(12) for _ in range(2))
    context = browser.new_context(base_url=logged_site.address)
    page = context.new_page()
    page.on("pageerror", lambda error: pytest.fail(f"A script failed: {error}"))
    confirm_link = sign_up_by_mail(page, mail_server)
    create_collection(page, "Scenes")
    choose_files(page, scenes[:2])
    expect_uploaded(page, "2 of 2 done")
    wait_for_index(page)
    search(page, QUERY)
    page.goto(f"/nowhere/?q={QUERY}&token={key}")
    page.goto("/collections/")
    page.get_by_role("link", name="Scenes").first.click()
    collection = page.url
    link = open_public_link(page)
    page.goto(collection)
    guest_link = urlsplit(make_link(page)).path
    visitor = browser.new_context(base_url=logged_site.address).new_page()
    for address in (
        link,
        guest_link,
        f"{link}search/?q={QUERY}",
        f"{link}nothing/",
        f"/s/{key}/",
        f"/invitations/{key}/",
    ):
        visitor.goto(address)
    visitor.goto(f"/accounts/login/?next={link}")
    visitor.get_by_label("Email").fill("person@example.com")
    visitor.get_by_label("Password", exact=True).fill(wrong)
    visitor.get_by_role("button", name="Sign in").first.click()
    reset_link = reset_password(visitor, mail_server)
    visitor.goto(f"/accounts/password/reset/key/1-{key}/")
    cookies = [str(cookie["value"]) for cookie in context.cookies() if "sessionid" in cookie["name"]]
    visitor.context.close()
    context.close()

    text = log_path.read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    assert all(line["request_id"] for line in lines if "Not Found" in line["message"])
    assert "[secret]" in text
    tokens = [
        link.split("/")[2],
        guest_link.rstrip("/").rpartition("/")[2],
        confirm_link.split("/")[3],
        reset_link.split("/")[5],
    ]
    hidden = [wrong, key, PASSWORD, NEW_PASSWORD, *tokens, *cookies, QUERY, "white", "beside"]
    assert [value for value in hidden if value in text] == []
