"""Slow, silent and many clients of one web process: each is disconnected in time, and its resources are freed."""

import logging
import select
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from collections_app.management.web_server.requests import Deadlines
from collections_app.services.uploads.upload_pass import make_upload_pass
from tests.clock import wait_until
from tests.web_server.conftest import StartServer, answer_path, connect_without_reading
from tests.web_server.raw_client import RawClient, RawResponse, request_once

HOST = "Host: localhost\r\n"
MULTIPART = "Content-Type: multipart/form-data; boundary=x\r\n"
PIECE = b"x" * 65536


def pass_cookie(account: int = 1) -> str:
    return f"Cookie: upload_pass={make_upload_pass(account)}\r\n"


class EndlessDownload:
    """An application whose responses never end. It counts the open ones."""

    def __init__(self) -> None:
        self.open = 0
        self.closed = threading.Event()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] != "/pictures/download/":
            return answer_path(environ, start_response)
        start_response("200 OK", [("Content-Type", "application/zip")])
        return self._make_pieces()

    def _make_pieces(self) -> Iterator[bytes]:
        self.open += 1
        try:
            while True:
                yield PIECE
        finally:
            self.open -= 1


@pytest.mark.parametrize(
    "beginning", ["GE", "GET / HTTP/1.1\r\nHo", f"POST / HTTP/1.1\r\n{HOST}Content-Length: 9\r\n\r\n"]
)
def test_request_that_does_not_arrive_is_refused_in_time(start_server: StartServer, beginning: str) -> None:
    with RawClient(start_server(answer_path)) as client:
        client.send(beginning)
        response = client.read_response()
        assert response.status == 408
        assert b"The request took too long to arrive." in response.body
        assert client.is_closed()


def test_byte_by_byte_does_not_extend_the_deadline(start_server: StartServer) -> None:
    with RawClient(start_server(answer_path)) as client:
        stop = threading.Event()

        def trickle() -> None:
            while not stop.wait(0.2):
                client.send("a")

        client.send("GET / HTTP/1.1\r\nX: ")
        sender = threading.Thread(target=trickle)
        sender.start()
        assert client.read_response().status == 408
        stop.set()
        sender.join()


def test_silent_connection_is_closed(start_server: StartServer) -> None:
    with RawClient(start_server(answer_path)) as client:
        assert client.is_closed()


def test_connection_that_was_used_is_closed_when_it_is_silent(start_server: StartServer) -> None:
    with RawClient(start_server(answer_path)) as client:
        client.send(f"GET / HTTP/1.1\r\n{HOST}\r\n")
        assert client.read_response().status == 200
        assert client.is_closed()


def test_upload_with_a_pass_may_take_longer_than_a_form(start_server: StartServer) -> None:
    with RawClient(start_server(answer_path)) as client:
        client.send(f"POST / HTTP/1.1\r\n{HOST}{pass_cookie()}{MULTIPART}Content-Length: 150\r\n\r\n")
        for _ in range(15):
            threading.Event().wait(0.2)
            client.send("0123456789")
        assert client.read_response().body == b"/ 150"


def test_upload_that_falls_silent_is_refused(start_server: StartServer) -> None:
    with RawClient(start_server(answer_path)) as client:
        client.send(f"POST / HTTP/1.1\r\n{HOST}{pass_cookie()}{MULTIPART}Content-Length: 150\r\n\r\nabc")
        assert client.read_response().status == 408


def test_download_that_nobody_reads_is_closed_and_frees_its_thread(start_server: StartServer) -> None:
    downloads = EndlessDownload()
    port = start_server(downloads)
    client = connect_without_reading(port)
    client.sendall(f"POST /pictures/download/ HTTP/1.1\r\n{HOST}Content-Length: 0\r\n\r\n".encode())
    wait_until(lambda: downloads.open == 1)
    wait_until(lambda: downloads.open == 0)
    client.close()


def test_downloads_that_nobody_reads_keep_no_other_request_waiting(start_server: StartServer) -> None:
    downloads = EndlessDownload()
    port = start_server(downloads)
    with ExitStack() as clients:
        for _ in range(12):
            client = clients.enter_context(connect_without_reading(port))
            client.sendall(f"POST /pictures/download/ HTTP/1.1\r\n{HOST}Content-Length: 0\r\n\r\n".encode())
        for path in ("/healthz/", "/", "/search/", "/upload/", "/images/1/thumbnail/"):
            assert request_once(port, f"GET {path} HTTP/1.1\r\n{HOST}\r\n").body == f"{path} 0".encode()


def test_file_that_nobody_reads_holds_no_thread(start_server: StartServer, tmp_path: Path) -> None:
    path = tmp_path / "large.bin"
    path.write_bytes(b"0" * 30_000_000)

    def send_file(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] != "/file":
            return answer_path(environ, start_response)
        start_response("200 OK", [("Content-Length", str(path.stat().st_size))])
        response: Iterable[bytes] = environ["wsgi.file_wrapper"](path.open("rb"))
        return response

    port = start_server(send_file)
    with ExitStack() as clients:
        for _ in range(40):
            client = clients.enter_context(connect_without_reading(port))
            client.sendall(f"GET /file HTTP/1.1\r\n{HOST}\r\n".encode())
        assert request_once(port, f"GET /page HTTP/1.1\r\n{HOST}\r\n").body == b"/page 0"


def test_new_client_replaces_a_waiting_one_of_the_client_with_the_most(
    start_server: StartServer, settings: Settings
) -> None:
    settings.WEB_MAX_CONNECTIONS = 20
    port = start_server(answer_path)
    with ExitStack() as clients:
        for _ in range(60):
            clients.enter_context(RawClient(port)).send("GET / HTTP/1.1\r\nHo")
        assert request_once(port, f"GET /page HTTP/1.1\r\n{HOST}\r\n").body == b"/page 0"


def test_bodies_together_are_limited_and_freed(start_server: StartServer, settings: Settings) -> None:
    settings.WEB_MAX_BODIES_MB = 2
    port = start_server(answer_path, deadlines=Deadlines())
    refused = send_parts(port, accounts=[1, 2, 3])
    assert refused.status == 503
    assert refused.headers["retry-after"]
    assert b"too many uploads" in refused.body
    wait_until(lambda: send_whole_body(port, account=3) == 200)


def test_one_account_gets_half_of_what_all_bodies_may_take(start_server: StartServer, settings: Settings) -> None:
    settings.WEB_MAX_BODIES_MB = 2
    port = start_server(answer_path, deadlines=Deadlines())
    assert send_parts(port, accounts=[1, 1]).status == 503
    assert send_whole_body(port, account=2) == 200


def send_parts(port: int, accounts: list[int]) -> RawResponse:
    """Send most of one body for each account at the same time; return the first response."""
    with ExitStack() as stack:
        clients = [stack.enter_context(RawClient(port)) for _ in accounts]
        for client, account in zip(clients, accounts, strict=True):
            start = f"POST / HTTP/1.1\r\n{HOST}{pass_cookie(account)}{MULTIPART}Content-Length: 1000000\r\n\r\n"
            client.send(start, b"x" * 800_000)
        answered, _, _ = select.select([client.socket for client in clients], [], [], 60)
        return next(client for client in clients if client.socket in answered).read_response()


def send_whole_body(port: int, account: int) -> int:
    start = f"POST / HTTP/1.1\r\n{HOST}{pass_cookie(account)}{MULTIPART}Content-Length: 900000\r\n\r\n"
    return request_once(port, start, b"x" * 900_000).status


def test_body_is_stored_without_a_name_in_the_data_directory(
    start_server: StartServer, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    port = start_server(answer_path, deadlines=Deadlines())
    with RawClient(port) as client:
        client.send(
            f"POST / HTTP/1.1\r\n{HOST}{pass_cookie()}{MULTIPART}Content-Length: 900000\r\n\r\n", b"x" * 800_000
        )
        assert list(tmp_path.iterdir()) == []
        client.send(b"x" * 100_000)
        assert client.read_response().body == b"/ 900000"


def test_refused_client_that_keeps_sending_reads_the_refusal(start_server: StartServer) -> None:
    with RawClient(start_server(answer_path)) as client:
        client.send(f"POST / HTTP/1.1\r\n{HOST}Content-Length: 20000000\r\n\r\n", b"x" * 3_000_000)
        assert client.read_response().status == 413


def test_proxy_headers_reach_the_application(start_server: StartServer) -> None:
    def answer_headers(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        names = ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST", "HTTP_FORWARDED")
        start_response("200 OK", [])
        return [" ".join([environ["REMOTE_ADDR"], *(environ.get(name, "-") for name in names)]).encode()]

    headers = "X-Forwarded-For: 9.9.9.9, 8.8.8.8\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: a.example\r\n"
    response = request_once(
        start_server(answer_headers), f"GET / HTTP/1.1\r\n{HOST}{headers}Forwarded: for=7.7.7.7\r\n\r\n"
    )
    assert response.body == b"127.0.0.1 9.9.9.9, 8.8.8.8 https a.example for=7.7.7.7"


def test_response_that_fails_while_it_is_sent_is_logged(
    start_server: StartServer, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Length", "100")])
        yield b"begin"
        raise OSError("The storage is away.")

    logger = logging.getLogger("collections_app")
    logger.addHandler(caplog.handler)
    with RawClient(start_server(fail)) as client:
        client.send(f"GET /a HTTP/1.1\r\n{HOST}\r\n")
        assert client.read_response().body == b"begin"
    logger.removeHandler(caplog.handler)
    assert "The storage is away." in caplog.text
