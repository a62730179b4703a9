"""How the kinds of requests share the threads of a web process."""

import threading
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from typing import Any

import pytest
from django.urls import get_resolver
from pytest_django import Settings

from collections_app.management.web_server.queues import MAX_WAITING_PER_THREAD, REQUEST_KINDS, get_kind
from tests.clock import wait_until
from tests.web_server.conftest import StartServer, answer_path
from tests.web_server.raw_client import RawClient, request_once

HOST = "Host: localhost\r\n"
PATHS = {
    "search": "/search/",
    "upload": "/upload/",
    "bulk": "/pictures/tag/",
    "file": "/images/1/thumbnail/",
    "page": "/teams/",
    "health": "/healthz/",
    "live": "/-/live/",
    "ready": "/-/ready/",
}


class BlockedPaths:
    """An application whose responses to some paths wait until they are released."""

    def __init__(self, *paths: str) -> None:
        self._paths = set(paths)
        self._lock = threading.Lock()
        self.running = 0
        self.most = 0
        self.release = threading.Event()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] in self._paths:
            with self._lock:
                self.running += 1
                self.most = max(self.most, self.running)
            self.release.wait(60)
            with self._lock:
                self.running -= 1
        return answer_path(environ, start_response)


@pytest.mark.parametrize("blocked", PATHS)
def test_requests_of_one_kind_keep_no_other_kind_waiting(start_server: StartServer, blocked: str) -> None:
    application = BlockedPaths(PATHS[blocked])
    port = start_server(application)
    with ExitStack() as clients:
        for _ in range(30):
            clients.enter_context(RawClient(port)).send(f"GET {PATHS[blocked]} HTTP/1.1\r\n{HOST}\r\n")
        wait_until(lambda: application.running > 0)
        for kind in PATHS.keys() - {blocked}:
            assert request_once(port, f"GET {PATHS[kind]} HTTP/1.1\r\n{HOST}\r\n").status == 200
        application.release.set()


def test_all_slow_kinds_together_keep_pages_and_health_answering(start_server: StartServer) -> None:
    slow = [PATHS[kind] for kind in ("search", "upload", "bulk", "file")]
    application = BlockedPaths(*slow)
    port = start_server(application)
    with ExitStack() as clients:
        for path in slow * 20:
            clients.enter_context(RawClient(port)).send(f"GET {path} HTTP/1.1\r\n{HOST}\r\n")
        wait_until(lambda: application.running == 7)
        for kind in ("page", "health"):
            assert request_once(port, f"GET {PATHS[kind]} HTTP/1.1\r\n{HOST}\r\n").status == 200
        application.release.set()


def test_searches_at_once_are_limited_and_all_are_answered(start_server: StartServer, settings: Settings) -> None:
    settings.WEB_MAX_SEARCHES = 2
    application = BlockedPaths("/search/")
    port = start_server(application)
    with ExitStack() as stack:
        clients = [stack.enter_context(RawClient(port)) for _ in range(20)]
        for client in clients:
            client.send(f"GET /search/ HTTP/1.1\r\n{HOST}\r\n")
        wait_until(lambda: application.running == 2)
        application.release.set()
        assert [client.read_response().status for client in clients] == [200] * 20
    assert application.most == 2


def test_too_many_waiting_requests_are_refused_with_a_sentence(start_server: StartServer, settings: Settings) -> None:
    settings.WEB_MAX_SEARCHES = 1
    application = BlockedPaths("/search/")
    port = start_server(application)
    with ExitStack() as stack:
        clients = [stack.enter_context(RawClient(port)) for _ in range(MAX_WAITING_PER_THREAD + 2)]
        for client in clients[:1]:
            client.send(f"GET /search/ HTTP/1.1\r\n{HOST}\r\n")
        wait_until(lambda: application.running == 1)
        for client in clients[1:]:
            client.send(f"GET /search/ HTTP/1.1\r\n{HOST}\r\n")
        refused = clients[-1].read_response()
        assert refused.status == 503
        assert b"Too many people are using the site." in refused.body
        application.release.set()
        assert [client.read_response().status for client in clients[:-1]] == [200] * (MAX_WAITING_PER_THREAD + 1)


def test_request_of_a_client_that_has_gone_is_not_run(start_server: StartServer, settings: Settings) -> None:
    settings.WEB_MAX_SEARCHES = 1
    application = BlockedPaths("/search/")
    seen: list[str] = []

    def record(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        seen.append(environ["QUERY_STRING"])
        return application(environ, start_response)

    port = start_server(record)
    with RawClient(port) as first, RawClient(port) as last:
        first.send(f"GET /search/?q=first HTTP/1.1\r\n{HOST}\r\n")
        wait_until(lambda: application.running == 1)
        with RawClient(port) as gone:
            gone.send(f"GET /search/?q=gone HTTP/1.1\r\n{HOST}\r\n")
        threading.Event().wait(0.5)
        last.send(f"GET /search/?q=last HTTP/1.1\r\n{HOST}\r\n")
        application.release.set()
        assert first.read_response().status == last.read_response().status == 200
    assert seen == ["q=first", "q=last"]


def test_each_name_in_the_table_is_an_address() -> None:
    known = {name for name in get_resolver().reverse_dict if isinstance(name, str)}
    assert set().union(*REQUEST_KINDS.values()) <= known


@pytest.mark.parametrize(("path", "kind"), [(path, kind) for kind, path in PATHS.items()])
def test_kind_is_found_by_path(path: str, kind: str) -> None:
    assert get_kind(path) == kind
    assert get_kind("/nowhere/ü\xff") == "page"


def test_kind_is_found_below_the_path_of_the_site(settings: Settings) -> None:
    settings.SITE_PATH = "/photos"
    assert get_kind("/photos/search/") == "search"
