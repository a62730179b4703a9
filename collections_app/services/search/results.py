"""A search from its request to its results. Every search by words or examples goes through `run_search`."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import partial

from collections_app.index import Hit
from collections_app.metrics import count_failed_search, count_search, measure_stage
from collections_app.models import Image
from collections_app.models.image import ImageQuerySet
from collections_app.models.wall_clock import convert_to_wall_clock
from collections_app.services.indexing.completeness import refuse_lost_entries
from collections_app.services.indexing.kept_models import KeptModel
from collections_app.services.search.fusion import NameKind, NameMatch, build_words, find_name_matches, fuse
from collections_app.services.search.index_searches import StartedSearch, start_index_search
from collections_app.services.search.relevance import NO_CUTOFFS, Cutoffs, find_request_cutoffs
from collections_app.services.search.request import SearchRequest
from collections_app.services.search.retrieval import MAX_HITS, has_more_hits
from collections_app.services.search.samples import ScopeSample, get_sample


class Verdict(Enum):
    """SPLIT: some results are likely. UNSPLIT: cutoffs say nothing, as with few pictures or matches by degrees."""

    SPLIT = "split"
    NO_GOOD_MATCH = "no good match"
    UNSPLIT = "unsplit"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredId:
    """The id of a visible picture and its score: the cosine, -1 to 1, or None if nothing was compared.

    `name_kind` tells which name contains the words of the query, if one does. `copies` are results with the same bytes,
    shown as this one.
    """

    id: int
    score: float | None
    name_kind: NameKind | None = None
    copies: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A result with its row. `copy_count` includes the shown one."""

    image: Image
    score: float | None
    name_kind: NameKind | None = None
    copy_count: int = 1


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

    All of a search is done by one model. Pass the cutoffs of an earlier run to rank and split further pages like the
    first one, or NO_CUTOFFS to keep everything.
    Raises EncoderError, IndexUnavailable, NotIndexed (an example waits for its vector) or CancelledOut: a failure is
    never an empty result.
    """
    return start_search(request, cutoffs=cutoffs, wanted=wanted)()


def start_search(
    request: SearchRequest, *, cutoffs: Cutoffs | None = None, wanted: int | None = None
) -> Callable[[], SearchResults]:
    """Start what `run_search` does, and return a function that finishes it.

    Until it is called, another thread searches the index, and the caller can read the database. Both raise what
    `run_search` raises.
    """
    if request.problems:
        return SearchResults
    with count_failed_search():
        finish = _begin_search(request, cutoffs, wanted)

    def finish_and_count() -> SearchResults:
        with count_failed_search():
            results = finish()
        count_search("done")
        return results

    return finish_and_count


def _begin_search(request: SearchRequest, cutoffs: Cutoffs | None, wanted: int | None) -> Callable[[], SearchResults]:
    if not request.terms:
        return partial(_find_newest, request)
    return partial(_finish_search, start_index_search(request, cutoffs=cutoffs, wanted=wanted), wanted)


def find_by_names(request: SearchRequest) -> SearchResults:
    """Return the matches by name alone, for when the index cannot be searched."""
    names = find_name_matches(request)
    ranked = [ScoredId(id=each.id, score=None, name_kind=each.kind) for each in names]
    return SearchResults(ranked=_merge_copies(ranked, {each.id: each.sha256 for each in names}))


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
    return [
        Result(image=rows[each.id], score=each.score, name_kind=each.name_kind, copy_count=1 + len(each.copies))
        for each in ranked
        if each.id in rows
    ]


def _finish_search(started: StartedSearch, wanted: int | None) -> SearchResults:
    """Search again for MAX_HITS only if all hits are likely, fewer than wanted are visible, or the index returned
    slightly fewer than FIRST_HITS, so that there may be no more.
    """
    request, scope, cutoffs = started.request, started.request.scope, started.cutoffs
    with measure_stage("sql"):
        sample = _read_visible_sample(request, started.model) if cutoffs is None else None
        names = find_name_matches(request)
    results, scale = SearchResults(), started.score_scale
    for limit in started.limits:
        raw_hits = started.wait() if limit == started.limits[0] else started.search(limit)
        if not raw_hits and not scope.is_empty:
            refuse_lost_entries(index=started.model.index, team_ids=scope.all_team_ids, images=scope.images)
        with measure_stage("sql"):
            hashes = _read_hashes([hit.id for hit in raw_hits], scope.images)
        hits = [hit for hit in raw_hits if hit.id in hashes]
        if sample:
            cutoffs = find_request_cutoffs(request, started.vector, hits, score_scale=scale, sample=sample)
        own_cutoffs = replace(cutoffs or NO_CUTOFFS, model_tag=started.model.tag)
        split = replace(
            split_hits(hits, own_cutoffs, is_graded=request.is_graded),
            is_cut=has_more_hits(raw_hits, limit=limit),
            is_first_part=limit < MAX_HITS,
        )
        results = _add_names(split, hits, names, hashes)
        has_wanted = len(results.ranked) >= (wanted or 0)
        is_enough = len(raw_hits) >= limit and len(hits) > split.likely_count and has_wanted
        if is_enough or not results.has_more:
            break
    return _sort_by_date(results, scope.images) if request.filters.is_newest_first else results


def _add_names(
    split: SearchResults, hits: Sequence[Hit], names: Sequence[NameMatch], hashes: Mapping[int, str]
) -> SearchResults:
    """Merge matches by name into the results of the index, and show copies once. Likely results come first.

    Pictures whose own names contain all words whole are likely, wherever the index places them.
    """
    scores, matched = {hit.id: hit.score for hit in hits}, {each.id: each.kind for each in names}
    whole, others = ([each.id for each in names if each.is_whole is is_whole] for is_whole in (True, False))
    likely = {each.id for each in split.ranked[: split.likely_count]}
    if split.verdict is not Verdict.UNSPLIT:
        likely.update(whole)
    shown = {each.id for each in split.ranked} | matched.keys()
    fused = [pk for pk in fuse(list(scores), [whole, others]) if pk in shown]
    ranked = [
        ScoredId(id=pk, score=scores.get(pk), name_kind=matched.get(pk))
        for pk in sorted(fused, key=lambda pk: pk not in likely)
    ]
    merged = _merge_copies(ranked, {**hashes, **{each.id: each.sha256 for each in names}})
    hidden_count = split.hidden_count if split.is_cut else len(scores.keys() - shown)
    likely_count = sum(each.id in likely for each in merged)
    verdict = Verdict.SPLIT if likely_count else split.verdict
    return replace(split, ranked=merged, likely_count=likely_count, hidden_count=hidden_count, verdict=verdict)


def _merge_copies(ranked: Iterable[ScoredId], hashes: Mapping[int, str]) -> list[ScoredId]:
    """Keep the first of the results with the same bytes, with the ids of the others."""
    groups: dict[str, list[ScoredId]] = {}
    for each in ranked:
        groups.setdefault(hashes[each.id], []).append(each)
    return [replace(first, copies=tuple(each.id for each in others)) for first, *others in groups.values()]


def _read_visible_sample(request: SearchRequest, model: KeptModel) -> ScopeSample:
    """Return the model's sample of the scope, without what the user may no longer see."""
    sample = get_sample(request.visible_scope, model=model)
    return sample.keep(_read_hashes(sample.ids.tolist(), request.visible_scope.images))


def _read_hashes(ids: Sequence[int], images: ImageQuerySet) -> dict[int, str]:
    """Return the SHA-256 of each visible image."""
    return dict(images.among(ids).values_list("pk", "sha256"))


@measure_stage("sql")
def _find_newest(request: SearchRequest) -> SearchResults:
    if request.query.terms or not request.query.filters:
        return SearchResults()
    images, is_by_date = request.scope.images, request.filters.is_newest_first
    tag_words = build_words(request, " ".join(request.filters.values.get("tag", ())), is_complete=True)
    named = images if tag_words.is_empty else images.having_names(tag_words)
    ordered = named.latest_taken_first() if is_by_date else named.latest_first()
    hashes = dict(request.filters.apply(ordered, limit=MAX_HITS).values_list("pk", "sha256"))
    results = SearchResults(ranked=_merge_copies([ScoredId(id=pk, score=None) for pk in hashes], hashes))
    return _sort_by_date(results, images) if is_by_date else results


def _sort_by_date(results: SearchResults, images: ImageQuerySet) -> SearchResults:
    """Sort the likely results by date; all of them if the results are not split."""
    count = results.likely_count or (len(results.ranked) if results.verdict is Verdict.UNSPLIT else 0)
    first, rest = results.ranked[:count], results.ranked[count:]
    times = images.among([each.id for each in first]).values_list("pk", "taken_at", "created_at")
    dates = {pk: taken_at or convert_to_wall_clock(created_at) for pk, taken_at, created_at in times}
    visible = [each for each in first if each.id in dates]
    dated = sorted(visible, key=lambda each: (dates[each.id], each.id), reverse=True)
    return replace(results, ranked=[*dated, *rest], likely_count=results.likely_count and len(dated))
