"""Slow clients of several sorts, each of which occupies a connection in its way. They reconnect when it ends."""

import asyncio
import threading
from asyncio import StreamReader, StreamWriter
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from types import TracebackType
from typing import Self

PER_SORT = 40
UPLOAD_BYTES_PER_S = 20_000
_UPLOAD_BYTES = 4_000_000
_STEP_S = 0.5
# Less than the response with a picture or a ZIP file, so that the server has to wait.
_UNREAD_BYTES = 1024
_PIECE_BYTES = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A site, and what a signed-in browser sends to it. `form` has the fields of a ZIP download."""

    port: int
    cookies: str
    form: str
    picture_path: str

    def build_head(self, method: str, path: str, *headers: str) -> bytes:
        lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}", f"Cookie: {self.cookies}", *headers]
        return "\r\n".join([*lines, "", ""]).encode()


_Sort = Callable[[Target, StreamReader, StreamWriter], Awaitable[None]]
_numbers = count()


async def send_half_a_request(target: Target, reader: StreamReader, writer: StreamWriter) -> None:
    beginning = b"GET / HT" if next(_numbers) % 2 else b"GET / HTTP/1.1\r\nHost: localh"
    await _trickle(reader, writer, beginning, 1)


async def send_half_a_form(target: Target, reader: StreamReader, writer: StreamWriter) -> None:
    head = b"POST /accounts/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500\r\n\r\nlogin="
    await _trickle(reader, writer, head, 1)


async def upload_slowly(target: Target, reader: StreamReader, writer: StreamWriter) -> None:
    kind, length = "Content-Type: multipart/form-data; boundary=x", f"Content-Length: {_UPLOAD_BYTES}"
    await _trickle(
        reader, writer, target.build_head("POST", "/upload/", kind, length), int(UPLOAD_BYTES_PER_S * _STEP_S)
    )


async def download_without_reading(target: Target, reader: StreamReader, writer: StreamWriter) -> None:
    if next(_numbers) % 2:
        writer.write(target.build_head("GET", target.picture_path))
    else:
        kind = "Content-Type: application/x-www-form-urlencoded"
        head = target.build_head("POST", "/pictures/download/", kind, f"Content-Length: {len(target.form)}")
        writer.write(head + target.form.encode())
    await reader.read(_UNREAD_BYTES)
    while not writer.is_closing():
        await asyncio.sleep(_STEP_S)


async def search_and_read_slowly(target: Target, reader: StreamReader, writer: StreamWriter) -> None:
    writer.write(target.build_head("GET", f"/search/?q=red+thing+{next(_numbers)}", "Connection: close"))
    while await reader.read(_PIECE_BYTES):
        await asyncio.sleep(_STEP_S)


SORTS: tuple[_Sort, ...] = (
    send_half_a_request,
    send_half_a_form,
    upload_slowly,
    download_without_reading,
    search_and_read_slowly,
)


async def _trickle(reader: StreamReader, writer: StreamWriter, beginning: bytes, bytes_per_step: int) -> None:
    """Send a little in each step until the server responds or closes."""
    writer.write(beginning)
    response = asyncio.ensure_future(reader.read(_UNREAD_BYTES))
    while not response.done():
        writer.write(b"x" * bytes_per_step)
        await writer.drain()
        await asyncio.wait([response], timeout=_STEP_S)


@dataclass(slots=True)
class Crowd:
    """Runs the clients in a thread of its own. `connections` counts the connections of each sort."""

    target: Target
    per_sort: int = PER_SORT
    connections: Counter[str] = field(default_factory=Counter)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))
        self._thread.start()
        return self

    def __exit__(self, _type: type | None, _error: BaseException | None, _traceback: TracebackType | None) -> None:
        self._stop.set()
        if self._thread:
            self._thread.join()

    async def _run(self) -> None:
        tasks = [asyncio.create_task(self._repeat(sort)) for sort in SORTS for _ in range(self.per_sort)]
        while not self._stop.is_set():
            await asyncio.sleep(0.1)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _repeat(self, sort: _Sort) -> None:
        while True:
            with suppress(OSError):
                reader, writer = await asyncio.open_connection("127.0.0.1", self.target.port, limit=_UNREAD_BYTES)
                self.connections[getattr(sort, "__name__", "")] += 1
                try:
                    await sort(self.target, reader, writer)
                finally:
                    writer.transport.abort()
            await asyncio.sleep(_STEP_S)
