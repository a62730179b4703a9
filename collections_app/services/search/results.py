"""A search from its request to its results. Every search by words or examples goes through `run_search`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

from collections_app.index import Hit
from collections_app.models import Image
from collections_app.models.image import ImageQuerySet
from collections_app.models.text_search import ScopedWords, drop_stop_words
from collections_app.models.wall_clock import convert_to_wall_clock
from collections_app.services.indexing.completeness import refuse_lost_entries
from collections_app.services.search.composition import compose, compute_score_scale, embed_terms
from collections_app.services.search.relevance import NO_CUTOFFS, Cutoffs, find_request_cutoffs
from collections_app.services.search.request import SearchRequest
from collections_app.services.search.retrieval import FIRST_HITS, MAX_HITS, RawHits, find_nearest, has_more_hits
from collections_app.services.search.samples import ScopeSample, find_cached_sample, get_sample


class Verdict(Enum):
    """SPLIT: some results are likely. UNSPLIT: cutoffs say nothing, as with few pictures or matches by degrees."""

    SPLIT = "split"
    NO_GOOD_MATCH = "no good match"
    UNSPLIT = "unsplit"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredId:
    """The id of a visible picture and its score: the cosine, -1 to 1, or None if nothing was compared."""

    id: int
    score: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A result with its row."""

    image: Image
    score: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResults:
    """The results to show, in order. The first `likely_count` are likely; `hidden_count` unlikely ones are left out.

    `is_cut`: the index left out hits. `is_first_part`: a search for MAX_HITS returns more of them.
    """

    ranked: Sequence[ScoredId] = ()
    likely_count: int = 0
    hidden_count: int = 0
    verdict: Verdict = Verdict.UNSPLIT
    cutoffs: Cutoffs = NO_CUTOFFS
    is_cut: bool = False
    is_first_part: bool = False

    @property
    def is_split(self) -> bool:
        return self.verdict is Verdict.SPLIT

    @property
    def has_no_good_match(self) -> bool:
        return self.verdict is Verdict.NO_GOOD_MATCH

    @property
    def possible_count(self) -> int:
        return len(self.ranked) - self.likely_count

    @property
    def has_more(self) -> bool:
        """Whether more pictures than these meet the cutoffs."""
        return self.is_cut and not self.hidden_count

    @property
    def has_more_likely(self) -> bool:
        return self.has_more and not self.possible_count


def run_search(request: SearchRequest, *, cutoffs: Cutoffs | None = None, wanted: int | None = None) -> SearchResults:
    """Return what the request finds, best first: up to MAX_HITS, or at least the first `wanted`.

    Filters without terms find the newest pictures: the last uploaded or, with `sort:date`, the last taken. A request
    with problems finds nothing: show its problems, and call `require_understood` before acting on results.

    Pass the cutoffs of an earlier run to split further pages like the first one, or NO_CUTOFFS to keep everything.
    Raises EncoderError, IndexUnavailable, NotIndexed (an example waits for its vector) or CancelledOut: a failure is
    never an empty result.
    """
    if request.problems:
        return SearchResults()
    if not request.terms:
        return _find_newest(request)
    results = _find_best(request, cutoffs, wanted)
    return _sort_by_date(results, request.scope.images) if request.filters.is_newest_first else results


def keep_visible(raw_hits: RawHits, *, images: ImageQuerySet) -> list[Hit]:
    """Return the hits that the database shows."""
    visible = _find_visible_ids([hit.id for hit in raw_hits], images)
    return [hit for hit in raw_hits if hit.id in visible]


def split_hits(hits: Sequence[Hit], cutoffs: Cutoffs, *, is_graded: bool = False) -> SearchResults:
    """Apply cutoffs to hits in descending order. For graded requests, no likely hit does not mean no good match."""
    likely_count = sum(hit.score >= cutoffs.likely for hit in hits)
    ranked = [ScoredId(id=hit.id, score=hit.score) for hit in hits if hit.score >= cutoffs.possible]
    verdict = Verdict.SPLIT if likely_count else Verdict.NO_GOOD_MATCH
    if cutoffs == NO_CUTOFFS or (is_graded and not likely_count):
        verdict = Verdict.UNSPLIT
    return SearchResults(
        ranked=ranked,
        likely_count=likely_count,
        hidden_count=len(hits) - len(ranked),
        verdict=verdict,
        cutoffs=cutoffs,
    )


def join_rows(ranked: Sequence[ScoredId], *, images: ImageQuerySet) -> list[Result]:
    """Join results to their visible rows, in order. A picture that was deleted or is no longer visible is left out."""
    rows = {image.pk: image for image in images.among([each.id for each in ranked]).with_collection()}
    return [Result(image=rows[each.id], score=each.score) for each in ranked if each.id in rows]


def find_title_matches(request: SearchRequest, *, limit: int) -> ImageQuerySet:
    """Return the first pictures whose names contain all wanted words and that meet the filters, best first.

    "a white dog" finds a picture with the title "White dog".
    """
    images = request.scope.images
    if request.problems:
        return images.none()
    named = images.matching_names(_build_words(request, drop_stop_words(request.wanted_text)))
    return request.filters.apply(named, limit=limit)


def _find_best(request: SearchRequest, cutoffs: Cutoffs | None, wanted: int | None) -> SearchResults:
    """Search once. Search again for MAX_HITS only if all hits are likely, fewer than wanted are visible, or the index
    returned slightly fewer than FIRST_HITS, so that there may be no more.
    """
    parts = embed_terms(request)
    vector, score_scale = compose(parts), compute_score_scale(parts)
    sample = get_sample(request.visible_scope) if cutoffs is None else None
    results = SearchResults()
    for limit in _list_limits(request, sample or find_cached_sample(request.visible_scope), wanted):
        raw_hits = find_nearest(scope=request.scope, vector=vector, conditions=request.filters.conditions, limit=limit)
        if not raw_hits and not request.scope.is_empty:
            refuse_lost_entries(team_ids=request.scope.all_team_ids, images=request.scope.images)
        hits, seen = _keep_visible_parts(request, raw_hits, sample)
        if seen:
            cutoffs = find_request_cutoffs(request, vector, hits, score_scale=score_scale, sample=seen)
        results = replace(
            split_hits(hits, cutoffs or NO_CUTOFFS, is_graded=request.is_graded),
            is_cut=has_more_hits(raw_hits, limit=limit),
            is_first_part=limit < MAX_HITS,
        )
        is_enough = len(raw_hits) >= limit and len(hits) > max(results.likely_count, (wanted or 0) - 1)
        if is_enough or not results.has_more:
            break
    return results


def _keep_visible_parts(
    request: SearchRequest, raw_hits: RawHits, sample: ScopeSample | None
) -> tuple[list[Hit], ScopeSample | None]:
    """Return the visible hits and the visible part of the sample. Both have the same scope in most searches."""
    scope, visible_scope = request.scope, request.visible_scope
    if sample is None:
        return keep_visible(raw_hits, images=scope.images), None
    sampled_ids = sample.ids.tolist()
    if scope is not visible_scope:
        seen = _find_visible_ids(sampled_ids, visible_scope.images)
        return keep_visible(raw_hits, images=scope.images), sample.keep(seen)
    visible = _find_visible_ids([*(hit.id for hit in raw_hits), *sampled_ids], scope.images)
    return [hit for hit in raw_hits if hit.id in visible], sample.keep(visible)


def _find_visible_ids(ids: Sequence[int], images: ImageQuerySet) -> set[int]:
    return set(images.among(ids).values_list("pk", flat=True))


def _list_limits(request: SearchRequest, sample: ScopeSample | None, wanted: int | None) -> list[int]:
    """Return how many hits to ask for, at first and then. All hits of a small scope take no longer."""
    is_small = sample is not None and sample.is_whole_scope
    if wanted is None or wanted > FIRST_HITS or is_small or request.filters.is_newest_first:
        return [MAX_HITS]
    return [FIRST_HITS, MAX_HITS]


def _find_newest(request: SearchRequest) -> SearchResults:
    if request.query.terms or not request.query.filters:
        return SearchResults()
    images, is_by_date = request.scope.images, request.filters.is_newest_first
    tag_words = _build_words(request, " ".join(request.filters.values.get("tag", ())))
    named = images if tag_words.is_empty else images.having_names(tag_words)
    ordered = named.latest_taken_first() if is_by_date else named.latest_first()
    newest = request.filters.apply(ordered, limit=MAX_HITS)
    results = SearchResults(ranked=[ScoredId(id=pk, score=None) for pk in newest.values_list("pk", flat=True)])
    return _sort_by_date(results, images) if is_by_date else results


def _build_words(request: SearchRequest, text: str) -> ScopedWords:
    return ScopedWords(text, tuple(request.scope.team_ids), tuple(request.scope.collections))


def _sort_by_date(results: SearchResults, images: ImageQuerySet) -> SearchResults:
    """Sort the likely results by date; all of them if the results are not split."""
    count = results.likely_count or (len(results.ranked) if results.verdict is Verdict.UNSPLIT else 0)
    first, rest = results.ranked[:count], results.ranked[count:]
    times = images.among([each.id for each in first]).values_list("pk", "taken_at", "created_at")
    dates = {pk: taken_at or convert_to_wall_clock(created_at) for pk, taken_at, created_at in times}
    visible = [each for each in first if each.id in dates]
    dated = sorted(visible, key=lambda each: (dates[each.id], each.id), reverse=True)
    return replace(results, ranked=[*dated, *rest], likely_count=results.likely_count and len(dated))
