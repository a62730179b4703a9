"""The server of one web process: accepts connections and limits how many there are."""

import resource
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings
from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.server import TcpWSGIServer

from collections_app.management.web_server.bodies import BodyLedger
from collections_app.management.web_server.connections import REFUSAL, ClientConnection
from collections_app.management.web_server.queues import REFUSED, RequestQueues, get_kind
from collections_app.management.web_server.refusals import (
    BUSY,
    SERVER_ERROR,
    StartResponse,
    respond_refusal,
)
from collections_app.management.web_server.requests import MAX_HEADER_BYTES, Deadlines
from collections_app.metrics import REFUSED_VIEW, count_request
from collections_app.refusals import Refusal

Application = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]
# How much of a response may be in memory for a client that reads slowly. The thread that sends more waits.
_UNREAD_BYTES = 1024 * 1024
_SOCKET_BUFFER_BYTES = 256 * 1024
_MEMORY_BODY_BYTES = 64 * 1024
_MAX_LENGTH = 2**62
_CHECK_S = 1.0
_LAST_TURNS = 10
# A connection may need a body's file and a picture's file beside its socket.
_FILES_PER_CONNECTION = 3
_OTHER_FILES = 200


class WebServer:
    """Serves the application on a listening socket. `turns` counts the rounds of the loop that handles connections."""

    def __init__(
        self,
        application: Application,
        *,
        listener: socket.socket,
        deadlines: Deadlines | None = None,
    ) -> None:
        self.turns = 0
        self._map: dict[int, Any] = {}
        self._queues = RequestQueues()
        self._server = _LimitedServer(
            _refuse_or_run(application),
            self._map,
            False,
            listener,
            dispatcher=self._queues,
            adj=_make_adjustments(listener),
            bind_socket=False,
            sockinfo=(listener.family, listener.type, listener.proto, listener.getsockname()),
        )
        self._server.max_connections = raise_file_limit(settings.WEB_MAX_CONNECTIONS)
        self._server.deadlines = deadlines or Deadlines()
        self._server.accept_connections()

    def run(self, should_stop: Callable[[], bool]) -> None:
        while not should_stop():
            self._turn(_CHECK_S)

    def close(self, *, timeout_s: float) -> None:
        """Stop accepting, read the requests that have arrived, and give them time to end."""
        self._server.accepting = False
        for _ in range(_LAST_TURNS):
            self._turn(0.02)
        deadline = time.monotonic() + timeout_s
        while self._server.close_unused() and time.monotonic() < deadline:
            self._turn(0.1)
        self._queues.shutdown(timeout_s=1)
        wasyncore.close_all(self._map, ignore_all=True)

    def _turn(self, timeout_s: float) -> None:
        self.turns += 1
        wasyncore.poll2(timeout_s, self._map)


class _LimitedServer(TcpWSGIServer):  # type: ignore[misc]
    """Accepts a connection above the limit by closing one that waits. waitress itself would accept none.

    The closed connection belongs to the client with the most waiting connections, so one client cannot occupy them all.
    Behind a proxy all clients have one address, and the connection that has waited longest is closed.
    """

    channel_class = ClientConnection
    max_connections = 0
    deadlines = Deadlines()
    active_channels: dict[int, ClientConnection]
    accepting: bool
    task_dispatcher: RequestQueues
    _next_check = 0.0

    def __init__(self, *arguments: Any, **named: Any) -> None:
        self.ledger = BodyLedger()
        super().__init__(*arguments, **named)

    def readable(self) -> bool:
        now = time.monotonic()
        if now >= self._next_check:
            self._next_check = now + _CHECK_S
            for connection in list(self.active_channels.values()):
                connection.check_deadlines(now)
        return self.accepting

    def set_socket_options(self, conn: socket.socket) -> None:
        super().set_socket_options(conn)
        conn.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SOCKET_BUFFER_BYTES)
        if len(self.active_channels) >= self.max_connections:
            self._close_waiting_connection()

    def add_task(self, connection: ClientConnection) -> None:
        """Queue the connection's next request; refuse it if too many wait."""
        request = connection.requests[0]
        if request.error is None and not self.task_dispatcher.add(get_kind(request.path), connection):
            request.refuse(BUSY)
        if request.error is not None:
            connection.mark_refused()
            connection.will_close = not self.task_dispatcher.add(REFUSED, connection)

    def close_unused(self) -> bool:
        """Close the connections without a complete request; return whether others are left."""
        now = time.monotonic()
        for connection in list(self.active_channels.values()):
            connection.check_deadlines(now)
            if not connection.requests and not connection.total_outbufs_len:
                connection.close_now()
        return bool(self.active_channels)

    def _close_waiting_connection(self) -> None:
        waiting = [each for each in self.active_channels.values() if not each.requests]
        counts = Counter(each.owner for each in waiting)
        if waiting:
            # Connections of accounts that upload are closed last.
            min(waiting, key=lambda each: (each.owner[0], -counts[each.owner], each.waiting_since)).close_now()


def raise_file_limit(max_connections: int) -> int:
    """Raise this process' limit of open files as far as allowed; return how many connections it suffices for."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = max_connections * _FILES_PER_CONNECTION + _OTHER_FILES
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if allowed > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    files = max(allowed, soft)
    return max(1, min(max_connections, (files - _OTHER_FILES) // _FILES_PER_CONNECTION))


def _make_adjustments(listener: socket.socket) -> Any:
    return Adjustments(
        sockets=[listener],
        threads=1,
        ident=None,
        # Django and allauth read the headers of proxies themselves, by HTTPS and TRUSTED_PROXY_COUNT.
        clear_untrusted_proxy_headers=False,
        url_prefix=settings.SITE_PATH,
        recv_bytes=64 * 1024,
        inbuf_overflow=_MEMORY_BODY_BYTES,
        outbuf_overflow=2 * _UNREAD_BYTES,
        outbuf_high_watermark=_UNREAD_BYTES,
        max_request_header_size=MAX_HEADER_BYTES,
        # IncomingRequest limits bodies.
        max_request_body_size=_MAX_LENGTH,
        # Go on reading while a request runs, to notice that its client has gone.
        channel_request_lookahead=1,
        log_socket_errors=False,
    )


def _refuse_or_run(application: Application) -> Application:
    """Respond to refused requests here and to others with the application; HEAD gets no body."""

    def respond(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        error = environ.pop(REFUSAL)
        if error is not None:
            refusal = error if isinstance(error, Refusal) else SERVER_ERROR
            count_request(method=environ["REQUEST_METHOD"], view=REFUSED_VIEW, status=refusal.status)
            return respond_refusal(refusal, environ, start_response)
        response = application(environ, start_response)
        if environ["REQUEST_METHOD"] != "HEAD":
            return response
        if hasattr(response, "close"):
            response.close()
        return []

    return respond
