"""A stream whose first bytes are made before the response starts, so that a failure is still an error page."""

from collections.abc import Iterator
from typing import Protocol


class Closable(Protocol):
    """An iterator of bytes that can be ended early: a generator, or a download that holds a slot."""

    def __next__(self) -> bytes: ...

    def __iter__(self) -> Iterator[bytes]: ...

    def close(self) -> None: ...


class StartedStream(Iterator[bytes]):
    """The bytes of `chunks`; the first ones are made now. Raises what making them raises.

    A failure later on is raised to the web server, which breaks the connection: no client takes the part for the whole.
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
