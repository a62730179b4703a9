"""Near hashes: the look-ups find exactly those that a comparison of all pairs finds."""

import numpy as np
import pytest

from collections_app.services.duplicates.hamming import MAX_BITS, cut_into_bands, list_near_bands, match_near


def flip(value: int, bits: list[int]) -> int:
    flipped = (value & 2**64 - 1) ^ sum(1 << bit for bit in bits)
    return flipped - 2**64 if flipped >= 2**63 else flipped


@pytest.mark.parametrize("seed", range(40))
def test_near_hashes_have_a_band_that_differs_in_two_bits_at_most(seed: int) -> None:
    chance = np.random.default_rng(seed)
    value = int(chance.integers(-(2**63), 2**63 - 1))
    other = flip(value, chance.choice(64, size=MAX_BITS, replace=False).tolist())
    bands = zip(cut_into_bands(value), cut_into_bands(other), strict=True)
    assert any(theirs in list_near_bands([own], band=band) for band, (own, theirs) in enumerate(bands))


def test_differences_spread_over_all_bands_are_found() -> None:
    other = flip(0, [0, 1, 2, 21, 22, 23, 42, 43])
    assert cut_into_bands(other)[2] in list_near_bands([0], band=2)


def test_bands_contain_every_bit_once() -> None:
    changed = [
        [own != theirs for own, theirs in zip((0, 0, 0), cut_into_bands(flip(0, [bit])), strict=True)]
        for bit in range(64)
    ]
    assert all(sum(each) == 1 for each in changed)


def test_bands_fit_into_an_integer_of_the_database() -> None:
    assert max(cut_into_bands(-1)) < 2**31


@pytest.mark.parametrize("bits", [0, MAX_BITS, MAX_BITS + 1])
def test_whole_hashes_are_compared(bits: int) -> None:
    other = flip(5, list(range(64 - bits, 64)))
    assert match_near(np.array([5]), np.array([other]))[0, 0] == (bits <= MAX_BITS)
