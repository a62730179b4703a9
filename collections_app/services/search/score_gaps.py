"""Where a ranking falls off, by its own shape alone: how the divider ends what is likely where no words are looked for.

Where a query has matches, its scores fall off steeply below the last of them. So every place in the ranking is tried as
that last match, and the evidence for it is

    width * sqrt(excess / (falloff * spread))

with the *width* of the gap below it, measured against two lengths of the same query: the *falloff* of the scores just
below the gap (their mean excess, as in Dixon's test of outliers by the ratio of a gap to its neighbours' range, 1950),
and the *spread* of all scores (from the median down to the 16th percentile, which matches do not widen). *excess* is by
how many spreads the score lies above the one that a normal sample of this size has at this rank (Blom's expected order
statistics, 1958): without matches there is none. Up to a tenth as many strays as matches may lie inside the gap.
"""

from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

_ENOUGH = 2.5
_STRAYS = 0.1
_NEIGHBOURS = 40
_LARGEST_SHARE = 0.4
_LEAST_BELOW = 20
_ONE_SPREAD_BELOW = NormalDist().cdf(1)

Numbers = NDArray[np.float64]


def ends_at_gap(values: Numbers, ranks: Numbers) -> float:
    """Return the middle of the gap with the most evidence, or infinity where none has enough."""
    last = _last_candidates(values, ranks)
    if not len(last):
        return float("inf")
    spread = spread_of(values, ranks)
    after = np.minimum(last + 1 + (_STRAYS * (last + 1)).astype(int), len(values) - 2)
    width = values[last] - values[after]
    excess = (values[last] - quantile(values, ranks, 0.5)) / spread - _expected(ranks[last], ranks[-1])
    evidence = width * np.sqrt(np.maximum(excess, 0) / (spread * np.maximum(_falloff(values, after), 1e-9)))
    best = int(evidence.argmax())
    if evidence[best] < _ENOUGH:
        return float("inf")
    return float(values[last[best]] + values[after[best]]) / 2


def spread_of(values: Numbers, ranks: Numbers) -> float:
    """Return how far the 16th percentile lies below the median."""
    return quantile(values, ranks, 0.5) - quantile(values, ranks, _ONE_SPREAD_BELOW)


def quantile(values: Numbers, ranks: Numbers, share: float) -> float:
    """Return the score that this share of all pictures reaches."""
    first = ranks[0] - 1
    return float(np.interp(first + share * (ranks[-1] - first), ranks, values))


def _last_candidates(values: Numbers, ranks: Numbers) -> NDArray[np.int64]:
    """Return the places at which the likely ones may end: enough has to follow to compare with."""
    within = int(np.searchsorted(ranks, _LARGEST_SHARE * ranks[-1], side="right"))
    return np.arange(max(0, min(within, len(values) - _LEAST_BELOW)))


def _expected(ranks: Numbers, total: float) -> Numbers:
    """Return the scores of these ranks in a normal sample, in its standard deviations above its mean."""
    quantile = NormalDist().inv_cdf
    return np.array([quantile(1 - (rank - 0.5) / total) for rank in ranks])


def _falloff(values: Numbers, after: NDArray[np.int64]) -> Numbers:
    """Return how far the scores after these places lie above the last of their next neighbours, on average."""
    until = np.minimum(after + _NEIGHBOURS, len(values) - 1)
    sums = np.concatenate([[0.0], np.cumsum(values)])
    means: Numbers = (sums[until] - sums[after]) / (until - after)
    return means - values[until]
