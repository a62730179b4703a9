"""Where the answers of a large site are divided: more pictures than hits, made up around a sentence's vector."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from numpy.typing import NDArray

from collections_app.index import Record
from collections_app.models import Collection, Image
from collections_app.services.indexing.entries import build_entry
from collections_app.services.indexing.kept_models import get_active_model
from collections_app.services.library.collections import create_collection
from collections_app.services.search.relevance import NO_CUTOFFS
from collections_app.services.search.request import parse_search_request
from collections_app.services.search.results import SearchResults, Verdict, run_search
from collections_app.services.search.retrieval import MAX_HITS, find_nearest
from collections_app.services.search.text_embeddings import embed_text
from tests.sample_team import SampleTeam

WORDS = "a white dog"
MANY = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchesAndOthers:
    """`matches` lie in a collection of their own, as they lie near to WORDS; the others are nothing special."""

    matches: list[Image]
    others: list[Image]


def index_matches_and_others(sample: SampleTeam, *, matches: int, total: int = MANY, seed: int = 1) -> MatchesAndOthers:
    chance = np.random.default_rng(seed)
    place = create_collection(
        team=sample.team, name="Matches" if seed == 1 else f"Matches {seed}", creator=sample.owner
    )
    rows = [
        _row(place if number < matches else sample.collection, sample, number + seed * 10**6) for number in range(total)
    ]
    images = Image.objects.bulk_create(rows)
    scores = np.concatenate([0.7 + 0.0001 * np.arange(matches)[::-1], chance.normal(-0.3, 0.05, total - matches)])
    vectors = make_vectors(embed_text(WORDS, model=get_active_model()), scores, chance)
    pairs = zip(images, vectors, strict=True)
    get_active_model().index.upsert([Record(entry=build_entry(image), vector=vector) for image, vector in pairs])
    return MatchesAndOthers(matches=images[:matches], others=images[matches:])


def make_vectors(
    vector: NDArray[np.float32], scores: NDArray[np.float64], chance: np.random.Generator
) -> NDArray[np.float32]:
    """Return unit vectors with these cosines to a vector."""
    aside = chance.normal(size=(len(scores), len(vector)))
    aside -= np.outer(aside @ vector, vector)
    aside /= np.linalg.norm(aside, axis=1, keepdims=True)
    made = scores[:, None] * vector + np.sqrt(1 - scores**2)[:, None] * aside
    return made.astype(np.float32)


def _row(collection: Collection, sample: SampleTeam, number: int) -> Image:
    chance = random.Random(number)
    return Image(
        collection=collection,
        uploader=sample.owner,
        file=f"originals/{number}.png",
        original_name=f"{number}.png",
        sha256=f"{chance.getrandbits(256):064x}",
        byte_size=1,
        format="PNG",
        width=640,
        height=480,
        created_at=datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=chance.randrange(10**6)),
    )


def found(sample: SampleTeam, line: str = WORDS) -> SearchResults:
    question = parse_search_request(user=sample.owner, parameters={"q": line})
    assert question.problems == []
    return run_search(question)


def ids(images: list[Image]) -> list[int]:
    return [image.pk for image in images]


def test_all_hits_can_be_likely_among_more_pictures(sample: SampleTeam) -> None:
    made = index_matches_and_others(sample, matches=1500)
    all_of_them = found(sample)
    assert [each.id for each in all_of_them.ranked] == ids(made.matches)[:MAX_HITS]
    assert (all_of_them.likely_count, all_of_them.possible_count, all_of_them.hidden_count) == (MAX_HITS, 0, 0)


def test_few_results_are_likely_and_some_possible_among_many(sample: SampleTeam) -> None:
    made = index_matches_and_others(sample, matches=30)
    few = found(sample)
    assert [each.id for each in few.ranked[: few.likely_count]] == ids(made.matches)
    assert 0.01 < few.possible_count / MANY < 0.04
    assert few.likely_count + few.possible_count + few.hidden_count == MAX_HITS


def test_nothing_is_likely_among_many_ordinary_pictures(sample: SampleTeam) -> None:
    index_matches_and_others(sample, matches=0)
    nothing = found(sample)
    assert nothing.verdict is Verdict.NO_GOOD_MATCH
    assert 0.01 < nothing.possible_count / MANY < 0.04


def test_likely_results_sort_by_date_and_possible_ones_by_score(sample: SampleTeam) -> None:
    made = index_matches_and_others(sample, matches=30)
    dated = found(sample, f"{WORDS} sort:date")
    newest = sorted(made.matches, key=lambda image: (image.created_at, image.pk), reverse=True)
    assert [each.id for each in dated.ranked[: dated.likely_count]] == ids(newest)
    rest = [each.score or 0 for each in dated.ranked[dated.likely_count :]]
    assert rest
    assert rest == sorted(rest, reverse=True)


def test_further_pages_use_the_cutoffs_of_the_first_despite_new_pictures(sample: SampleTeam) -> None:
    index_matches_and_others(sample, matches=30)
    first = found(sample)
    index_matches_and_others(sample, matches=20, total=900, seed=2)
    question = parse_search_request(user=sample.owner, parameters={"q": WORDS})
    later = run_search(question, cutoffs=first.cutoffs)
    assert later.cutoffs == first.cutoffs != run_search(question).cutoffs
    assert (first.likely_count, later.likely_count) == (30, 50)


@pytest.mark.parametrize("narrow", ["in:Matches", "in:Matches by:me", "in:Matches format:png sort:date"])
def test_likely_results_stay_likely_when_filtered_to_themselves(sample: SampleTeam, narrow: str) -> None:
    made = index_matches_and_others(sample, matches=30, total=400)
    narrowed = found(sample, f"{WORDS} {narrow}")
    assert {each.id for each in narrowed.ranked} == set(ids(made.matches))
    assert (narrowed.likely_count, narrowed.hidden_count) == (30, 0)


def test_nothing_is_likely_when_filtered_to_the_others(sample: SampleTeam) -> None:
    index_matches_and_others(sample, matches=30, total=400)
    narrowed = found(sample, f"{WORDS} in:Garden")
    assert narrowed.verdict is Verdict.NO_GOOD_MATCH
    assert narrowed.possible_count < 0.1 * 370


def test_purely_negative_query_hides_nothing(sample: SampleTeam) -> None:
    made = index_matches_and_others(sample, matches=30, total=400)
    unlike = found(sample, f'-"{WORDS}"')
    assert [each.id for each in unlike.ranked[-30:]] == ids(made.matches)[::-1]
    assert (unlike.cutoffs, unlike.hidden_count) == (NO_CUTOFFS, 0)


def test_example_with_many_copies_has_results(sample: SampleTeam) -> None:
    images = Image.objects.bulk_create([_row(sample.collection, sample, number) for number in range(1200)])
    scores = np.where(np.arange(1200) < 990, 0.9999, 0.3)
    vectors = make_vectors(embed_text(WORDS, model=get_active_model()), scores, np.random.default_rng(1))
    pairs = zip(images, vectors, strict=True)
    get_active_model().index.upsert([Record(entry=build_entry(image), vector=vector) for image, vector in pairs])
    assert len(found(sample, f"like:{images[0].pk}").ranked) >= 990


def test_sample_has_about_the_expected_size(sample: SampleTeam) -> None:
    index_matches_and_others(sample, matches=0)
    question = parse_search_request(user=sample.owner, parameters={"q": WORDS})
    part = find_nearest(
        model=get_active_model(),
        scope=question.scope,
        vector=embed_text(WORDS, model=get_active_model()),
        sample_every=16,
    )
    assert 0.6 < len(part) * 16 / MANY < 1.5
