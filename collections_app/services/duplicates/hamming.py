"""A search for pairs of 64-bit hashes that differ in few bits, without comparing all pairs."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.int64]
Positions = NDArray[np.int64]

_BITS = 64
_ROWS_AT_ONCE = 1024


def find_near_hashes(hashes: Hashes, *, distance: int) -> dict[int, list[int]]:
    """Return, for each position in `hashes` that has neighbours, the positions at most `distance` bits away.

    The hashes must be distinct. They are cut into distance + 1 bands: two near hashes share at least one band (by the
    pigeonhole principle), so only hashes that share a band are compared.
    """
    neighbours: dict[int, set[int]] = defaultdict(set)
    for band in _cut_into_bands(hashes.view(np.uint64), distance + 1):
        for bucket in _group_equal(band):
            for left, right in _compare_bucket(hashes, bucket, distance):
                neighbours[left].add(right)
                neighbours[right].add(left)
    return {position: sorted(near) for position, near in neighbours.items()}


def _cut_into_bands(hashes: NDArray[np.uint64], count: int) -> Iterator[NDArray[np.uint64]]:
    edges = np.linspace(0, _BITS, count + 1).astype(int)
    for begin, end in pairwise(edges.tolist()):
        yield (hashes >> np.uint64(begin)) & np.uint64((1 << end - begin) - 1)


def _group_equal(band: NDArray[np.uint64]) -> Iterator[Positions]:
    """Yield the positions of each value that occurs at least twice."""
    order = np.argsort(band, kind="stable")
    changes = np.flatnonzero(np.diff(band[order])) + 1
    yield from (bucket for bucket in np.split(order, changes) if len(bucket) > 1)


def _compare_bucket(hashes: Hashes, bucket: Positions, distance: int) -> Iterator[tuple[int, int]]:
    for start in range(0, len(bucket), _ROWS_AT_ONCE):
        rows = bucket[start : start + _ROWS_AT_ONCE]
        differing = np.bitwise_count((hashes[rows][:, None] ^ hashes[bucket[start:]][None, :]).view(np.uint64))
        left, right = np.nonzero(np.triu(differing <= distance, k=1))
        yield from zip(rows[left].tolist(), bucket[start:][right].tolist(), strict=True)
