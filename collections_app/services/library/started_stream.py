"""A stream that makes its first bytes before the response starts, so that an early failure becomes an error page."""

from collections.abc import Iterator
from typing import Protocol


class Closable(Protocol):
    """An iterator of bytes that can be ended early: a generator, or a download that occupies a slot."""

    def __next__(self) -> bytes: ...

    def __iter__(self) -> Iterator[bytes]: ...

    def close(self) -> None: ...


class StartedStream(Iterator[bytes]):
    """The bytes of `chunks`. The constructor makes the first bytes and raises their errors.

    The web server gets later errors and breaks the connection, so that clients do not mistake a part for the whole.
    """

    def __init__(self, chunks: Closable) -> None:
        self._chunks = chunks
        try:
            self._first: bytes | None = next((chunk for chunk in chunks if chunk), b"")
        except BaseException:
            chunks.close()
            raise

    def __next__(self) -> bytes:
        if self._first is not None:
            first, self._first = self._first, None
            return first
        return next(self._chunks)

    def close(self) -> None:
        self._chunks.close()
