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

Examples and exclusions have no baseline: see `score_gaps`. For words the possible results end two spreads above the
median of the remaining scores, which is the top 2 % of unrelated pictures. Examples and exclusions hide nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from collections_app.index import Hit, Vector
from collections_app.models import Image
from collections_app.services.search.request import SearchRequest
from collections_app.services.search.retrieval import FIRST_HITS
from collections_app.services.search.samples import ScopeSample
from collections_app.services.search.score_gaps import Numbers, compute_quantile, compute_spread, find_gap

# Fewer scores do not show which scores are usual.
MIN_SCORES = 24
# Chosen on other drawn scenes and queries than those of `python -m tests.benchmarks.relevance`, for the demo's model
# and for one trained for a fifth of the time with a contrastive loss alone.
_MIN_EVIDENCE = 1.5
_EVIDENCE_FOR_RARITY = 0.3
_MAX_ODDS_BELOW_BEST = 2.0
_POSSIBLE_SPREADS = 2.0
# A picture this close to an example is the example itself, and says nothing about the others.
_SAME_PICTURE = 0.99


@dataclass(frozen=True, slots=True, kw_only=True)
class Cutoffs:
    """Scores from `likely` up are likely (infinity: none), from `possible` up possible (-infinity: all).

    `model_tag` names the model whose scores these are; see `KeptModel`.
    """

    likely: float
    possible: float
    model_tag: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """Mean and standard deviation of what pictures score with a neutral text."""

    mean: float
    std: float

    def scale(self, factor: float) -> "Baseline":
        """Return the baseline of composed vectors, whose common score is scaled by the factor."""
        return Baseline(mean=self.mean * factor, std=self.std * factor)


NO_CUTOFFS = Cutoffs(likely=float("inf"), possible=float("-inf"))


def find_request_cutoffs(
    request: SearchRequest, vector: Vector, hits: Sequence[Hit], *, score_scale: float, sample: ScopeSample
) -> Cutoffs:
    """Return the cutoffs of a search with these visible hits.

    `sample` is of the visible scope. It stands for everything below the hits, and for what filters leave out. Only the
    first FIRST_HITS count unless all of them are likely, so that searches for fewer and for more hits agree. Examples
    and exclusions rank pictures and hide none.
    """
    if not hits or all(term.weight < 0 for term in request.terms):
        return NO_CUTOFFS  # almost every picture is unlike something
    baseline = None if request.is_graded else measure_baseline(sample)
    scaled = baseline and baseline.scale(score_scale)
    first = hits if sample.is_whole_scope else hits[:FIRST_HITS]
    cutoffs = _find_cutoffs_of_hits(request, vector, first, sample, scaled)
    if len(hits) > len(first) and first[-1].score >= cutoffs.likely:
        cutoffs = _find_cutoffs_of_hits(request, vector, hits, sample, scaled)
    return replace(cutoffs, possible=float("-inf")) if request.is_graded else cutoffs


def _find_cutoffs_of_hits(
    request: SearchRequest, vector: Vector, hits: Sequence[Hit], sample: ScopeSample, baseline: Baseline | None
) -> Cutoffs:
    found = {hit.id for hit in hits}
    sampled = [
        Hit(id=pk, score=score)
        for pk, score in zip(sample.ids.tolist(), sample.compute_scores(vector).tolist(), strict=True)
        if pk not in found and (request.is_restricted or score < hits[-1].score)
    ]
    return find_cutoffs(
        [hit.score for hit in _drop_examples(request, hits)],
        sampled_scores=[hit.score for hit in _drop_examples(request, sampled)],
        sample_every=sample.sample_every,
        baseline=baseline,
    )


def find_cutoffs(
    scores: Sequence[float],
    *,
    sampled_scores: Sequence[float] = (),
    sample_every: int = 1,
    baseline: Baseline | None = None,
) -> Cutoffs:
    """Return the cutoffs of a ranking, in which each of `sampled_scores` stands for `sample_every` pictures.

    Both are in any order, and no picture is in both.
    """
    values: Numbers = np.array([*scores, *sampled_scores], dtype=np.float64)
    if len(values) < MIN_SCORES or not np.isfinite(values).all():
        return NO_CUTOFFS
    order = np.argsort(-values, kind="stable")
    values = values[order]
    counts = np.repeat([1.0, float(sample_every)], [len(scores), len(sampled_scores)])
    ranks: Numbers = np.cumsum(counts[order])
    if compute_spread(values, ranks) <= 0:
        return NO_CUTOFFS
    likely = _find_end_by_evidence(values, ranks, baseline) if baseline else find_gap(values, ranks)
    rest = values < likely
    if not rest.any():
        return Cutoffs(likely=likely, possible=likely)
    median = compute_quantile(values[rest], ranks[rest], 0.5)
    possible = median + _POSSIBLE_SPREADS * compute_spread(values[rest], ranks[rest])
    return Cutoffs(likely=likely, possible=min(likely, possible))


def measure_baseline(sample: ScopeSample) -> Baseline | None:
    """Return the baseline of a scope, or None if all scores are equal or there are none."""
    scores = sample.neutral_scores
    if not len(scores) or not (std := float(scores.std())):
        return None
    return Baseline(mean=float(scores.mean()), std=std)


def _drop_examples(request: SearchRequest, hits: Sequence[Hit]) -> Sequence[Hit]:
    if not request.examples:
        return hits
    ids = {example.pk for example in request.examples.values() if isinstance(example, Image)}
    return [hit for hit in hits if hit.id not in ids and hit.score < _SAME_PICTURE]


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
