"""Cutoffs by gaps in the scores alone. With a baseline: see test_calibration."""

import math
import random

import numpy as np
import pytest

from collections_app.services.search.relevance import MIN_SCORES, NO_CUTOFFS, find_cutoffs


def bulk(count: int, seed: int = 1) -> list[float]:
    """Scores of pictures that are nothing special: a normal distribution."""
    return list(map(float, np.random.default_rng(seed).normal(0.0, 0.1, count)))


def descending(*groups: list[float]) -> list[float]:
    return sorted((score for group in groups for score in group), reverse=True)


@pytest.mark.parametrize("matches", [1, 2, 5, 20, 100])
@pytest.mark.parametrize("scale", [1.0, 0.01])
@pytest.mark.parametrize("shift", [0.0, 0.7])
def test_matches_are_separated_at_any_score_scale(matches: int, scale: float, shift: float) -> None:
    scores = [shift + scale * score for score in descending(bulk(400), [0.6 + 0.001 * n for n in range(matches)])]
    cutoffs = find_cutoffs(scores)
    assert sum(score >= cutoffs.likely for score in scores) == matches


@pytest.mark.parametrize("seed", range(20))
def test_nothing_is_likely_without_a_gap(seed: int) -> None:
    assert math.isinf(find_cutoffs(descending(bulk(400, seed))).likely)


def test_single_score_in_the_gap_does_not_hide_it() -> None:
    scores = descending(bulk(400), [0.9 + 0.001 * number for number in range(30)], [0.55])
    assert sum(score >= find_cutoffs(scores).likely for score in scores) in (30, 31)


def test_possible_results_are_the_upper_end_of_the_rest() -> None:
    scores = descending(bulk(1000), [0.6] * 10)
    cutoffs = find_cutoffs(scores)
    rest = [score for score in scores if score < cutoffs.likely]
    assert 0.01 < sum(score >= cutoffs.possible for score in rest) / len(rest) < 0.04
    assert cutoffs.possible <= cutoffs.likely


def test_few_or_equal_scores_have_no_cutoffs() -> None:
    assert find_cutoffs(descending(bulk(MIN_SCORES - 2), [0.9])) == NO_CUTOFFS
    assert find_cutoffs([0.5] * 200) == NO_CUTOFFS
    assert find_cutoffs([]) == NO_CUTOFFS
    assert find_cutoffs([*descending(bulk(400), [0.9]), math.nan]) == NO_CUTOFFS


def test_truncated_ranking_uses_a_sample_of_the_rest() -> None:
    scores = descending(bulk(20_000), [0.8 + 0.0001 * number for number in range(600)])
    chance = random.Random(1)
    below = [score for score in scores[1000:] if chance.random() < 1 / 16]
    cutoffs = find_cutoffs(scores[:1000], sampled_scores=below, sample_every=16)
    assert sum(score >= cutoffs.likely for score in scores) == 600


def test_sample_shows_that_all_similar_hits_are_likely() -> None:
    scores = descending(bulk(20_000), [0.8 + 0.0001 * number for number in range(1500)])
    cutoffs = find_cutoffs(scores[:1000], sampled_scores=scores[1000::16], sample_every=16)
    assert all(score >= cutoffs.likely for score in scores[:1000])
