"""Requests that Django itself refuses: scripts get a sentence as JSON, people a page, and no traceback is logged."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from pytest_django import Settings

from tests.sample_team import SampleTeam, picture_file, sign_in_client

JSON = {"Accept": "application/json"}


@pytest.fixture
def address(sample: SampleTeam) -> str:
    return f"/collections/{sample.collection.pk}/upload/"


@pytest.fixture
def console(settings: Settings) -> Any:
    """The handler of the site's log, which writes to a list."""
    written: list[str] = []

    class Console(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            written.append(self.format(record))

    handler = Console()
    handler.filters = [each for found in logging.getLogger("django").handlers for each in found.filters]
    logging.getLogger("django").addHandler(handler)
    yield written
    logging.getLogger("django").removeHandler(handler)


def post_long_name(client: Client, address: str, headers: dict[str, str]) -> Any:
    """The test client would shorten the name itself."""
    body = encode_multipart(BOUNDARY, {"files": picture_file("short.png")}).replace(b"short.png", b"x" * 2000 + b".png")
    return client.generic("POST", address, body, MULTIPART_CONTENT, headers=headers)


def post_many_files(client: Client, address: str, headers: dict[str, str]) -> Any:
    files = [SimpleUploadedFile(f"{number}.png", b"x") for number in range(1001)]
    return client.post(address, {"files": files}, headers=headers)


def post_many_fields(client: Client, address: str, headers: dict[str, str]) -> Any:
    return client.post(address, {f"field{number}": "x" for number in range(6000)}, headers=headers)


def post_far_too_much(client: Client, address: str, headers: dict[str, str]) -> Any:
    extra: Any = {"CONTENT_LENGTH": str(5 * 2**30)}
    return client.generic("POST", address, b"x", MULTIPART_CONTENT, headers=headers, **extra)


def post_malformed(client: Client, address: str, headers: dict[str, str]) -> Any:
    return client.generic("POST", address, b"x", "multipart/form-data; boundary=", headers=headers)


def post_other_host(client: Client, address: str, headers: dict[str, str]) -> Any:
    return client.post(address, {}, headers=headers | {"Host": "elsewhere.example"})


Post = Callable[[Client, str, dict[str, str]], Any]
REFUSED: list[tuple[Post, str]] = [
    (post_long_name, "The name of a file is too long."),
    (post_many_files, "too many files"),
    (post_many_fields, "too many fields"),
    (post_far_too_much, "too large"),
    (post_malformed, "arrived incomplete"),
    (post_other_host, "isn't set up for this address"),
]


@pytest.mark.parametrize(("post", "sentence"), REFUSED)
def test_a_script_gets_a_sentence_and_the_log_no_traceback(
    post: Post, sentence: str, address: str, sample: SampleTeam, settings: Settings, console: list[str]
) -> None:
    settings.ALLOWED_HOSTS = ["testserver"]
    answer = post(sign_in_client(sample.owner), address, JSON)
    assert answer.status_code == 400
    assert sentence in answer.json()["error"]
    assert answer.json()["code"] == "bad_request"
    assert not any("Traceback" in line for line in console)


@pytest.mark.parametrize(("post", "sentence"), REFUSED)
def test_a_person_gets_a_page_with_the_sentence(
    post: Post, sentence: str, address: str, sample: SampleTeam, settings: Settings
) -> None:
    settings.ALLOWED_HOSTS = ["testserver"]
    answer = post(sign_in_client(sample.owner), address, {})
    assert answer.status_code == 400
    assert sentence.replace("'", "&#x27;") in answer.content.decode()


def test_a_script_with_an_expired_page_gets_a_sentence(address: str, sample: SampleTeam) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(sample.owner)
    answer = client.post(address, {"files": picture_file()}, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf")
    assert answer.json()["error"].endswith(".")


def test_a_script_gets_a_sentence_for_what_is_not_there_or_not_allowed(
    address: str, as_viewer: Client, as_outsider: Client
) -> None:
    denied = as_viewer.post(address, {"files": picture_file()}, headers=JSON)
    assert (denied.status_code, denied.json()["code"]) == (403, "forbidden")
    missing = as_outsider.post(address, {"files": picture_file()}, headers=JSON)
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
    assert as_outsider.get("/nowhere/", headers=JSON).json()["error"].endswith(".")


def test_a_long_suffix_is_no_failure_of_the_disk(address: str, as_owner: Client, settings: Settings) -> None:
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 10
    body = encode_multipart(BOUNDARY, {"files": picture_file("short.png", "navy")})
    body = body.replace(b"short.png", b"a." + b"x" * 300)
    assert as_owner.generic("POST", address, body, MULTIPART_CONTENT, headers=JSON).status_code == 201


def test_a_request_that_ends_too_early_is_refused(address: str, as_owner: Client) -> None:
    body = encode_multipart(BOUNDARY, {"files": picture_file()})[:-90]
    answer = as_owner.generic("POST", address, body, MULTIPART_CONTENT, headers=JSON)
    assert answer.status_code in (200, 400)
    assert answer.json()


@pytest.mark.parametrize("address", ["/", "/collections/1/", "/images/1/favourite/", "/images/1/edit/"])
def test_htmx_replaces_nothing_after_signing_out_and_says_why(address: str, client: Client, db: None) -> None:
    """htmx would put the empty answer in the place of a heart, of a form or of the link to further pictures."""
    answer = client.get(address, headers={"HX-Request": "true"})
    assert answer.headers["HX-Reswap"] == "none"
    assert "You are signed out." in answer.headers["HX-Trigger"]
    assert answer.content == b""
