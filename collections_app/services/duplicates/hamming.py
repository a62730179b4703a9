"""Near 64-bit hashes by look-ups in a database, without comparing all pairs.

A hash is cut into three bands. If two hashes differ in at most 8 bits, at least one of their bands differs in at most 2
(by the pigeonhole principle). So near hashes are found by looking up every value that differs from a band in at most 2
bits, and by comparing the whole hashes of the few that are found.
"""

from collections.abc import Iterable
from functools import cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

# Measured by tests/benchmarks/near_duplicates.py on photos and drawn scenes: resized, recompressed, brightened and
# slightly cropped copies differ in at most 8 of 64 bits; of 36,000 pairs of different pictures, the nearest in 10.
MAX_BITS = 8
Hashes = NDArray[np.int64]
# The first bit and the width of each band.
BANDS = ((0, 21), (21, 21), (42, 22))
_MAX_BITS_IN_BAND = MAX_BITS // len(BANDS)


def cut_into_bands(value: int) -> tuple[int, int, int]:
    """Return the three bands of a signed 64-bit hash."""
    low, middle, high = ((value >> first) & ((1 << width) - 1) for first, width in BANDS)
    return low, middle, high


def list_near_bands(values: Iterable[int], *, band: int) -> list[int]:
    """Return the values of that band (0 to 2) that differ from one of the given bands in at most 2 bits."""
    given = np.unique(np.fromiter(values, dtype=np.int64))
    near: list[int] = np.unique(given[:, None] ^ _list_masks(BANDS[band][1])).tolist()
    return near


def match_near(hashes: Hashes, others: Hashes) -> NDArray[np.bool_]:
    """Return a matrix that says which of `hashes` (rows) and `others` (columns) differ in at most MAX_BITS bits."""
    bits = np.bitwise_count((hashes[:, None] ^ others[None, :]).view(np.uint64))
    near: NDArray[np.bool_] = bits <= MAX_BITS
    return near


@cache
def _list_masks(width: int) -> Hashes:
    flips = [bits for count in range(_MAX_BITS_IN_BAND + 1) for bits in combinations(range(width), count)]
    return np.array([sum(1 << bit for bit in bits) for bits in flips], dtype=np.int64)
