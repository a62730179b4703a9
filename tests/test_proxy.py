"""nginx before the site: what `deploy/nginx.conf` says, and what a real nginx with it passes on."""

import http.client
import re
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

from collections_app.management.web_server import requests
from tests.mail_server import write_certificate
from tests.processes.installation import find_free_port
from tests.test_documents import ROOT

START_S = 20


def read_nginx() -> str:
    return (ROOT / "deploy" / "nginx.conf").read_text()


def test_proxy_leaves_the_size_of_bodies_to_the_site() -> None:
    """Otherwise a change of MAX_ARCHIVE_MB would have to be made twice, and strangers could fill the proxy's disk."""
    assert "client_max_body_size 0;" in read_nginx()
    assert "proxy_request_buffering off;" in read_nginx()
    assert "proxy_buffering on;" in read_nginx()


def test_proxy_passes_on_addresses_and_heads_that_the_site_accepts() -> None:
    found = re.search(r"large_client_header_buffers (\d+) (\d+)k;", read_nginx())
    assert found
    count, size = int(found[1]), int(found[2]) * 1024
    assert size > requests.MAX_ADDRESS_BYTES
    assert count * size >= requests.MAX_HEADER_BYTES


def test_proxy_reports_the_client_and_the_scheme_as_the_settings_expect() -> None:
    compose = yaml.safe_load((ROOT / "compose.production.yaml").read_text())
    settings = compose["services"]["web"]["environment"]
    assert settings["HTTPS"] == "true"
    assert settings["TRUSTED_PROXY_COUNT"] == "1"
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in read_nginx()
    assert "proxy_set_header X-Forwarded-Proto $scheme;" in read_nginx()
    assert "proxy_set_header Host $http_host;" in read_nginx()


def test_proxy_serves_a_site_below_a_path_and_hides_its_probes() -> None:
    """An address without a path after `proxy_pass` leaves the path as it is."""
    assert re.findall(r"location (.+) \{", read_nginx()) == [r"~ /-/(live|ready)/$", "/"]
    assert re.findall(r"proxy_pass (\S+);", read_nginx()) == ["http://$site"]


class _Site(ThreadingHTTPServer):
    """Stands behind nginx and keeps the headers of the latest request."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.headers: dict[str, str] = {}


class _Answer(BaseHTTPRequestHandler):
    server: _Site

    def do_GET(self) -> None:
        self.server.headers = dict(self.headers)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """The tests' output stays readable."""


@pytest.fixture
def site() -> Iterator[_Site]:
    with _Site() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def proxy_log(tmp_path: Path) -> Path:
    return tmp_path / "access.log"


@pytest.fixture
def proxy(site: _Site, proxy_log: Path, tmp_path: Path) -> Iterator[http.client.HTTPSConnection]:
    """A connection to nginx with the file of deploy/, but for addresses, paths and what Debian's older nginx lacks."""
    if not (nginx := shutil.which("nginx", path="/usr/sbin:/usr/bin")):
        pytest.skip("needs nginx")
    port, certificate = find_free_port(), write_certificate(tmp_path)
    changes = {
        "listen 127.0.0.1:8081;": f"listen unix:{tmp_path}/health;",
        "listen 8080;": f"listen unix:{tmp_path}/plain;",
        "listen 8443 ssl;": f"listen 127.0.0.1:{port} ssl;",
        "listen [::]:8080;": "",
        "listen [::]:8443 ssl;": "",
        "http2 on;": "",
        "/run/secrets/certificate_key": str(certificate),
        "/run/secrets/certificate;": f"{certificate};",
        "access_log /dev/stdout": f"access_log {proxy_log}",
        "/tmp/nginx.pid": f"{tmp_path}/nginx.pid",
        "web:8000": f"127.0.0.1:{site.server_port}",
    }
    text = read_nginx()
    for before, after in changes.items():
        assert before in text
        text = text.replace(before, after)
    (tmp_path / "nginx.conf").write_text(text)
    process = subprocess.Popen([nginx, "-p", tmp_path, "-c", tmp_path / "nginx.conf", "-g", "daemon off;"])
    try:
        wait_for_port(port, process)
        context = ssl.create_default_context(cafile=str(certificate))
        yield http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=START_S)
    finally:
        process.terminate()
        process.wait(START_S)


def wait_for_port(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        assert process.poll() is None
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("nginx did not start.")


def get_status(proxy: http.client.HTTPSConnection, path: str, **headers: str) -> int:
    proxy.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    response = proxy.getresponse()
    response.read()
    return response.status


def test_proxy_replaces_what_clients_say_about_themselves(
    proxy: http.client.HTTPSConnection, site: _Site, proxy_log: Path
) -> None:
    sent = {"X_Request_ID": "chosen", "X_Forwarded_For": "192.0.2.1", "X_Forwarded_Proto": "http"}
    assert get_status(proxy, "/s/secret/", **sent) == 200
    first = site.headers["X-Request-ID"]
    assert re.fullmatch("[0-9a-f]{32}", first)
    assert (site.headers["X-Forwarded-For"], site.headers["X-Forwarded-Proto"]) == ("127.0.0.1", "https")
    assert get_status(proxy, "/") == 200
    assert site.headers["X-Request-ID"] != first
    assert first in proxy_log.read_text()
    assert "secret" not in proxy_log.read_text()


def test_proxy_answers_no_probe(proxy: http.client.HTTPSConnection, site: _Site) -> None:
    for path in ("/-/live/", "/-/ready/", "/pictures/-/ready/"):
        assert get_status(proxy, path) == 404
    assert site.headers == {}
