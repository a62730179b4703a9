"""One client's connection. It is closed when the client is silent, and no thread waits for the client."""

import fcntl
import logging
import socket
import struct
import termios
import time
from contextlib import suppress
from typing import Any

from waitress.channel import HTTPChannel
from waitress.task import WSGITask

from collections_app.management.web_server.refusals import TOO_SLOW
from collections_app.management.web_server.requests import IncomingRequest
from collections_app.request_ids import use_request_id

log = logging.getLogger(__name__)

REFUSAL = "imagesearch.refusal"
_LOOPBACK = ("127.0.0.1", "::1")


class ResponseTask(WSGITask):  # type: ignore[misc]
    """Runs the application for one request, or responds with the request's refusal."""

    def execute(self) -> None:
        """Log an OSError of a streamed response, which waitress would treat as an error of the socket."""
        if self.request.error is not None:
            self.set_close_on_finish()
        try:
            super().execute()
        except OSError:
            log.exception("The response to %s ended early", self.request.path)
            self.close_on_finish = True

    def finish(self) -> None:
        """A response to HEAD ends with its headers."""
        if not (self.request.command == "HEAD" and self.wrote_header):
            super().finish()

    def get_environment(self) -> dict[str, Any]:
        """Believe a proxy on this machine that reports https."""
        environ: dict[str, Any] = super().get_environment()
        environ[REFUSAL] = self.request.error
        if environ["REMOTE_ADDR"] in _LOOPBACK and environ.get("HTTP_X_FORWARDED_PROTO") == "https":
            environ["wsgi.url_scheme"] = "https"
        return environ


class ClientConnection(HTTPChannel):  # type: ignore[misc]
    """waitress' connection with deadlines. All methods but `service` run in the thread of the connections."""

    task_class = error_task_class = ResponseTask
    request: IncomingRequest | None
    requests: list[IncomingRequest]

    def __init__(self, server: Any, sock: socket.socket, *rest: Any, **named: Any) -> None:
        self.waiting_since = self._progressed = time.monotonic()
        self._is_refused = False
        self._drains_until: float | None = None
        self._sent_bytes = self._taken_bytes = self._stream_start = 0
        self._streams_since: float | None = None
        super().__init__(server, sock, *rest, **named)

    def parser_class(self, adj: Any) -> IncomingRequest:
        return IncomingRequest(adj, ledger=self.server.ledger, deadlines=self.server.deadlines)

    @property
    def owner(self) -> tuple[bool, object]:
        """Return the account that uploads, or else the client's address. Accounts sort after addresses."""
        sender = self.request.sender if self.request else None
        account = sender.account_id if sender else None
        return (True, account) if account is not None else (False, self.addr[0])

    def received(self, data: bytes) -> bool:
        """Receive requests, up to the first that is refused."""
        return not self._is_refused and bool(super().received(data))

    def mark_refused(self) -> None:
        """Ignore everything that arrives after the refused request."""
        self._is_refused = True

    def service(self) -> None:
        self._progressed, self._streams_since = time.monotonic(), None
        with use_request_id(""):  # the middleware sets it, and it lasts until the response is sent
            super().service()
        self.waiting_since = self._progressed = time.monotonic()

    def send(self, data: bytes, do_close: bool = True) -> int:
        sent = int(super().send(data, do_close=do_close))
        self._sent_bytes += sent
        return sent

    def check_deadlines(self, now: float) -> None:
        """Close the connection if its client is too slow."""
        if self._is_abandoned(now):
            self.close_now()
        elif self.request is not None and not self.requests and self.request.is_late(now):
            self._refuse_late_request(self.request)

    def close_now(self) -> None:
        """Close the connection even if its client is not done reading. A thread that writes to it ends its response."""
        self._drains_until = 0.0
        self.handle_close()

    def handle_close(self) -> None:
        if self._is_refused and self._drains_until is None and self._stop_sending():
            return
        super().handle_close()
        if self.request is not None:
            self.request.close()
            self.request = None

    def _stop_sending(self) -> bool:
        """Send the end of the response and go on reading. Return False if the client is gone."""
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except (OSError, AttributeError):  # closed before
            return False
        self.will_close = self.close_when_flushed = False
        self._drains_until = time.monotonic() + self.server.deadlines.drain_s
        return True

    def _is_abandoned(self, now: float) -> bool:
        if self._drains_until is not None:
            return now > self._drains_until
        if self.total_outbufs_len:
            return self._is_unread(now)
        return not self.requests and self.request is None and now - self.waiting_since > self.server.deadlines.idle_s

    def _refuse_late_request(self, request: IncomingRequest) -> None:
        with self.requests_lock:
            request.refuse(TOO_SLOW)
            self.requests.append(request)
            self.request = None
        self.server.add_task(self)

    def _is_unread(self, now: float) -> bool:
        """Return whether the client reads its response too slowly, by the bytes that its computer has acknowledged."""
        limits = self.server.deadlines
        taken = self._sent_bytes - _count_unacknowledged(self.socket)
        if taken > self._taken_bytes:
            self._taken_bytes, self._progressed = taken, now
        is_filled = self.total_outbufs_len > self.adj.outbuf_high_watermark // 2
        if self._streams_since is None or not self.requests or not is_filled:
            self._streams_since, self._stream_start = now, taken
        streaming_s = now - self._streams_since
        is_slow = (taken - self._stream_start) < streaming_s * limits.stream_bytes_per_s
        return bool(now - self._progressed > limits.unread_s or (streaming_s > limits.stream_grace_s and is_slow))


def _count_unacknowledged(sock: socket.socket) -> int:
    """Return how many sent bytes the client has not acknowledged; 0 on systems that do not report it."""
    with suppress(OSError):
        return int(struct.unpack("i", fcntl.ioctl(sock, termios.TIOCOUTQ, b"\0\0\0\0"))[0])
    return 0
