"""Fixtures: a web server in this process, with a small application and short deadlines."""

import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

from collections_app.management.web_server.process import open_listener
from collections_app.management.web_server.requests import Deadlines
from collections_app.management.web_server.server import WebServer
from tests.processes.installation import Installation, make_installation

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class StartServer(Protocol):
    def __call__(self, application: Application, *, deadlines: Deadlines = ...) -> int: ...


SHORT = Deadlines(
    headers_s=1, form_s=1, upload_silence_s=1, idle_s=1, unread_s=1, stream_grace_s=1, drain_s=1, upload_bytes_per_s=10
)


@pytest.fixture
def start_server() -> Iterator[StartServer]:
    """Start a server on a free port of this machine and return its port."""
    stop = threading.Event()
    threads: list[threading.Thread] = []

    def start(application: Application, *, deadlines: Deadlines = SHORT) -> int:
        listener = open_listener("127.0.0.1", 0)
        server = WebServer(application, listener=listener, deadlines=deadlines)

        def run() -> None:
            server.run(stop.is_set)
            server.close(timeout_s=1)

        threads.append(threading.Thread(target=run))
        threads[-1].start()
        return int(listener.getsockname()[1])

    yield start
    stop.set()
    for thread in threads:
        thread.join()


def answer_path(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """An application that reads the whole body and answers with the path and the body's length."""
    body = environ["wsgi.input"].read()
    text = f"{environ['PATH_INFO']} {len(body)}".encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(text)))])
    return [text]


def connect_without_reading(port: int) -> socket.socket:
    """Return a connection whose receive buffer is small, so that the server soon waits for its client."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", port))
    return client


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    return make_installation(tmp_path / "data")
