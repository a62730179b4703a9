"""Samples of scopes: what they contain, when they are drawn again, and that a search needs no other index search."""

import pytest

from collections_app.encoders import get_encoder
from collections_app.index.milvus import MilvusIndex
from collections_app.models import Image, IndexState
from collections_app.services.indexing.kept_models import get_active_model
from collections_app.services.indexing.worker import IndexWorker
from collections_app.services.search.request import parse_search_request
from collections_app.services.search.results import run_search
from collections_app.services.search.retrieval import FIRST_HITS, find_nearest
from collections_app.services.search.samples import clear_samples, find_cached_sample, get_sample
from collections_app.services.search.scope import resolve_visible_scope
from collections_app.services.search.text_embeddings import embed_text
from tests.sample_team import SampleTeam
from tests.services.search.test_results import MANY, WORDS, index_matches_and_others


def mark_indexed() -> None:
    Image.objects.all().record_index_state(index_state=IndexState.INDEXED, index_model_key=get_encoder().key)


@pytest.fixture
def searches(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The options of each search of the index."""
    noted: list[object] = []
    search = MilvusIndex.search

    def note_and_search(self: MilvusIndex, *arguments: object, **options: object) -> object:
        noted.append(options)
        return search(self, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(MilvusIndex, "search", note_and_search)
    return noted


def test_second_query_of_a_scope_takes_one_index_search(sample: SampleTeam, searches: list[object]) -> None:
    made = index_matches_and_others(sample, matches=30)
    mark_indexed()
    run_search(parse_search_request(user=sample.owner, parameters={"q": "a cat"}), wanted=24)
    for query in (WORDS, f"like:{made.matches[0].pk}", f"{WORDS} by:me", f"{WORDS} in:Garden", f"{WORDS} -night"):
        searches.clear()
        request = parse_search_request(user=sample.owner, parameters={"q": query})
        assert run_search(request, wanted=24).ranked
        assert len(searches) == 1, query


def test_large_scope_is_sampled_with_the_scores_of_its_pictures(sample: SampleTeam) -> None:
    index_matches_and_others(sample, matches=30)
    mark_indexed()
    drawn = get_sample(resolve_visible_scope(sample.owner), model=get_active_model())
    assert not drawn.is_whole_scope
    assert 0.8 < len(drawn.ids) * drawn.sample_every / MANY < 1.25
    request = parse_search_request(user=sample.owner, parameters={"q": WORDS})
    exact = {
        hit.id: hit.score
        for hit in find_nearest(
            model=get_active_model(), scope=request.scope, vector=embed_text(WORDS, model=get_active_model())
        )
    }
    scored = dict(
        zip(drawn.ids.tolist(), drawn.compute_scores(embed_text(WORDS, model=get_active_model())), strict=True)
    )
    both = exact.keys() & scored.keys()
    assert len(both) > 100
    assert [scored[pk] for pk in both] == pytest.approx([exact[pk] for pk in both], abs=0.001)


def test_small_scope_is_held_whole(sample: SampleTeam) -> None:
    made = index_matches_and_others(sample, matches=30, total=400)
    mark_indexed()
    drawn = get_sample(resolve_visible_scope(sample.owner), model=get_active_model())
    assert drawn.is_whole_scope
    assert {image.pk for image in (*made.matches, *made.others)} == set(drawn.ids.tolist())


@pytest.mark.parametrize(("added", "is_drawn_again"), [(10, False), (60, True)])
def test_many_new_pictures_renew_a_sample(sample: SampleTeam, added: int, is_drawn_again: bool) -> None:
    scope = resolve_visible_scope(sample.owner)
    index_matches_and_others(sample, matches=0, total=400)
    mark_indexed()
    first = get_sample(scope, model=get_active_model())
    index_matches_and_others(sample, matches=0, total=added, seed=2)
    assert len(get_sample(scope, model=get_active_model()).ids) == len(first.ids)  # they are not searchable yet
    mark_indexed()
    assert (len(get_sample(scope, model=get_active_model()).ids) > len(first.ids)) is is_drawn_again


def test_pictures_out_of_sight_do_not_count(sample: SampleTeam) -> None:
    made = index_matches_and_others(sample, matches=30, total=400)
    mark_indexed()
    before = run_search(parse_search_request(user=sample.viewer, parameters={"q": WORDS}))
    assert before.likely_count == 30
    place = made.matches[0].collection
    type(place).objects.filter(pk=place.pk).update(team=sample.outsider.personal_team)
    after = run_search(parse_search_request(user=sample.viewer, parameters={"q": WORDS}))
    narrowed = run_search(parse_search_request(user=sample.viewer, parameters={"q": f"{WORDS} in:Garden"}))
    clear_samples()
    index_anew = get_sample(resolve_visible_scope(sample.viewer), model=get_active_model())
    assert len(index_anew.ids) == 370
    get_active_model().index.delete([image.pk for image in made.matches])
    clear_samples()
    without = run_search(parse_search_request(user=sample.viewer, parameters={"q": WORDS}))
    assert after.cutoffs == narrowed.cutoffs == without.cutoffs != before.cutoffs


def test_kept_part_has_the_vectors_and_scores_of_its_pictures(sample: SampleTeam) -> None:
    made = index_matches_and_others(sample, matches=30, total=400)
    mark_indexed()
    ids = {image.pk for image in made.matches}
    drawn = get_sample(resolve_visible_scope(sample.owner), model=get_active_model())
    kept = drawn.keep(ids)
    assert set(kept.ids.tolist()) == ids
    assert (
        kept.compute_scores(embed_text(WORDS, model=get_active_model())).min()
        > 0.69
        > drawn.compute_scores(embed_text(WORDS, model=get_active_model())).min()
    )
    assert len(kept.neutral_scores) == 30


def test_each_scope_and_each_model_has_its_own_sample(sample: SampleTeam, monkeypatch: pytest.MonkeyPatch) -> None:
    IndexWorker().drain()
    scope = resolve_visible_scope(sample.viewer)
    assert get_sample(scope, model=get_active_model()).ids.tolist() == [sample.image.pk]
    outside = resolve_visible_scope(sample.outsider)
    assert find_cached_sample(outside, model=get_active_model()) is None
    assert get_sample(outside, model=get_active_model()).ids.tolist() == []
    assert find_cached_sample(scope, model=get_active_model())
    monkeypatch.setattr(type(get_encoder()), "key", "another model")
    assert find_cached_sample(scope, model=get_active_model()) is None


def test_sample_is_used_again_until_it_is_cleared(sample: SampleTeam, searches: list[object]) -> None:
    scope = resolve_visible_scope(sample.owner)
    index_matches_and_others(sample, matches=0, total=2100)
    mark_indexed()
    for _ in range(3):
        get_sample(scope, model=get_active_model())
    assert len(searches) == 1
    clear_samples()
    get_sample(scope, model=get_active_model())
    assert len(searches) == 2


def test_first_hits_and_all_hits_are_split_alike(sample: SampleTeam, searches: list[object]) -> None:
    index_matches_and_others(sample, matches=30)
    mark_indexed()
    request = parse_search_request(user=sample.owner, parameters={"q": WORDS})
    first, everything = run_search(request, wanted=24), run_search(request)
    assert first.cutoffs == everything.cutoffs
    assert first.likely_count == everything.likely_count == 30
    assert first.ranked == everything.ranked[: len(first.ranked)]
    assert len(first.ranked) <= FIRST_HITS


def test_all_likely_results_are_counted_if_they_exceed_the_first_hits(sample: SampleTeam) -> None:
    index_matches_and_others(sample, matches=300)
    mark_indexed()
    request = parse_search_request(user=sample.owner, parameters={"q": WORDS})
    first = run_search(request, wanted=24)
    assert first.likely_count == run_search(request).likely_count == 300
    assert first.cutoffs == run_search(request).cutoffs


def test_wanted_results_are_found_behind_hits_that_are_not_visible(sample: SampleTeam) -> None:
    made = index_matches_and_others(sample, matches=250)
    mark_indexed()
    ids = [image.pk for image in made.matches[:190]]
    Image.objects.filter(pk__in=ids).record_index_state(trashed_at=made.matches[0].created_at)
    request = parse_search_request(user=sample.owner, parameters={"q": WORDS})
    found = run_search(request, wanted=24)
    assert found.likely_count == 60
    assert not {each.id for each in found.ranked} & set(ids)
