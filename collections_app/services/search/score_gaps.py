"""The gap that ends the likely results of a ranking, found in its scores alone: for examples and exclusions.

If a query has matches, the scores drop steeply below the last of them. Each rank is tried as that of the last match.
Its evidence is

    width * sqrt(excess / (falloff * spread))

*width* is the gap below the rank. *falloff* is the mean excess of the scores just below the gap, as in Dixon's test of
outliers by the ratio of a gap to its neighbours' range (1950). *spread* is the distance from the median of all scores
down to their 16th percentile, which matches do not widen. *excess* counts the spreads by which the score lies above the
one that a normal sample of this size has at this rank (Blom's expected order statistics, 1958); without matches it is
zero. Up to a tenth as many stray scores as matches may lie inside the gap.
"""

from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

_MIN_EVIDENCE = 2.5
_STRAY_SHARE = 0.1
_NEIGHBOURS = 40
_MAX_LIKELY_SHARE = 0.4
_MIN_LOWER_SCORES = 20
_ONE_SPREAD = NormalDist().cdf(1)

Numbers = NDArray[np.float64]


def find_gap(values: Numbers, ranks: Numbers) -> float:
    """Return the middle of the gap with the most evidence, or infinity if none has enough."""
    last = _list_candidates(values, ranks)
    if not len(last):
        return float("inf")
    spread = compute_spread(values, ranks)
    after = np.minimum(last + 1 + (_STRAY_SHARE * (last + 1)).astype(int), len(values) - 2)
    width = values[last] - values[after]
    median = compute_quantile(values, ranks, 0.5)
    excess = (values[last] - median) / spread - _compute_expected(ranks[last], ranks[-1])
    falloff = np.maximum(_compute_falloff(values, after), 1e-9)
    evidence = width * np.sqrt(np.maximum(excess, 0) / (spread * falloff))
    best = int(evidence.argmax())
    if evidence[best] < _MIN_EVIDENCE:
        return float("inf")
    return float(values[last[best]] + values[after[best]]) / 2


def compute_spread(values: Numbers, ranks: Numbers) -> float:
    """Return the distance from the median down to the 16th percentile."""
    return compute_quantile(values, ranks, 0.5) - compute_quantile(values, ranks, _ONE_SPREAD)


def compute_quantile(values: Numbers, ranks: Numbers, share: float) -> float:
    """Return the score that this share of all pictures reaches."""
    first = ranks[0] - 1
    return float(np.interp(first + share * (ranks[-1] - first), ranks, values))


def _list_candidates(values: Numbers, ranks: Numbers) -> NDArray[np.int64]:
    """Return the places at which the likely results may end: enough scores must follow to compare with."""
    within = int(np.searchsorted(ranks, _MAX_LIKELY_SHARE * ranks[-1], side="right"))
    return np.arange(max(0, min(within, len(values) - _MIN_LOWER_SCORES)))


def _compute_expected(ranks: Numbers, total: float) -> Numbers:
    """Return the scores of these ranks in a normal sample, in standard deviations above its mean."""
    invert = NormalDist().inv_cdf
    return np.array([invert(1 - (rank - 0.5) / total) for rank in ranks])


def _compute_falloff(values: Numbers, after: NDArray[np.int64]) -> Numbers:
    """Return the mean distance of the scores after these places above the last of their next neighbours."""
    until = np.minimum(after + _NEIGHBOURS, len(values) - 1)
    sums = np.concatenate([[0.0], np.cumsum(values)])
    means: Numbers = (sums[until] - sums[after]) / (until - after)
    return means - values[until]
