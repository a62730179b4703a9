"""Where a ranking stops being likely, and where it stops being worth a look: read off each query's own scores.

No fixed cosine can tell: what a model gives to a match differs from query to query. But where a query has matches, its
scores fall off steeply below the last of them. So every place in the ranking is tried as that last match, and the
evidence for it is

    width * sqrt(excess / (falloff * spread))

with the *width* of the gap below it, measured against two lengths of the same query: the *falloff* of the scores just
below the gap (their mean excess, as in Dixon's test of outliers by the ratio of a gap to its neighbours' range, 1950),
and the *spread* of all scores (from the median down to the 16th percentile, which matches do not widen). *excess* is by
how many spreads the score lies above the one that a normal sample of this size has at this rank (Blom's expected order
statistics, 1958): without matches there is none. Up to a tenth as many strays as matches may lie inside the gap.
The likely ones end in the middle of the gap with the most evidence, if that is enough. "Maybe" goes on to two spreads
above the median of the rest: the uppermost 2 % of what is nothing special.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

# Chosen on other drawn scenes and other queries than those that `python -m tests.benchmarks.divider` measures with.
_ENOUGH = 2.5
_STRAYS = 0.1
_NEIGHBOURS = 40
_LARGEST_SHARE = 0.4
_MAYBE_SPREADS = 2.0
# Below so many scores there is no telling what is usual.
FEWEST = 24
_LEAST_BELOW = 20
_ONE_SPREAD_BELOW = NormalDist().cdf(1)

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Divider:
    """Scores from `likely` on are likely (infinity: none is), from `maybe` on worth a look (-infinity: all are)."""

    likely: float
    maybe: float


UNDIVIDED = Divider(likely=float("inf"), maybe=float("-inf"))


def divide(scores: Sequence[float], *, below: Sequence[float] = (), one_in: int = 1) -> Divider:
    """Return where to divide a ranking of descending scores.

    Where the ranking was cut, `below` holds the scores that follow, of about one picture in `one_in`.
    """
    values: Numbers = np.array([*scores, *below], dtype=np.float64)
    if len(values) < FEWEST:
        return UNDIVIDED
    further = len(scores) + one_in * np.arange(1.0, 1 + len(below))
    ranks: Numbers = np.concatenate([np.arange(1.0, 1 + len(scores)), further])
    spread = _spread(values, ranks)
    if spread <= 0:
        return UNDIVIDED
    likely = _likely_from(values, ranks, spread)
    rest = values < likely
    median = _at_share(values[rest], ranks[rest], 0.5)
    return Divider(likely=likely, maybe=min(likely, median + _MAYBE_SPREADS * _spread(values[rest], ranks[rest])))


def _likely_from(values: Numbers, ranks: Numbers, spread: float) -> float:
    last = _last_candidates(values, ranks)
    if not len(last):
        return float("inf")
    after = np.minimum(last + 1 + (_STRAYS * (last + 1)).astype(int), len(values) - 2)
    width = values[last] - values[after]
    excess = (values[last] - _at_share(values, ranks, 0.5)) / spread - _expected(ranks[last], ranks[-1])
    evidence = width * np.sqrt(np.maximum(excess, 0) / (spread * np.maximum(_falloff(values, after), 1e-9)))
    best = int(evidence.argmax())
    if evidence[best] < _ENOUGH:
        return float("inf")
    return float(values[last[best]] + values[after[best]]) / 2


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


def _spread(values: Numbers, ranks: Numbers) -> float:
    return _at_share(values, ranks, 0.5) - _at_share(values, ranks, _ONE_SPREAD_BELOW)


def _at_share(values: Numbers, ranks: Numbers, share: float) -> float:
    """Return the score that this share of all pictures reaches."""
    first = ranks[0] - 1
    return float(np.interp(first + share * (ranks[-1] - first), ranks, values))
