"""Cutoffs: the two scores that separate likely, possible and unlikely results, computed for each search.

Words are judged against a baseline. With contrastive training, the cosine of words and a picture grows with the log of
how much more likely they occur together than by chance, plus a constant (van den Oord et al., "Representation learning
with contrastive predictive coding", 2018). "a picture" is equally likely with every picture. So the mean of its scores
measures the constant, their standard deviation the noise:

    evidence = (score - mean) / std

This does not depend on the shift and the scale of a model's cosines. Rare matches need more evidence, as with e-values
(Wang & Ramdas, "False discovery rate control with e-values", 2022: the k-th of n needs log(n / k) plus a constant):

    evidence(k) >= 1.5 + 0.3 * log(n / k)

The mean is only an average, so a wide gap overrules it. odds(k) is the excess of evidence(k) over that of the mean of
all lower scores, log(mean(exp(evidence))), minus log((n - k) / k) if k is the smaller part. The likely results end at
the last place with enough evidence and with odds at most 2 below the best, in the middle of the gap below it.

Examples and exclusions have no baseline: see `score_gaps`. The possible results end two spreads above the median of
the remaining scores, which is the top 2 % of unrelated pictures.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, pstdev

import numpy as np
from cachetools import TTLCache

from collections_app.encoders import get_encoder
from collections_app.index import Hit, Vector
from collections_app.models import Image
from collections_app.services.search.request import SearchRequest
from collections_app.services.search.retrieval import MAX_HITS, RawHits, find_nearest, sample_scope
from collections_app.services.search.scope import Scope
from collections_app.services.search.score_gaps import Numbers, compute_quantile, compute_spread, find_gap
from collections_app.services.search.text_embeddings import embed_text

NEUTRAL_TEXT = "a picture"
# With fewer scores there is no telling what is usual.
MIN_SCORES = 24
# Chosen on other drawn scenes and queries than those of `python -m tests.benchmarks.relevance`, for the demo's model
# and for one trained for a fifth of the time with a contrastive loss alone.
_MIN_EVIDENCE = 1.5
_EVIDENCE_FOR_RARITY = 0.3
_MAX_ODDS_BELOW_BEST = 2.0
_POSSIBLE_SPREADS = 2.0
# A picture this close to an example is the example itself, and says nothing about the others.
_SAME_PICTURE = 0.99
# With this many hits there may be more pictures than hits. The index may return slightly fewer than the limit.
_NEARLY_ALL_HITS = MAX_HITS * 0.9
_FIRST_SAMPLE_EVERY = 16
# A baseline of fewer pictures is measured each time: that is fast, and each new picture changes it.
_MIN_CACHED_SCORES = 100
_BASELINE_TTL_S = 600.0
_MAX_BASELINES = 1024

_BaselineKey = tuple[str, tuple[int, ...], tuple[int, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cutoffs:
    """Scores from `likely` up are likely (infinity: none), from `possible` up worth a look (-infinity: all)."""

    likely: float
    possible: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """Mean and standard deviation of what pictures score with a neutral text."""

    mean: float
    std: float

    def scale(self, factor: float) -> "Baseline":
        """Return the baseline of composed vectors, whose common score is scaled by the factor."""
        return Baseline(mean=self.mean * factor, std=self.std * factor)


NO_CUTOFFS = Cutoffs(likely=float("inf"), possible=float("-inf"))


def find_request_cutoffs(request: SearchRequest, vector: Vector, raw_hits: RawHits, *, score_scale: float) -> Cutoffs:
    """Return the cutoffs of a search. They come from all hits in the visible scope, also if the search is filtered."""
    if all(term.weight < 0 for term in request.terms):
        return NO_CUTOFFS  # almost every picture is unlike something
    scope = request.visible_scope
    if request.is_restricted and raw_hits:
        raw_hits = find_nearest(scope=scope, vector=vector)
    baseline = None if request.is_graded else get_baseline(scope)
    scores = [hit.score for hit in _drop_examples(request, raw_hits)]
    if len(raw_hits) < _NEARLY_ALL_HITS or not scores:
        return find_cutoffs(scores, baseline=baseline and baseline.scale(score_scale))
    sample = sample_scope(scope=scope, vector=vector, sample_every=_FIRST_SAMPLE_EVERY)
    return find_cutoffs(
        scores,
        lower_scores=[hit.score for hit in sample.hits if hit.score < scores[-1]],
        sample_every=sample.sample_every,
        baseline=baseline and baseline.scale(score_scale),
    )


def find_cutoffs(
    scores: Sequence[float],
    *,
    lower_scores: Sequence[float] = (),
    sample_every: int = 1,
    baseline: Baseline | None = None,
) -> Cutoffs:
    """Return the cutoffs of a ranking, given its scores in descending order.

    If the ranking was cut, `lower_scores` holds the scores below it of about one picture in `sample_every`.
    """
    values: Numbers = np.array([*scores, *lower_scores], dtype=np.float64)
    if len(values) < MIN_SCORES or not np.isfinite(values).all():
        return NO_CUTOFFS
    lower_ranks = len(scores) + sample_every * np.arange(1.0, 1 + len(lower_scores))
    ranks: Numbers = np.concatenate([np.arange(1.0, 1 + len(scores)), lower_ranks])
    if compute_spread(values, ranks) <= 0:
        return NO_CUTOFFS
    likely = _find_end_by_evidence(values, ranks, baseline) if baseline else find_gap(values, ranks)
    rest = values < likely
    if not rest.any():
        return Cutoffs(likely=likely, possible=likely)
    median = compute_quantile(values[rest], ranks[rest], 0.5)
    possible = median + _POSSIBLE_SPREADS * compute_spread(values[rest], ranks[rest])
    return Cutoffs(likely=likely, possible=min(likely, possible))


def get_baseline(scope: Scope) -> Baseline | None:
    """Return the baseline of the active model in a scope, or None if all scores are equal.

    A baseline of at least 100 scores is cached for ten minutes.
    """
    key = (get_encoder().key, tuple(sorted(scope.team_ids)), tuple(sorted(scope.collections)))
    with _lock:
        cached = _baselines.get(key)
    return cached or _measure_baseline(scope, key)


def clear_baselines() -> None:
    """For tests: each has other pictures under the same ids."""
    with _lock:
        _baselines.clear()


def _measure_baseline(scope: Scope, key: _BaselineKey) -> Baseline | None:
    sample = sample_scope(scope=scope, vector=embed_text(NEUTRAL_TEXT))
    scores = [hit.score for hit in sample.hits]
    if not scores or not (std := pstdev(scores)):
        return None
    baseline = Baseline(mean=fmean(scores), std=std)
    if len(scores) >= _MIN_CACHED_SCORES:
        with _lock:
            _baselines[key] = baseline
    return baseline


def _drop_examples(request: SearchRequest, raw_hits: RawHits) -> list[Hit]:
    if not request.examples:
        return list(raw_hits)
    ids = {example.pk for example in request.examples.values() if isinstance(example, Image)}
    return [hit for hit in raw_hits if hit.id not in ids and hit.score < _SAME_PICTURE]


def _find_end_by_evidence(values: Numbers, ranks: Numbers, baseline: Baseline) -> float:
    evidence: Numbers = (values - baseline.mean) / baseline.std
    is_enough = evidence >= _MIN_EVIDENCE + _EVIDENCE_FOR_RARITY * np.log(ranks[-1] / ranks)
    if not is_enough.any():
        return float("inf")
    odds = _compute_odds(evidence, ranks)
    last = int(np.flatnonzero(is_enough & (odds >= odds[is_enough].max() - _MAX_ODDS_BELOW_BEST))[-1])
    return float(values[last : last + 2].mean())


def _compute_odds(evidence: Numbers, ranks: Numbers) -> Numbers:
    """Return the log odds of each place against all lower ones; 0 for the last place."""
    weighted = np.diff(ranks, prepend=0.0) * np.exp(evidence - evidence[0])
    lower = np.cumsum(weighted[::-1])[::-1][1:]
    here, others = ranks[:-1], ranks[-1] - ranks[:-1]
    with np.errstate(divide="ignore"):  # lower scores may be too small to count
        above = evidence[:-1] - evidence[0] - np.log(lower / others)
    return np.append(above + np.minimum(0.0, np.log(here / others)), 0.0)


_lock = threading.Lock()
_baselines: TTLCache[_BaselineKey, Baseline] = TTLCache(maxsize=_MAX_BASELINES, ttl=_BASELINE_TTL_S)
