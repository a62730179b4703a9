"""Where a ranking stops being likely, and where it stops being worth a look: read off each query's own scores.

Words are measured with the model's own yardstick. Contrastive training makes a cosine grow with the logarithm of how
much more likely the words are with the picture than at all, plus a constant (van den Oord et al., "Representation
learning with contrastive predictive coding", 2018). Words that say nothing are as likely with any picture: what
pictures score with "a picture" is that constant, the zero, and how it varies from picture to picture is noise. So

    evidence = (score - zero) / noise

whatever the shift and scale of a model's cosines. The rarer matches are the more of it is needed, as with e-values
(Wang & Ramdas, "False discovery rate control with e-values", 2022: the k-th of n needs log(n / k) and a constant); here

    evidence(k) >= 1.5 + 0.3 * log(n / k).

As the zero is but an average, a wide gap overrules it: odds(k) is by how much evidence(k) exceeds that of the mean of
all below, log(mean(exp(evidence))), less log((n - k) / k) where k is the lesser part. The likely ones are the most
whose last has evidence enough and odds at most 2 below the best. They end in the middle of the gap there.

Without words that are looked for (examples, "not this") there is no such zero, and gaps alone decide: see `gaps`.
"Maybe" goes on to two spreads above the median of the rest: the uppermost 2 % of what is nothing special.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from collections_app.services.search.score_gaps import Numbers, ends_at_gap, quantile, spread_of

# Words that tell no picture from another.
SAYING_NOTHING = "a picture"
# Chosen on other drawn scenes and other queries than those of `python -m tests.benchmarks.relevance`, for
# the demo's model and one that was trained for a fifth of the time with a contrastive loss alone.
_ENOUGH_IF_ALL_MATCH = 1.5
_MORE_FOR_RARITY = 0.3
_ODDS_BELOW_BEST = 2.0
_MAYBE_SPREADS = 2.0
# Below so many scores there is no telling what is usual.
FEWEST = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Cutoffs:
    """Scores from `likely` on are likely (infinity: none is), from `maybe` on worth a look (-infinity: all are)."""

    likely: float
    maybe: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """What pictures score with words that say nothing: the mean, and the standard deviation."""

    zero: float
    noise: float

    def stretched(self, factor: float) -> "Baseline":
        """Return the yardstick of scores that are sums, in which those of this one are so many times as large."""
        return Baseline(zero=self.zero * factor, noise=self.noise * factor)


NO_CUTOFFS = Cutoffs(likely=float("inf"), maybe=float("-inf"))


def find_cutoffs(
    scores: Sequence[float], *, below: Sequence[float] = (), sample_every: int = 1, yardstick: Baseline | None = None
) -> Cutoffs:
    """Return where to divide a ranking of descending scores.

    Where the ranking was cut, `below` holds the scores that follow, of about one picture in `sample_every`.
    """
    values: Numbers = np.array([*scores, *below], dtype=np.float64)
    if len(values) < FEWEST or not np.isfinite(values).all():
        return NO_CUTOFFS
    further = len(scores) + sample_every * np.arange(1.0, 1 + len(below))
    ranks: Numbers = np.concatenate([np.arange(1.0, 1 + len(scores)), further])
    if spread_of(values, ranks) <= 0:
        return NO_CUTOFFS
    likely = _ends_by_yardstick(values, ranks, yardstick) if yardstick else ends_at_gap(values, ranks)
    rest = values < likely
    if not rest.any():
        return Cutoffs(likely=likely, maybe=likely)
    usual = quantile(values[rest], ranks[rest], 0.5) + _MAYBE_SPREADS * spread_of(values[rest], ranks[rest])
    return Cutoffs(likely=likely, maybe=min(likely, usual))


def _ends_by_yardstick(values: Numbers, ranks: Numbers, yardstick: Baseline) -> float:
    evidence: Numbers = (values - yardstick.zero) / yardstick.noise
    is_enough = evidence >= _ENOUGH_IF_ALL_MATCH + _MORE_FOR_RARITY * np.log(ranks[-1] / ranks)
    if not is_enough.any():
        return float("inf")
    odds = _odds(evidence, ranks)
    last = int(np.flatnonzero(is_enough & (odds >= odds[is_enough].max() - _ODDS_BELOW_BEST))[-1])
    return float(values[last : last + 2].mean())


def _odds(evidence: Numbers, ranks: Numbers) -> Numbers:
    """Return each place's odds against all that follows; of the last, which nothing follows, none."""
    counted = np.diff(ranks, prepend=0.0) * np.exp(evidence - evidence[0])
    following = np.cumsum(counted[::-1])[::-1][1:]
    here, others = ranks[:-1], ranks[-1] - ranks[:-1]
    with np.errstate(divide="ignore"):  # what lies too far below to be counted
        above = evidence[:-1] - evidence[0] - np.log(following / others)
    return np.append(above + np.minimum(0.0, np.log(here / others)), 0.0)
