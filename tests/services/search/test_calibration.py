"""Cutoffs of words: shapes of scores, the demo's pictures, and the baseline of a scope."""

import math
import random

import numpy as np
import pytest

from collections_app.demo.evaluate import MODEL_FOLDER, Gallery
from collections_app.demo.gallery import get_demo_collections
from collections_app.encoders import get_encoder
from collections_app.encoders.clip import ClipEncoder
from collections_app.services.indexing.kept_models import get_active_model
from collections_app.services.search.relevance import Baseline, find_cutoffs, measure_baseline
from collections_app.services.search.samples import NEUTRAL_TEXT, get_sample
from collections_app.services.search.scope import resolve_visible_scope
from collections_app.services.search.text_embeddings import embed_text
from tests.sample_team import SampleTeam
from tests.services.search.test_relevance import descending
from tests.services.search.test_results import index_matches_and_others

# About what it is for the demo's model.
DEMO = Baseline(mean=0.042, std=0.027)
TOO_LOW = Baseline(mean=-0.9, std=1 / 43)


def bulk(count: int, *, middle: float = -0.3, spread: float = 0.08) -> list[float]:
    return list(map(float, np.random.default_rng(1).normal(middle, spread, count)))


def matching(count: int, *, score: float = 0.17) -> list[float]:
    return list(map(float, np.random.default_rng(2).normal(score, 0.005, count)))


def count_likely(scores: list[float], baseline: Baseline = DEMO) -> int:
    return sum(score >= find_cutoffs(scores, baseline=baseline).likely for score in scores)


@pytest.mark.parametrize("matches", [1, 2, 30, 180, 300, 380, 400])
def test_all_matches_are_likely_whatever_their_share(matches: int) -> None:
    assert count_likely(descending(matching(matches), bulk(400 - matches))) == matches


@pytest.mark.parametrize("best", [[], [0.09], [0.1, 0.1], [0.05, 0.05, 0.04, 0.04]])
def test_low_scores_above_a_gap_are_not_likely(best: list[float]) -> None:
    assert count_likely(descending(best, bulk(400, middle=-0.4))) == 0


def test_few_matches_are_likely_above_near_misses() -> None:
    near_misses = [0.11, 0.1, 0.08, 0.07, 0.05, 0.04]
    assert count_likely(descending([0.18, 0.17, 0.16], near_misses, bulk(350))) == 3


@pytest.mark.parametrize(("score", "alike", "likely"), [(0.11, 1, 0), (0.11, 200, 200), (0.16, 1, 1)])
def test_rare_matches_need_more_evidence(score: float, alike: int, likely: int) -> None:
    assert count_likely(descending([score] * alike, bulk(1000 - alike))) == likely


@pytest.mark.parametrize(("middle", "spread"), [(-0.3, 0.08), (-0.1, 0.04)])
def test_wide_gap_overrules_a_baseline_that_is_too_low(middle: float, spread: float) -> None:
    assert count_likely(descending(matching(30), bulk(370, middle=middle, spread=spread)), TOO_LOW) == 30


def test_wider_of_two_gaps_counts_in_a_cut_ranking() -> None:
    scores = descending([0.6] * 5, [0.4] * 900, bulk(19_095, middle=0.3, spread=0.02))
    whole = find_cutoffs(scores, baseline=TOO_LOW)
    assert (
        find_cutoffs(scores[:1000], sampled_scores=scores[1000::16], sample_every=16, baseline=TOO_LOW).likely
        == whole.likely
    )
    assert count_likely(scores, TOO_LOW) == 5


@pytest.mark.parametrize(("shift", "scale"), [(0.0, 1.0), (0.3, 1.0), (-0.2, 0.1)])
def test_shift_and_scale_of_a_model_do_not_matter(shift: float, scale: float) -> None:
    scores = descending(matching(7), [0.1, 0.08], bulk(400))
    other = Baseline(mean=DEMO.mean * scale + shift, std=DEMO.std * scale)
    assert count_likely([shift + scale * score for score in scores], other) == 7


def test_sampled_scores_stand_for_many() -> None:
    scores = descending(matching(3, score=0.145), bulk(20_000))
    chance = random.Random(1)
    below = [score for score in scores[1000:] if chance.random() < 1 / 16]
    whole = find_cutoffs(scores, baseline=DEMO)
    assert (
        find_cutoffs(scores[:1000], sampled_scores=below, sample_every=16, baseline=DEMO).likely
        == whole.likely
        == math.inf
    )
    assert count_likely(scores[:1000]) == 3  # three of a thousand need less than three of 20,000


def test_possible_cutoff_is_not_above_the_likely_one() -> None:
    cutoffs = find_cutoffs(descending(matching(50)), baseline=DEMO)
    assert cutoffs.likely == cutoffs.possible


@pytest.fixture(scope="module")
def encoder() -> ClipEncoder:
    return ClipEncoder(str(MODEL_FOLDER), dtype="float32")


@pytest.fixture(scope="module")
def demo(encoder: ClipEncoder) -> Gallery:
    return Gallery([picture.scene for collection in get_demo_collections() for picture in collection.pictures], encoder)


@pytest.mark.parametrize(
    ("words", "likely"),
    [("a blue bird", 3), ("two birds at night", 1), ("an elephant", 0), ("a woman with a laptop", 0), ("pizza", 0)],
)
def test_demo_model_separates_matches(demo: Gallery, encoder: ClipEncoder, words: str, likely: int) -> None:
    nothing, vector = encoder.encode_texts([NEUTRAL_TEXT, words])
    usual = demo.vectors @ nothing
    baseline = Baseline(mean=float(usual.mean()), std=float(usual.std()))
    assert count_likely(sorted((demo.vectors @ vector).tolist(), reverse=True), baseline) == likely


def test_baseline_measures_the_scope_with_neutral_text(sample: SampleTeam) -> None:
    index_matches_and_others(sample, matches=0)
    baseline = measure_baseline(get_sample(resolve_visible_scope(sample.owner), model=get_active_model()))
    usual = -0.3 * float(
        embed_text("a white dog", model=get_active_model()) @ embed_text(NEUTRAL_TEXT, model=get_active_model())
    )
    assert baseline
    assert baseline.mean == pytest.approx(usual, abs=0.02)
    assert baseline.std == pytest.approx(1 / math.sqrt(get_encoder().dim), rel=0.2)  # as aside of the words all is
