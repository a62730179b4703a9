"""Sequences taken in chunks."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")


def iterate_chunks(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Yield consecutive slices of `size` items; the last one may be shorter."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
