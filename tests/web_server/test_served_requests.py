"""What clients get from a site that `serve` runs: unusual, large, ambiguous and slow requests."""

import json
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote

import pytest
import requests

from tests.processes.installation import PASSWORD, Installation, make_installation
from tests.processes.visitor import Visitor
from tests.web_server.raw_client import RawClient, RawResponse, request_once

pytestmark = pytest.mark.process

HOST = "Host: localhost\r\n"
JSON = "Accept: application/json\r\n"
CLOSE = "Connection: close\r\n"
FOUR_GIB = 4 * 2**30


@pytest.fixture(scope="module")
def log_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("log") / "site.log"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, log_path: Path) -> Iterator[Installation]:
    """One site for all tests of this module. Its output is in `log_path`."""
    installation = make_installation(tmp_path_factory.mktemp("site"))
    with log_path.open("w") as log:
        process = installation.serve(log=log, HTTPS="")
        yield installation
        process.terminate()
        process.wait(timeout=60)


@pytest.fixture(scope="module")
def visitor(site: Installation) -> Visitor:
    visitor = Visitor(site.address)
    visitor.upload(7)
    return visitor


def cookies_of(visitor: Visitor) -> str:
    return "Cookie: " + "; ".join(f"{each.name}={each.value}" for each in visitor.session.cookies) + "\r\n"


def parse_json(response: RawResponse) -> dict[str, str]:
    assert response.headers["content-type"].startswith("application/json")
    answer: dict[str, str] = json.loads(response.body)
    return answer


def assert_healthy(site: Installation) -> None:
    assert requests.get(f"{site.address}/healthz/", timeout=10).status_code == 200


@pytest.mark.parametrize(
    "beginning",
    [
        "GE",
        "GET /accounts/login/ HTTP/1.1\r\nHost: localh",
        "POST /accounts/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500\r\n\r\nlogin=a",
        "POST /accounts/login/ HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nlo",
    ],
)
def test_half_sent_requests_keep_nobody_waiting(site: Installation, beginning: str) -> None:
    with ExitStack() as clients:
        for _ in range(120):
            clients.enter_context(RawClient(site.port)).send(beginning)
        assert_healthy(site)
        assert requests.get(f"{site.address}/accounts/login/", timeout=10).status_code == 200


def test_slow_uploads_keep_nobody_waiting(site: Installation, visitor: Visitor) -> None:
    start = f"POST /upload/ HTTP/1.1\r\n{HOST}{cookies_of(visitor)}Content-Type: multipart/form-data; boundary=x\r\n"
    with ExitStack() as clients:
        for _ in range(24):
            clients.enter_context(RawClient(site.port)).send(start, "Content-Length: 2000000\r\n\r\n--x\r\n")
        assert_healthy(site)
        assert visitor.upload(8) in (200, 201)


def test_form_sent_in_chunks_signs_in(site: Installation) -> None:
    with requests.Session() as session:
        session.get(f"{site.address}/accounts/login/", timeout=60)
        fields = f"csrfmiddlewaretoken={session.cookies['csrftoken']}&login=a%40example.com&password={PASSWORD}"
        parts = iter([fields[:40].encode(), fields[40:].encode()])
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = session.post(f"{site.address}/accounts/login/", data=parts, headers=headers, timeout=60)
        assert (answer.status_code, answer.url) == (200, f"{site.address}/")


def test_picture_sent_in_chunks_is_stored(site: Installation, visitor: Visitor) -> None:
    prepared = requests.Request(
        "POST",
        f"{site.address}/upload/",
        files={"files": ("9.png", Visitor.picture(9))},
        data={"new_name": "Mine", "csrfmiddlewaretoken": visitor.token},
        headers={"Accept": "application/json"},
    )
    request = visitor.session.prepare_request(prepared)
    body = request.body
    assert isinstance(body, bytes)
    headers = {"Content-Type": request.headers["Content-Type"], "Accept": "application/json"}
    chunks = (body[start : start + 100] for start in range(0, len(body), 100))
    answer = visitor.session.post(f"{site.address}/upload/", data=chunks, headers=headers, timeout=60)
    assert answer.status_code == 201, answer.text


def test_body_over_four_gib_is_refused_in_json_without_a_traceback(
    site: Installation, visitor: Visitor, log_path: Path
) -> None:
    start = f"POST /upload/ HTTP/1.1\r\n{HOST}{cookies_of(visitor)}{JSON}"
    kind = "Content-Type: multipart/form-data; boundary=x\r\n"
    response = request_once(site.port, start, kind, f"Content-Length: {FOUR_GIB + 2**21}\r\n\r\n--x\r\n")
    assert response.status == 413
    assert parse_json(response)["error"] == "The request is too large. Send fewer or smaller files, or less text."
    assert "Traceback" not in log_path.read_text()


def test_large_form_of_a_signed_in_person_is_refused_in_json(
    site: Installation, visitor: Visitor, log_path: Path
) -> None:
    start = f"POST /collections/new/ HTTP/1.1\r\n{HOST}{cookies_of(visitor)}{JSON}"
    kind = "Content-Type: application/x-www-form-urlencoded\r\n"
    response = request_once(site.port, start, kind, "Content-Length: 4000000\r\n\r\n", b"n" * 300_000)
    assert (response.status, parse_json(response)["code"]) == (413, "too_large")
    assert "Traceback" not in log_path.read_text()


def test_large_form_of_a_stranger_is_refused_with_a_page(site: Installation) -> None:
    headers = f"{HOST}Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100000000\r\n"
    response = request_once(site.port, "POST /accounts/login/ HTTP/1.1\r\n", headers, "\r\nlogin=")
    assert response.status == 413
    assert "The request is too large." in response.body.decode()
    assert response.headers["content-type"].startswith("text/html")
    assert response.headers["cross-origin-resource-policy"] == "same-origin"


def test_chunked_body_of_a_stranger_is_cut_off(site: Installation) -> None:
    with RawClient(site.port) as client:
        client.send(f"POST /accounts/login/ HTTP/1.1\r\n{HOST}{JSON}Transfer-Encoding: chunked\r\n\r\n")
        chunk = b"10000\r\n" + b"a" * 0x10000 + b"\r\n"
        client.send(chunk * 6)
        response = client.read_response()
    assert (response.status, parse_json(response)["code"]) == (413, "too_large")


def test_files_of_a_signed_out_person_are_refused_before_they_arrive(site: Installation) -> None:
    """The script of the upload page shows this sentence and keeps its queue."""
    kind = "Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 9000000\r\n"
    response = request_once(site.port, f"POST /upload/ HTTP/1.1\r\n{HOST}{JSON}{kind}\r\n--x\r\n")
    assert response.status == 401
    assert parse_json(response) == {"error": "You are signed out. Sign in and try again.", "code": "signed_out"}


def test_forged_upload_pass_gives_no_right(site: Installation) -> None:
    kind = "Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 9000000\r\n"
    cookie = "Cookie: upload_pass=1:1abcde:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n"
    response = request_once(site.port, f"POST /upload/ HTTP/1.1\r\n{HOST}{JSON}{cookie}{kind}\r\n--x\r\n")
    assert response.status == 401


def test_refused_client_that_waits_to_continue_is_not_told_to(site: Installation) -> None:
    headers = f"{HOST}Expect: 100-continue\r\nContent-Length: 100000000\r\n\r\n"
    assert request_once(site.port, "POST /accounts/login/ HTTP/1.1\r\n", headers).status == 413


def test_client_that_waits_to_continue_is_told_to(site: Installation) -> None:
    with RawClient(site.port) as client:
        client.send(f"POST /accounts/login/ HTTP/1.1\r\n{HOST}Expect: 100-continue\r\nContent-Length: 5\r\n\r\n")
        assert client.read_response().status == 100
        client.send("login")
        assert client.read_response().status == 403


def test_request_without_a_body_does_not_wait_to_continue(site: Installation) -> None:
    response = request_once(site.port, f"GET /healthz/ HTTP/1.1\r\n{HOST}Expect: 100-continue\r\n{CLOSE}\r\n")
    assert response.status == 200


@pytest.mark.parametrize("count", [480, 500, 900])
def test_search_of_many_chinese_characters_is_answered(site: Installation, visitor: Visitor, count: int) -> None:
    assert visitor.search("海" * count) == 200


@pytest.mark.parametrize("count", [30_000, 400_000])
def test_address_that_is_too_long_is_refused_with_a_sentence(site: Installation, count: int) -> None:
    address = f"/search/?q={quote('海' * (count // 3))}"
    response = request_once(site.port, f"GET {address} HTTP/1.1\r\n{HOST}{JSON}\r\n")
    assert response.status == 414
    assert "The address is too long. Use a shorter search." in response.body.decode()
    page = request_once(site.port, f"GET {address} HTTP/1.1\r\n{HOST}Accept: text/html\r\n\r\n")
    assert page.status == 414
    assert "<h1>" in page.body.decode()


def test_headers_that_are_too_large_are_refused_with_a_sentence(site: Installation) -> None:
    response = request_once(site.port, f"GET / HTTP/1.1\r\n{HOST}{JSON}Cookie: a={'b' * 200_000}\r\n\r\n")
    assert (response.status, parse_json(response)["code"]) == (431, "headers_too_large")


def test_refusal_speaks_the_language_of_the_browser(site: Installation) -> None:
    headers = f"{HOST}{JSON}Accept-Language: ru\r\nContent-Length: 100000000\r\n\r\n"
    response = request_once(site.port, "POST /accounts/login/ HTTP/1.1\r\n", headers)
    assert parse_json(response)["error"].startswith("Запрос слишком")


@pytest.mark.parametrize(
    "request_text",
    [
        f"POST /accounts/login/ HTTP/1.1\r\n{HOST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        f"POST /accounts/login/ HTTP/1.1\r\n{HOST}Content-Length: 5\r\nContent-Length: 6\r\n\r\nlogin",
        f"POST /accounts/login/ HTTP/1.1\r\n{HOST}Content-Length: -5\r\n\r\nlogin",
        f"POST /accounts/login/ HTTP/1.1\r\n{HOST}Content-Length: +5\r\n\r\nlogin",
        f"POST /accounts/login/ HTTP/1.1\r\n{HOST}Content-Length : 5\r\n\r\nlogin",
        f"POST /accounts/login/ HTTP/1.1\r\n{HOST}Content-Length: 5\n\r\n\r\nlogin",
        f"POST /accounts/login/ HTTP/1.0\r\n{HOST}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        f"POST /accounts/login/ HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        f"POST /accounts/login/ HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked\r\n\r\n{'1' * 10_000}",
        f"GET / HTTP/9.9\r\n{HOST}\r\n",
        "GET\r\n\r\n",
        "nonsense nonsense nonsense nonsense\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    ],
)
def test_ambiguous_or_malformed_request_is_refused_and_the_connection_closed(
    site: Installation, request_text: str, log_path: Path
) -> None:
    with RawClient(site.port) as client:
        client.send(request_text, f"GET /healthz/ HTTP/1.1\r\n{HOST}\r\n")
        response = client.read_response()
        assert response.status == 400
        assert client.is_closed()
    assert "Traceback" not in log_path.read_text()


def test_unknown_transfer_coding_is_refused(site: Installation) -> None:
    text = f"POST / HTTP/1.1\r\n{HOST}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"
    assert request_once(site.port, text).status == 501


def test_requests_sent_at_once_are_answered_in_order(site: Installation) -> None:
    with RawClient(site.port) as client:
        login = f"GET /accounts/login/ HTTP/1.1\r\n{HOST}\r\n"
        client.send(login, f"GET /healthz/ HTTP/1.1\r\n{HOST}\r\n" * 3)
        assert b"<h1" in client.read_response().body
        assert [client.read_response().body for _ in range(3)] == [b"ok"] * 3


@pytest.mark.parametrize("path", ["/healthz/", "/accounts/login/", "/", "/static/css/base.css"])
def test_head_has_the_headers_of_get_and_no_body(site: Installation, path: str) -> None:
    with RawClient(site.port) as client:
        client.send(f"HEAD {path} HTTP/1.1\r\n{HOST}\r\n", f"GET {path} HTTP/1.1\r\n{HOST}\r\n")
        head, get = client.read_response(has_body=False), client.read_response()
    assert head.status == get.status
    if path != "/accounts/login/":  # its page has a token that is made again
        assert head.headers.get("content-length") == get.headers.get("content-length")


def test_picture_is_sent_whole_then_not_modified(site: Installation, visitor: Visitor) -> None:
    page = visitor.session.get(f"{site.address}/", timeout=60).text
    match = re.search(r"/images/(\d+)/thumbnail/", page)
    assert match
    address = f"{site.address}/images/{match[1]}/file/"
    first = visitor.session.get(address, timeout=60)
    assert (first.status_code, len(first.content)) == (200, int(first.headers["Content-Length"]))
    head = visitor.session.head(address, timeout=60)
    assert head.headers["Content-Length"] == first.headers["Content-Length"]
    again = visitor.session.get(address, headers={"If-None-Match": first.headers["ETag"]}, timeout=60)
    assert (again.status_code, again.content) == (304, b"")


def test_upload_pass_comes_with_sign_in_and_goes_with_sign_out(site: Installation) -> None:
    visitor = Visitor(site.address)
    (cookie,) = [each for each in visitor.session.cookies if each.name == "upload_pass"]
    assert cookie.has_nonstandard_attr("HttpOnly")
    visitor.submit("/accounts/logout/")
    assert "upload_pass" not in visitor.session.cookies


def test_page_is_whole_for_a_client_that_reads_slowly(site: Installation) -> None:
    with RawClient(site.port) as client:
        client.send(f"GET /static/css/base.css HTTP/1.1\r\n{HOST}\r\n")
        time.sleep(0.5)
        response = client.read_response()
    assert len(response.body) == int(response.headers["content-length"])


def test_proxy_on_this_machine_may_say_that_its_client_uses_https(site: Installation) -> None:
    """The form's origin is https; without the header Django takes the site for one that is reached over http."""
    for proto, status in (("", 403), ("X-Forwarded-Proto: https\r\n", 200)):
        with requests.Session() as session:
            session.get(f"{site.address}/accounts/login/", timeout=60)
            token = session.cookies["csrftoken"]
            body = f"csrfmiddlewaretoken={token}&login=x%40example.com&password=y"
            headers = f"{HOST}Origin: https://localhost\r\nReferer: https://localhost/\r\nCookie: csrftoken={token}\r\n"
            kind = f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n"
            text = f"POST /accounts/login/ HTTP/1.1\r\n{headers}{proto}{kind}\r\n{body}"
            assert request_once(site.port, text).status == status


def test_log_of_all_this_has_no_traceback(site: Installation, log_path: Path) -> None:
    assert "Traceback" not in log_path.read_text()
