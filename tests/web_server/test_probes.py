"""Probes of a real web process: as a container platform sends them, and while a service hangs."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from tests.clock import wait_until
from tests.processes.installation import Installation, Process
from tests.web_server.raw_client import RawClient, RawResponse, request_once

pytestmark = pytest.mark.process

HOST = "Host: 10.1.2.3:8000\r\n"


def request(site: Installation, path: str) -> RawResponse:
    return request_once(site.port, f"GET {path} HTTP/1.1\r\n{HOST}Connection: close\r\n\r\n")


def is_live(site: Installation, path: str) -> bool:
    with suppress(ConnectionError):
        return request(site, path).body == b"ok"
    return False


@contextmanager
def web_process(site: Installation, **settings: str) -> Iterator[Process]:
    """A web process, from when it answers."""
    process = site.start("web", **settings)
    try:
        wait_until(lambda: is_live(site, f"{settings.get('SITE_PATH', '')}/-/live/") or process.poll() is not None)
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=60)


def test_site_behind_a_proxy_is_probed_by_its_own_address_over_http(installation: Installation) -> None:
    settings = {"HTTPS": "true", "ALLOWED_HOSTS": "pictures.example.com", "SITE_PATH": "/pictures"}
    with web_process(installation, **settings):
        assert request(installation, "/pictures/-/live/").status == 200
        wait_until(lambda: request(installation, "/pictures/-/ready/").status == 200)
        assert request(installation, "/pictures/healthz/").status in (301, 400)


def test_process_lives_while_its_database_hangs(installation: Installation) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"postgresql://imagesearch:hidden@127.0.0.1:{silent.getsockname()[1]}/site"
        with (
            web_process(installation, DATABASE_URL=address, ALLOWED_HOSTS="*"),
            RawClient(installation.port) as hanging,
        ):
            hanging.send(f"GET /healthz/ HTTP/1.1\r\n{HOST}\r\n")
            ready = request(installation, "/-/ready/")
            live = request(installation, "/-/live/")
    assert ready.status == 503
    states = json.loads(ready.body)
    assert not states["database"]["ok"]
    assert not states["migrations"]["ok"]
    assert states["storage"]["ok"]
    assert b"hidden" not in ready.body
    assert live.status == 200
