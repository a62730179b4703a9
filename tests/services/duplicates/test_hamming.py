"""Neighbours among many hashes, compared with a comparison of all pairs."""

import numpy as np
import pytest

from collections_app.services.duplicates.hamming import find_near_hashes


def brute_force(hashes: "np.ndarray[tuple[int], np.dtype[np.int64]]", distance: int) -> dict[int, list[int]]:
    bits = np.bitwise_count((hashes[:, None] ^ hashes[None, :]).view(np.uint64))
    near = (bits <= distance) & ~np.eye(len(hashes), dtype=bool)
    return {int(place): np.flatnonzero(near[place]).tolist() for place in np.flatnonzero(near.any(axis=1))}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("distance", [0, 3, 8, 10])
def test_exactly_the_pairs_within_the_distance_are_found(seed: int, distance: int) -> None:
    chance = np.random.default_rng(seed)
    base = chance.integers(-(2**63), 2**63 - 1, size=400, dtype=np.int64)
    flips = [sum(1 << int(bit) for bit in chance.choice(63, size=count, replace=False)) for count in range(13)]
    planted = np.array([value ^ np.int64(flip) for value in base[:40] for flip in flips], dtype=np.int64)
    hashes = np.unique(np.concatenate([base, planted]))
    assert find_near_hashes(hashes, distance=distance) == brute_force(hashes, distance)


def test_many_hashes_in_one_bucket_are_all_compared() -> None:
    hashes = np.arange(3000, dtype=np.int64)
    assert find_near_hashes(hashes, distance=1) == brute_force(hashes, 1)


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_hashes_have_no_neighbours(count: int) -> None:
    assert find_near_hashes(np.arange(count, dtype=np.int64), distance=8) == {}
