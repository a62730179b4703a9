"""Log lines as JSON: one object a line, with the id of the request and without secrets."""

import json
import logging
import re
import secrets
from collections.abc import Iterator
from urllib.parse import quote, urlencode

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from collections_app.request_ids import use_request_id
from collections_app.services.indexing.worker import IndexWorker
from collections_app.services.sharing.invitations import invite
from collections_app.services.sharing.public_links import create_link
from tests.log_lines import JsonLog, record_json_log
from tests.sample_team import SampleTeam, picture_file

log = logging.getLogger("collections_app.tests")


@pytest.fixture
def lines() -> Iterator[JsonLog]:
    with record_json_log() as recorded:
        yield recorded


def test_line_has_time_level_logger_and_message(lines: JsonLog) -> None:
    log.warning("Two\nlines of %s", "“text”")
    (line,) = lines.lines
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", line.pop("time"))
    assert line == {"level": "WARNING", "logger": "collections_app.tests", "message": "Two\nlines of “text”"}
    assert lines.text.isascii()


def test_exception_is_part_of_its_line(lines: JsonLog) -> None:
    try:
        raise ValueError("no\nnumber")
    except ValueError:
        log.exception("It failed")
    (line,) = lines.lines
    assert line["exception"].startswith("Traceback")
    assert line["exception"].endswith("ValueError: no\nnumber")


def test_line_carries_the_request_only_while_there_is_one(lines: JsonLog) -> None:
    with use_request_id("abc"):
        log.warning("inside")
    log.warning("outside")
    assert [line.get("request_id") for line in lines.lines] == ["abc", None]


def test_extra_fields_are_written_without_secrets(lines: JsonLog) -> None:
    extra = {"token": "hidden-1", "address": "/s/hidden-2/?q=hidden-3", "count": 4, "thing": object()}
    log.warning("Extra", extra=extra)
    (line,) = lines.lines
    assert (line["token"], line["address"], line["count"]) == ("[secret]", "/s/[secret]/?q=[secret]", 4)
    assert "thing" not in line
    assert "hidden" not in lines.text


@pytest.mark.parametrize(
    "address",
    [
        "/search/?q={}",
        "/search/?team=1&q={}&page=2",
        "/s/secret-secret/search/?q={}#top",
        "/accounts/login/?next=/search/%3Fq%3D{}%26page%3D2",
        "https://example.com/search/suggestions/?q={}",
    ],
)
@pytest.mark.parametrize("query", ["white dog", 'it\'s "white"', "снег & лёд", "a;b=c"])
def test_no_line_holds_what_people_search_for(address: str, query: str, lines: JsonLog) -> None:
    for quoted in (quote(query), urlencode({"": query})[1:]):
        log.warning("Slow: %s", address.format(quote(quoted, safe="") if "%3F" in address else quoted))
    for word in re.findall(r"\w{2,}", query):
        assert word not in lines.text
        assert quote(word) not in lines.text
    assert lines.text.count("[secret]") >= 2


def test_arguments_that_cannot_be_formatted_are_logged(lines: JsonLog) -> None:
    log.warning("%d pictures", "no")
    assert lines.lines[0]["message"] == "%d pictures ('no',)"


@pytest.mark.django_db(transaction=True)
def test_no_line_of_a_whole_session_holds_a_token_a_password_or_a_query(lines: JsonLog) -> None:
    hidden = [secrets.token_urlsafe(12) for _ in range(6)]
    password, wrong, query, key, other, tag = hidden
    client = Client(raise_request_exception=False)
    client.get("/search/", {"q": query})
    fields = {"email": "new@example.com", "password1": password, "password2": password}
    assert client.post("/accounts/signup/", fields).status_code == 302
    for attempt in (wrong, password):
        Client().post("/accounts/login/", {"login": "new@example.com", "password": attempt})
    Client(enforce_csrf_checks=True).post("/accounts/login/", {"password": wrong}, headers={"referer": f"/?q={query}"})
    client.post("/accounts/password/reset/", {"email": "new@example.com"})
    client.get(f"/accounts/password/reset/key/1-{key}/")
    upload = {"files": [picture_file(), SimpleUploadedFile("broken.png", b"broken")], "new_name": "Mine", "tags": tag}
    assert client.post("/upload/", upload, headers={"accept": "application/json"}).status_code < 500
    IndexWorker().drain()
    for address in ("/search/", "/search/suggestions/", "/collections/", "/missing/"):
        client.get(address, {"q": query, "token": key})
    client.post("/search/", {"q": query})
    client.get(f"/invitations/{key}/", {"code": other})
    for method in (client.get, client.post):
        method(f"/s/{key}/search/?q={query}")
    client.get("/collections/", headers={"host": f"{key}.example.org"})
    client.get("/%2Fs%2F" + key + "/")
    client.post("/accounts/logout/")
    assert lines.find("Not Found")
    assert all(line["request_id"] for line in lines.lines if line["logger"].startswith("django"))
    assert [value for value in hidden if value in lines.text.replace(f"{key}.example.org", "")] == []


@pytest.mark.django_db
def test_failing_page_leaves_neither_its_secret_nor_its_query(
    sample: SampleTeam, lines: JsonLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ValueError(f"of /s/{link.secret}/search/?q=hidden")

    link = create_link(collection=sample.collection, creator=sample.owner)
    _, secret = invite(email="a@example.com", role="viewer", inviter=sample.owner, team=sample.team)
    monkeypatch.setattr("collections_app.views.sharing.public_links.run_search", fail)
    client = Client(raise_request_exception=False)
    assert client.get(f"/s/{link.secret}/search/", {"q": "hidden"}).status_code == 500
    client.get(f"/invitations/{secret}/nothing/")
    failed = lines.find("Internal Server Error")[0]
    assert "ValueError" in failed["exception"]
    assert failed["status_code"] == 500
    assert failed["request_id"]
    assert not re.search(f"{link.secret}|{secret}|hidden", json.dumps(lines.lines))
