"""The page that Prometheus reads. It is served by a process of its own, so a slow scrape delays no request."""

from collections.abc import Iterable, Iterator
from typing import Any

from prometheus_client import Metric, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from collections_app.management.web_server.refusals import StartResponse
from collections_app.services.monitoring import read_metrics

_PATH = "/metrics"


class _Site(Collector):
    def collect(self) -> Iterator[Metric]:
        yield from read_metrics()


def export_metrics(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    """Respond to a request, as a WSGI application."""
    if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
        return _respond(start_response, "405 Method Not Allowed", b"Use GET.\n", ("Allow", "GET, HEAD"))
    if environ["PATH_INFO"] != _PATH:
        return _respond(start_response, "404 Not Found", f"Metrics are at {_PATH}.\n".encode())
    body = generate_latest(_Site())
    return _respond(start_response, "200 OK", body, content_type=CONTENT_TYPE_PLAIN_0_0_4)


def _respond(
    start_response: StartResponse,
    status: str,
    body: bytes,
    *headers: tuple[str, str],
    content_type: str = "text/plain; charset=utf-8",
) -> Iterable[bytes]:
    usual = [("Content-Type", content_type), ("Content-Length", str(len(body))), ("Cache-Control", "no-store")]
    start_response(status, [*usual, *headers])
    return [body]
