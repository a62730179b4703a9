"""Chunks of a large write, with pauses in which other writers get their turn."""

import itertools
import random
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from django.db import connection

T = TypeVar("T")

CHUNK_SIZE = 250
_LONGEST_PAUSE_S = 0.1


def split_into_chunks(items: Iterable[T], *, size: int = CHUNK_SIZE) -> Iterator[list[T]]:
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
