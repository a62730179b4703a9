"""A client that sends exactly the given bytes and reads one response."""

import socket
from dataclasses import dataclass
from email import message_from_bytes
from types import TracebackType
from typing import Self

TIMEOUT_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class RawResponse:
    status: int
    headers: dict[str, str]
    body: bytes


class RawClient:
    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S)
        self._file = self.socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _type: type | None, _error: BaseException | None, _traceback: TracebackType | None) -> None:
        self._file.close()
        self.socket.close()

    def send(self, *parts: str | bytes) -> None:
        self.socket.sendall(b"".join(part.encode("latin-1") if isinstance(part, str) else part for part in parts))

    def read_response(self, *, has_body: bool = True) -> RawResponse:
        status = int(self._file.readline().split()[1])
        headers = {name.lower(): value for name, value in message_from_bytes(self._read_head()).items()}
        length = int(headers.get("content-length", 0)) if has_body and status >= 200 else 0
        return RawResponse(status=status, headers=headers, body=self._file.read(length))

    def is_closed(self) -> bool:
        """Wait until the server has closed the connection."""
        try:
            return self._file.read(1) == b""
        except ConnectionError:
            return True

    def _read_head(self) -> bytes:
        lines = []
        while (line := self._file.readline()) not in (b"\r\n", b""):
            lines.append(line)
        return b"".join(lines)


def request_once(port: int, *parts: str | bytes) -> RawResponse:
    with RawClient(port) as client:
        client.send(*parts)
        return client.read_response()
