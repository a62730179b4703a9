"""The JSON log of a whole session in browsers holds no token, no password and no query."""

import json
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.urls import Resolver404, resolve
from playwright.sync_api import Browser, Page, expect

from collections_app.log_filter import SECRET_NAMES
from tests.mail_server import MailServer, running_mail_server
from tests.processes.installation import Installation, make_installation

from .actions import choose_files, create_collection, expect_uploaded, search, wait_for_answer, wait_for_index
from .test_guest_link import make_link

OWNER, FRIEND = "owner@example.com", "friend@example.com"
QUERY, LINK_QUERY, ADMIN_QUERY = "a zebra beside violets", "a yacht below comets", "walrus in vinegar"
DASHBOARD = "/admin/collections_app/indexingpause/"
MAIL_S = 60
MIN_SECRET_LENGTH = 5


class Session:
    """The windows of all people, and what no log may hold: what they typed and every secret in their addresses."""

    def __init__(self, browser: Browser, site: Installation, mail: MailServer) -> None:
        self.browser, self.site, self.mail = browser, site, mail
        self.hidden: set[str] = set()

    def make_secret(self) -> str:
        made = secrets.token_urlsafe(12)
        self.hidden.add(made)
        return made

    def open_window(self) -> Page:
        context = self.browser.new_context(base_url=self.site.address)
        context.on("request", lambda request: self.hidden.update(read_secrets(request.url)))
        return context.new_page()

    def close_window(self, page: Page) -> None:
        values = [str(cookie["value"]) for cookie in page.context.cookies()]
        self.hidden |= {value for value in values if len(value) >= MIN_SECRET_LENGTH}  # others are a page's choices
        page.context.close()

    def wait_for_link(self, recipient: str, path: str) -> str:
        """Return the address with this path in a mail to the recipient."""
        deadline = time.monotonic() + MAIL_S
        while time.monotonic() < deadline:
            for delivery in self.mail.deliveries:
                body = delivery.message.get_body(("plain",))
                found = re.search(rf"http://\S+{path}\S+", body.get_content() if body else "")
                if found and recipient in delivery.recipients:
                    self.hidden.update(read_secrets(found[0]))
                    return found[0]
            time.sleep(0.2)
        raise AssertionError(f"No mail to {recipient} has a link with {path}.")


def read_secrets(address: str) -> set[str]:
    """Return the secrets in the path of an address, the searches and the secrets in its query."""
    parts = urlsplit(address)
    found = {value for name, value in parse_qsl(parts.query) if name in ("q", *SECRET_NAMES)}
    with suppress(Resolver404):
        found |= {str(value) for name, value in resolve(parts.path).kwargs.items() if name in SECRET_NAMES}
    return {value for value in found if len(value) >= MIN_SECRET_LENGTH}


@pytest.fixture
def log_path(tmp_path: Path) -> Path:
    return tmp_path / "site.log"


@pytest.fixture
def session(browser: Browser, tmp_path: Path, log_path: Path) -> Iterator[Session]:
    """A site of its own that sends mail and logs as JSON, with all details."""
    site = make_installation(tmp_path / "site")
    with running_mail_server() as mail, log_path.open("w") as log:
        server = {"EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": str(mail.port), "EMAIL_USE_TLS": "false"}
        process = site.serve(log, LOG_FORMAT="json", LOG_LEVEL="debug", EMAIL_TO_CONSOLE="", WEB_WORKERS="1", **server)
        yield Session(browser, site, mail)
        process.terminate()
        process.wait(timeout=60)


def sign_up(session: Session, page: Page, email: str, password: str) -> None:
    page.goto("/accounts/signup/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_label("Password (again)").fill(password)
    page.get_by_role("button", name="Sign up").click()
    page.goto(session.wait_for_link(email, "/confirm-email/"))
    page.get_by_role("button", name="Confirm").click()
    page.get_by_label("Name of your first collection").wait_for()


def reset_password(session: Session, page: Page, email: str, password: str) -> None:
    page.goto("/accounts/password/reset/")
    page.get_by_label("Email").fill(email)
    page.get_by_role("button", name="Send the link").click()
    page.goto(session.wait_for_link(email, "/password/reset/key/"))
    for field in ("password1", "password2"):
        page.locator(f"[name={field}]").fill(password)
    page.get_by_role("button", name="Change Password").click()
    page.wait_for_url("**/key/done/")


def sign_in(page: Page, email: str, password: str) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    with page.expect_response(lambda response: response.request.method == "POST"):
        page.get_by_role("button", name="Sign in").first.click()


def search_by_words_and_example(page: Page, example: Path) -> None:
    wait_for_index(page)
    search(page, QUERY)
    page.goto("/search/")
    page.locator("summary", has_text="More options").click()
    page.get_by_label("Example picture").set_input_files(example)
    page.wait_for_url("**/search/?q=like*")
    wait_for_answer(page)


def open_public_link(session: Session, page: Page, collection: str, password: str) -> str:
    """Make a public link of a collection, with a password, and return its path."""
    page.goto(f"{collection}sharing/")
    page.get_by_role("switch", name="Public link").click()
    link = page.get_by_label("Link", exact=True).input_value()
    session.hidden.update(read_secrets(link))
    page.get_by_role("link", name="Settings").click()
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Password required")).to_be_visible()
    return urlsplit(link).path


def visit_public_link(session: Session, link: str, password: str) -> None:
    visitor = session.open_window()
    for attempt in (session.make_secret(), password):
        visitor.goto(link)
        visitor.get_by_label("Password").fill(attempt)
        visitor.get_by_role("button", name="Open").click()
    expect(visitor.locator("[data-public-id]").first).to_be_visible()
    for address in (f"{link}search/?q={LINK_QUERY}", f"{link}nothing/?q={LINK_QUERY}", f"/accounts/login/?next={link}"):
        visitor.goto(address)
    session.close_window(visitor)


def invite_friend(session: Session, page: Page) -> None:
    page.goto("/teams/")
    page.get_by_label("Name").fill("Gardeners")
    page.get_by_role("button", name="Create").click()
    page.get_by_label("Email").fill(FRIEND)
    page.get_by_role("button", name="Invite").click()
    friend = session.open_window()
    sign_up(session, friend, FRIEND, session.make_secret())
    friend.goto(session.wait_for_link(FRIEND, "/invitations/"))
    friend.get_by_role("button", name="Accept", exact=True).click()
    expect(friend.get_by_role("heading", level=1)).to_have_text("Gardeners")
    session.close_window(friend)


def send_as_guest(session: Session, page: Page, collection: str, picture: Path) -> None:
    page.goto(collection)
    link = make_link(page)
    session.hidden.update(read_secrets(link))
    guest = session.open_window()
    guest.goto(link)
    choose_files(guest, [picture])
    expect_uploaded(guest, "1 of 1 done")
    guest.goto(f"{link}nothing/")
    session.close_window(guest)


def look_around_in_the_administration(session: Session, page: Page) -> None:
    session.site.shell(f"User.objects.filter(email='{OWNER}').update(is_staff=True, is_superuser=True)")
    for name in ("user", "publiclink", "share", "outgoingmail", "indexjob"):
        page.goto(f"/admin/collections_app/{name}/?q={ADMIN_QUERY}")
    page.goto(DASHBOARD)
    page.get_by_role("button", name="Pause indexing").click()
    page.get_by_role("button", name="Resume indexing").click()
    expect(page.get_by_text("Indexing is resumed.")).to_be_visible()


def test_log_of_a_session_holds_no_token_no_password_and_no_query(
    session: Session, log_path: Path, scenes: list[Path]
) -> None:
    page, first, second = session.open_window(), session.make_secret(), session.make_secret()
    sign_up(session, page, OWNER, first)
    create_collection(page, "Scenes")
    collection = page.url
    choose_files(page, scenes[:2])
    expect_uploaded(page, "2 of 2 done")
    search_by_words_and_example(page, scenes[0])
    session.close_window(page)

    page = session.open_window()
    reset_password(session, page, OWNER, second)
    for password in (first, second):
        sign_in(page, OWNER, password)
    page.wait_for_url(f"{session.site.address}/")
    link_password = session.make_secret()
    visit_public_link(session, open_public_link(session, page, collection, link_password), link_password)
    invite_friend(session, page)
    send_as_guest(session, page, collection, scenes[2])
    look_around_in_the_administration(session, page)
    key = session.make_secret()
    for path in ("nowhere", f"s/{key}", f"g/{key}", f"invitations/{key}", f"accounts/password/reset/key/1-{key}"):
        page.goto(f"/{path}/?q={QUERY}&token={key}")
    session.close_window(page)
    assert_log_is_clean(log_path.read_text(), session.hidden)


def assert_log_is_clean(text: str, hidden: set[str]) -> None:
    lines = [json.loads(line) for line in text.splitlines()]
    of_requests = [line for line in lines if line["logger"].startswith("django")]
    assert "[secret]" in text
    assert len(of_requests) > 4
    assert [line for line in of_requests if not line.get("request_id")] == []
    words = {word for query in (QUERY, LINK_QUERY, ADMIN_QUERY) for word in query.split() if len(word) >= 5}
    assert len(hidden) > 15
    assert [value for value in hidden | words if value in text] == []
