"""Words divided with the model's own yardstick: shapes of scores, the demo's pictures, where it is from."""

import math
import random

import numpy as np
import pytest

from collections_app.demo.evaluate import MODEL_FOLDER, Gallery
from collections_app.demo.gallery import demo_collections
from collections_app.encoders import get_encoder
from collections_app.encoders.clip import ClipEncoder
from collections_app.services.search import calibration as yardsticks
from collections_app.services.search.calibration import get_baseline
from collections_app.services.search.relevance import SAYING_NOTHING, Baseline, find_cutoffs
from collections_app.services.search.retrieval import Scope, everything_visible_to
from collections_app.services.search.text_embeddings import embed_text
from tests.sample_team import SampleTeam
from tests.services.search.test_relevance import descending
from tests.services.search.test_results import MANY, crowd

# About what it is for the demo's model.
DEMO = Baseline(zero=0.042, noise=0.027)
TOO_LOW = Baseline(zero=-0.9, noise=1 / 43)


def bulk(count: int, *, middle: float = -0.3, spread: float = 0.08) -> list[float]:
    return list(map(float, np.random.default_rng(1).normal(middle, spread, count)))


def matching(count: int, *, score: float = 0.17) -> list[float]:
    return list(map(float, np.random.default_rng(2).normal(score, 0.005, count)))


def count_likely(scores: list[float], yardstick: Baseline = DEMO) -> int:
    return sum(score >= find_cutoffs(scores, yardstick=yardstick).likely for score in scores)


@pytest.mark.parametrize("matches", [1, 2, 30, 180, 300, 380, 400])
def test_matches_are_likely_however_many_of_all_they_are(matches: int) -> None:
    assert count_likely(descending(matching(matches), bulk(400 - matches))) == matches


@pytest.mark.parametrize("best", [[], [0.09], [0.1, 0.1], [0.05, 0.05, 0.04, 0.04]])
def test_what_is_below_the_level_of_matches_is_not_likely_though_a_gap_follows(best: list[float]) -> None:
    assert count_likely(descending(best, bulk(400, middle=-0.4))) == 0


def test_a_few_matches_are_likely_though_near_misses_follow_closely() -> None:
    near_misses = [0.11, 0.1, 0.08, 0.07, 0.05, 0.04]
    assert count_likely(descending([0.18, 0.17, 0.16], near_misses, bulk(350))) == 3


@pytest.mark.parametrize(("score", "alike", "likely"), [(0.11, 1, 0), (0.11, 200, 200), (0.16, 1, 1)])
def test_the_rarer_matches_are_the_more_evidence_is_needed(score: float, alike: int, likely: int) -> None:
    assert count_likely(descending([score] * alike, bulk(1000 - alike))) == likely


@pytest.mark.parametrize(("middle", "spread"), [(-0.3, 0.08), (-0.1, 0.04)])
def test_where_the_zero_is_far_too_low_a_wide_gap_tells(middle: float, spread: float) -> None:
    assert count_likely(descending(matching(30), bulk(370, middle=middle, spread=spread)), TOO_LOW) == 30


def test_the_wider_of_two_gaps_tells_though_the_ranking_was_cut() -> None:
    scores = descending([0.6] * 5, [0.4] * 900, bulk(19_095, middle=0.3, spread=0.02))
    whole = find_cutoffs(scores, yardstick=TOO_LOW)
    assert (
        find_cutoffs(scores[:1000], below=scores[1000::16], sample_every=16, yardstick=TOO_LOW).likely == whole.likely
    )
    assert count_likely(scores, TOO_LOW) == 5


@pytest.mark.parametrize(("shift", "scale"), [(0.0, 1.0), (0.3, 1.0), (-0.2, 0.1)])
def test_other_models_measure_by_their_own_zero_and_scale(shift: float, scale: float) -> None:
    scores = descending(matching(7), [0.1, 0.08], bulk(400))
    other = Baseline(zero=DEMO.zero * scale + shift, noise=DEMO.noise * scale)
    assert count_likely([shift + scale * score for score in scores], other) == 7


def test_a_ranking_that_was_cut_counts_each_of_the_thinned_rest_for_many() -> None:
    scores = descending(matching(3, score=0.145), bulk(20_000))
    chance = random.Random(1)
    below = [score for score in scores[1000:] if chance.random() < 1 / 16]
    whole = find_cutoffs(scores, yardstick=DEMO)
    assert find_cutoffs(scores[:1000], below=below, sample_every=16, yardstick=DEMO).likely == whole.likely == math.inf
    assert count_likely(scores[:1000]) == 3  # three of a thousand need less than three of 20,000


def test_where_all_are_likely_all_are_at_least_maybe() -> None:
    divider = find_cutoffs(descending(matching(50)), yardstick=DEMO)
    assert divider.likely == divider.maybe


@pytest.fixture(scope="module")
def encoder() -> ClipEncoder:
    return ClipEncoder(str(MODEL_FOLDER), dtype="float32")


@pytest.fixture(scope="module")
def demo(encoder: ClipEncoder) -> Gallery:
    return Gallery([picture.scene for collection in demo_collections() for picture in collection.pictures], encoder)


@pytest.mark.parametrize(
    ("words", "likely"),
    [("a blue bird", 3), ("two birds at night", 1), ("an elephant", 0), ("a woman with a laptop", 0), ("pizza", 0)],
)
def test_the_demo_s_pictures_are_told_from_what_it_has_not(
    demo: Gallery, encoder: ClipEncoder, words: str, likely: int
) -> None:
    nothing, vector = encoder.encode_texts([SAYING_NOTHING, words])
    usual = demo.vectors @ nothing
    yardstick = Baseline(zero=float(usual.mean()), noise=float(usual.std()))
    assert count_likely(sorted((demo.vectors @ vector).tolist(), reverse=True), yardstick) == likely


def test_the_zero_is_what_the_scope_s_pictures_score_with_words_that_say_nothing(sample: SampleTeam) -> None:
    crowd(sample, matches=0)
    yardstick = get_baseline(everything_visible_to(sample.owner))
    usual = -0.3 * float(embed_text("a white dog") @ embed_text(SAYING_NOTHING))
    assert yardstick
    assert yardstick.zero == pytest.approx(usual, abs=0.02)
    assert yardstick.noise == pytest.approx(1 / math.sqrt(get_encoder().dim), rel=0.2)  # as aside of the words all is


def test_it_is_remembered_for_each_scope_for_a_while(sample: SampleTeam, monkeypatch: pytest.MonkeyPatch) -> None:
    scope = everything_visible_to(sample.owner)
    assert get_baseline(scope) is None
    crowd(sample, matches=0, total=400)
    first = get_baseline(scope)
    crowd(sample, matches=MANY // 10, total=MANY // 10, seed=2)
    assert get_baseline(scope) == first
    assert get_baseline(Scope(images=scope.images)) is None
    monkeypatch.setattr(yardsticks, "_KEPT_S", 0)
    yardsticks.clear_baselines()
    later = get_baseline(scope)
    assert later != first
    crowd(sample, matches=0, total=100, seed=3)
    assert get_baseline(scope) not in (first, later)
