"""A request while it is received: how long it may take, how large it may be, and why it is refused."""

import re
import time
from dataclasses import dataclass
from typing import Any

from waitress.parser import HTTPRequestParser
from waitress.receiver import ChunkedReceiver

from collections_app.management.web_server.bodies import BodyLedger, Sender, identify_sender
from collections_app.management.web_server.refusals import (
    ADDRESS_TOO_LONG,
    DISK_FULL,
    HEADERS_TOO_LARGE,
    MALFORMED,
    NOT_IMPLEMENTED,
    TOO_MANY_UPLOADS,
)
from collections_app.refusals import Refusal

# A search of 500 characters takes at most 6,000 bytes in an address.
MAX_ADDRESS_BYTES = 64 * 1024
MAX_HEADER_BYTES = 128 * 1024
_MAX_CHUNK_LINE_BYTES = 4096
_REFUSALS = {501: NOT_IMPLEMENTED}
_ACCEPT = re.compile(rb"\r\naccept:[ \t]*([^\r\n]*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """How long a client may take."""

    headers_s: float = 20
    # A whole request of a signed-out person, and any other than an upload.
    form_s: float = 30
    # An upload may take hours, but bytes must keep arriving.
    upload_silence_s: float = 60
    upload_bytes_per_s: int = 1024
    # A connection without a request.
    idle_s: float = 60
    # A client that takes no byte of its response.
    unread_s: float = 30
    # A client must take a response that is made while it is sent, such as a ZIP file, at this speed after a minute.
    stream_grace_s: float = 60
    stream_bytes_per_s: int = 2048
    # How long the rest of a refused body is read and dropped, so that the client reads the refusal and not a reset.
    drain_s: float = 10


class IncomingRequest(HTTPRequestParser):  # type: ignore[misc]
    """Decides from the headers how large the body may be, and counts its bytes while they arrive.

    `error` holds a Refusal. `sender` is set when the headers have ended and a body follows.
    """

    # Defaults for the refusal of a request that could not be parsed.
    path, query, request_uri, command, url_scheme = "/", "", "/", "GET", "http"
    sender: Sender | None = None
    error: Any
    _counted = 0

    def __init__(self, adj: Any, *, ledger: BodyLedger, deadlines: Deadlines) -> None:
        super().__init__(adj)
        self._ledger, self._deadlines = ledger, deadlines
        self.started = self._last_bytes = time.monotonic()

    def received(self, data: bytes) -> int:
        had_headers, before = self.headers_finished, self.header_plus
        self._last_bytes = time.monotonic()
        try:
            consumed: int = super().received(data)
        except OSError:
            self.refuse(DISK_FULL)
            return len(data)
        if self.error is not None and not isinstance(self.error, Refusal):
            self._translate_error(self.error.code, before + data)
        elif self.error is None and self.headers_finished and not had_headers:
            self._check_headers()
        elif self.error is None and self.sender:
            self._check_body(self.sender, consumed)
        return consumed

    def refuse(self, refusal: Refusal) -> None:
        """End the request. Clients that wait for "100 Continue" get the refusal instead."""
        self.error, self.completed, self.expect_continue = refusal, True, False

    def is_late(self, now: float) -> bool:
        """Return whether the request arrives too slowly. Uploads with an upload pass have more time."""
        limits, elapsed_s = self._deadlines, now - self.started
        if not self.headers_finished:
            return elapsed_s > limits.headers_s
        if self.sender is None or self.sender.account_id is None or not self.sender.sends_files:
            return elapsed_s > limits.form_s
        if now - self._last_bytes > limits.upload_silence_s:
            return True
        return elapsed_s > limits.upload_silence_s and (
            self.body_bytes_received < elapsed_s * limits.upload_bytes_per_s
        )

    def close(self) -> None:
        if self.sender:
            self._ledger.release(self.sender, self._counted)
            self._counted = 0
        super().close()

    def _check_headers(self) -> None:
        if self.empty:
            return
        if len(self.first_line) > MAX_ADDRESS_BYTES:
            self.refuse(ADDRESS_TOO_LONG)
        elif self.version not in ("1.0", "1.1") or self._is_ambiguous():
            self.refuse(MALFORMED)
        elif self.body_rcv is None:
            # waitress would wait for a body that was not announced.
            self.expect_continue = False
        else:
            self.sender = identify_sender(self.headers)
            if refusal := self._ledger.find_refusal(self.sender, self.content_length):
                self.refuse(refusal)

    def _translate_error(self, status: int, head: bytes) -> None:
        """Refuse what waitress refuses. If the headers are too large, waitress has parsed none of them."""
        if status != HEADERS_TOO_LARGE.status:
            self.refuse(_REFUSALS.get(status, MALFORMED))
            return
        self.refuse(HEADERS_TOO_LARGE if b"\r\n" in head[:MAX_ADDRESS_BYTES] else ADDRESS_TOO_LONG)
        if accept := _ACCEPT.search(head):
            self.headers["ACCEPT"] = accept[1].decode("latin-1")

    def _is_ambiguous(self) -> bool:
        """Return whether a proxy might read the body's length differently: it is given twice, or in an unknown way."""
        has_length = "CONTENT_LENGTH" in self.headers
        return (self.chunked and has_length) or "TRANSFER_ENCODING" in self.headers

    def _check_body(self, sender: Sender, consumed: int) -> None:
        self._counted += consumed
        if not self._ledger.add(sender, consumed):
            self.refuse(TOO_MANY_UPLOADS)
        elif self.body_bytes_received > max(sender.max_bytes, self.content_length):
            self.refuse(sender.too_large)
        elif isinstance(self.body_rcv, ChunkedReceiver) and (
            len(self.body_rcv.control_line) > _MAX_CHUNK_LINE_BYTES
            or len(self.body_rcv.trailer) > _MAX_CHUNK_LINE_BYTES
        ):
            self.refuse(MALFORMED)
