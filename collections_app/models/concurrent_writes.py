"""Writes beside other writers: large ones in chunks, and unimportant ones that give up early."""

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
    """Yield lists of at most `size` items; the caller writes each in a transaction of its own.

    SQLite has one writer at a time, and those that wait for it look again only every 0.1 s. After each chunk, pause
    for about as long as the chunk took, so that they find the database free. Within a transaction, and on databases
    that lock rows, a pause would help nobody.
    """
    remaining = iter(items)
    while chunk := list(itertools.islice(remaining, size)):
        started = time.monotonic()
        yield chunk
        if len(chunk) == size and connection.vendor == "sqlite" and not connection.in_atomic_block:
            # A random part, so that pauses do not fall into step with those who wait.
            time.sleep(min(time.monotonic() - started, _LONGEST_PAUSE_S) * random.uniform(0.75, 1.25))


@contextmanager
def give_up_when_busy() -> Iterator[None]:
    """Let a write within the block fail with OperationalError after 0.3 s if SQLite's one writer is busy.

    Other databases lock rows, so no other write delays these.
    """
    if connection.vendor != "sqlite":
        yield
        return
    connection.ensure_connection()
    execute = connection.connection.execute  # the driver's own call: these are no statements of the page
    (usual_ms,) = execute("PRAGMA busy_timeout").fetchone()
    execute(f"PRAGMA busy_timeout = {_LONGEST_WAIT_MS}")
    try:
        yield
    finally:
        execute(f"PRAGMA busy_timeout = {usual_ms}")
