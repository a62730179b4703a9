"""Writes that do not block other writers: large ones in chunks, and unimportant ones that give up early."""

import itertools
import random
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from django.db import connection

_Item = TypeVar("_Item")

WRITE_CHUNK_SIZE = 250
_LONGEST_PAUSE_S = 0.1
_LONGEST_WAIT_MS = 300


def split_into_chunks(items: Iterable[_Item], *, size: int = WRITE_CHUNK_SIZE) -> Iterator[list[_Item]]:
    """Yield lists of at most `size` items. The caller writes each list in its own transaction.

    SQLite has one writer at a time, and waiting writers retry every 0.1 s. After each chunk, this pauses for about as
    long as the chunk took, so that they find the database free. There is no pause within a transaction or on other
    databases, which lock rows.
    """
    remaining = iter(items)
    while chunk := list(itertools.islice(remaining, size)):
        started = time.monotonic()
        yield chunk
        if len(chunk) == size and connection.vendor == "sqlite" and not connection.in_atomic_block:
            # The random factor prevents the pauses from having the same rhythm as the retries.
            time.sleep(min(time.monotonic() - started, _LONGEST_PAUSE_S) * random.uniform(0.75, 1.25))


@contextmanager
def give_up_when_busy() -> Iterator[None]:
    """Make writes in the block raise OperationalError if another process writes to SQLite for more than 0.3 s.

    Other databases lock rows, so there this does nothing.
    """
    if connection.vendor != "sqlite":
        yield
        return
    connection.ensure_connection()
    execute = connection.connection.execute  # the driver's call, which does not count as a statement of the page
    (usual_ms,) = execute("PRAGMA busy_timeout").fetchone()
    execute(f"PRAGMA busy_timeout = {_LONGEST_WAIT_MS}")
    try:
        yield
    finally:
        execute(f"PRAGMA busy_timeout = {usual_ms}")
