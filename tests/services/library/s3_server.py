"""An S3 server on loopback whose faults a test selects."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

NO_DELETION_OF_MANY = "no deletion of many"
CONTENT = b"0123456789" * 1000
_CODES = {
    "missing": (404, "NoSuchKey"),
    "no bucket": (404, "NoSuchBucket"),
    "wrong key": (403, "InvalidAccessKeyId"),
    "wrong clock": (403, "RequestTimeTooSkewed"),
    "no right": (403, "AccessDenied"),
    "slow down": (503, "SlowDown"),
    "broken": (500, "InternalError"),
}
FAULTS = ("silent", "drips its head", "drips its body", "cuts its body", "hangs up", *_CODES)


class FaultyS3(ThreadingHTTPServer):
    """Answers each request with the fault that is set, or with CONTENT."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.fault = ""
        self.requests = 0
        self.closing = threading.Event()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, *_: Any) -> None:
        """Clients that give up are expected."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FaultyS3

    def handle_one_request(self) -> None:
        with suppress(OSError):
            super().handle_one_request()

    def do_GET(self) -> None:
        self.server.requests += 1
        fault = self.server.fault
        if fault == "silent":
            self.server.closing.wait(60)
        elif fault == "hangs up":
            self.close_connection = True
        elif fault in _CODES:
            self._refuse(*_CODES[fault])
        elif fault == "drips its head":
            self._drip(b"HTTP/1.1 200 OK\r\nX-Filler: " + b"x" * 1000)
        else:
            self._send(fault)

    do_HEAD = do_PUT = do_DELETE = do_GET  # noqa: N815

    def do_POST(self) -> None:
        """Delete many objects."""
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.server.fault == NO_DELETION_OF_MANY:
            self.server.requests += 1
            self._refuse(501, "NotImplemented")
        elif self.server.fault:
            self.do_GET()
        else:
            self.server.requests += 1
            self._answer(b"<DeleteResult/>")

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Silent."""

    def _send(self, fault: str) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = CONTENT if self.command == "GET" else b""
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)) if self.command in ("GET", "HEAD") else "0")
        self.send_header("ETag", '"0"')
        self.end_headers()
        if fault == "drips its body":
            self._drip(body)
        elif fault == "cuts its body":
            self.wfile.write(body[:100])
            self.close_connection = True
        else:
            self.wfile.write(body)

    def _refuse(self, status: int, code: str) -> None:
        body = f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode() if self.command != "HEAD" else b""
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _drip(self, content: bytes) -> None:
        for byte in content:
            if self.server.closing.is_set():
                break
            self.wfile.write(bytes([byte]))
            time.sleep(0.1)


@contextmanager
def faulty_s3() -> Iterator[FaultyS3]:
    server = FaultyS3()
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()
