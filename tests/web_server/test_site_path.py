"""A site below a path of its host: addresses, static files, cookies, redirects and mails."""

import re
import time
from collections.abc import Iterator

import pytest
import requests

from tests.processes.installation import EMAIL, Installation, make_installation
from tests.processes.visitor import Visitor

pytestmark = pytest.mark.process

PATH = "/photos"
ADDRESS = re.compile(r'\b(?:href|src|action|hx-get|hx-post|data-url|formaction)="(/[^"]*)"')


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A site whose data lies in a folder with characters that have a meaning in addresses."""
    installation = make_installation(tmp_path_factory.mktemp("site") / "my dätä #1? 100%41")
    process = installation.serve(SITE_PATH=PATH, HTTPS="")
    yield installation
    process.terminate()
    process.communicate(timeout=60)


@pytest.fixture(scope="module")
def visitor(site: Installation) -> Visitor:
    visitor = Visitor(site.address, path=PATH)
    assert visitor.upload(5) == 201
    return visitor


def test_every_address_of_the_pages_is_below_the_path(site: Installation, visitor: Visitor) -> None:
    pages = ["/", "/search/?q=dog", "/upload/", "/teams/", "/account/", "/trash/", "/accounts/email/"]
    for page in pages:
        response = visitor.session.get(f"{site.address}{PATH}{page}", timeout=60)
        assert response.status_code in (200, 503), page
        addresses = ADDRESS.findall(response.text)
        assert addresses
        assert [each for each in addresses if not each.startswith(f"{PATH}/")] == []


def test_static_files_and_pictures_are_served_below_the_path(site: Installation, visitor: Visitor) -> None:
    page = visitor.session.get(f"{site.address}{PATH}/", timeout=60).text
    found = set(re.findall(r'(?:href|src)="(/[^"]*\.(?:css|js|svg)|/[^"]*/thumbnail/)"', page))
    assert len(found) > 4
    for address in found:
        assert visitor.session.get(f"{site.address}{address}", timeout=60).status_code == 200, address


def test_redirects_and_cookies_stay_below_the_path(site: Installation, visitor: Visitor) -> None:
    signed_out = requests.get(f"{site.address}{PATH}/teams/", timeout=60, allow_redirects=False)
    assert signed_out.headers["Location"].startswith(f"{PATH}/accounts/login/?next={PATH}/teams/")
    assert {cookie.path for cookie in visitor.session.cookies} == {f"{PATH}/"}
    slashless = visitor.session.get(f"{site.address}{PATH}/teams", timeout=60, allow_redirects=False)
    assert slashless.headers["Location"] == f"{PATH}/teams/"


def test_path_that_a_proxy_has_removed_is_added_to_addresses(site: Installation) -> None:
    page = requests.get(f"{site.address}/accounts/login/", timeout=60)
    assert page.status_code == 200
    assert {each.startswith(f"{PATH}/") for each in ADDRESS.findall(page.text)} == {True}


def test_health_is_reported_with_and_without_the_path(site: Installation) -> None:
    for path in (PATH, ""):
        assert requests.get(f"{site.address}{path}/healthz/", timeout=60).text == "ok"


def test_search_works_in_a_folder_with_special_characters(site: Installation, visitor: Visitor) -> None:
    deadline = time.monotonic() + 60
    while site.count_indexed() < 1:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert visitor.search("red dog") == 200


def test_link_in_a_mail_is_below_the_path(site: Installation) -> None:
    program = (
        "from django.test import Client\n"
        "client = Client(headers={'host': 'localhost'})\n"
        f"client.post('/accounts/password/reset/', {{'email': '{EMAIL}'}})"
    )
    mail = site.shell(program, SITE_PATH=PATH, EMAIL_HOST="", EMAIL_TO_CONSOLE="true", HTTPS="")
    assert f"{PATH}/accounts/password/reset/key/" in mail


@pytest.mark.parametrize("value", ["photos", "/photos?x", "/a b", "/ä", "//x"])
def test_path_that_cannot_work_stops_the_start_with_a_sentence(site: Installation, value: str) -> None:
    process = site.start("check", SITE_PATH=value)
    output, _ = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "SITE_PATH must be a path such as /pictures" in output


def test_name_that_other_servers_use_is_explained(site: Installation) -> None:
    process = site.start("check", SCRIPT_NAME=PATH)
    output, _ = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "SCRIPT_NAME is now called SITE_PATH" in output


def test_cookies_of_a_path_over_https_have_a_prefix_that_browsers_accept(site: Installation) -> None:
    program = "from django.conf import settings as s; print(s.SESSION_COOKIE_NAME, s.SESSION_COOKIE_PATH)"
    assert "__Secure-sessionid /photos/" in site.shell(program, SITE_PATH=PATH, HTTPS="true")
