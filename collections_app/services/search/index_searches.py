"""The searches of the index for one request: all by one model."""

from collections.abc import Sequence
from dataclasses import dataclass

from collections_app.index import Vector
from collections_app.models import Example
from collections_app.services.indexing.kept_models import KeptModel, select_search_model
from collections_app.services.search.composition import compose, compute_score_scale, embed_terms
from collections_app.services.search.relevance import NO_CUTOFFS, Cutoffs
from collections_app.services.search.request import SearchRequest
from collections_app.services.search.retrieval import FIRST_HITS, MAX_HITS, RawHits, find_nearest
from collections_app.services.search.samples import ScopeSample, find_cached_sample, get_sample


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexAnswer:
    """The vector of a query, and the raw hits of its first search."""

    vector: Vector
    score_scale: float
    raw_hits: RawHits


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexSearchPlan:
    """How the index is searched. `limits` are how many hits to ask for, at first and then. `cutoffs` are those of an
    earlier search by the same model."""

    request: SearchRequest
    model: KeptModel
    cutoffs: Cutoffs | None
    wanted: int | None
    limits: Sequence[int]

    def search_first(self) -> IndexAnswer:
        """Embed the terms and search once, without the database. Raises what `run_search` raises."""
        parts = embed_terms(self.request, model=self.model)
        vector = compose(parts)
        raw_hits = self.search(vector, self.limits[0])
        return IndexAnswer(vector=vector, score_scale=compute_score_scale(parts), raw_hits=raw_hits)

    def search(self, vector: Vector, limit: int) -> RawHits:
        request = self.request
        return find_nearest(
            model=self.model, scope=request.scope, vector=vector, conditions=request.filters.conditions, limit=limit
        )


def make_plan(request: SearchRequest, *, cutoffs: Cutoffs | None, wanted: int | None) -> IndexSearchPlan:
    """Select the model and draw the sample, unless there are cutoffs. Raises EncoderError or IndexUnavailable."""
    tag = cutoffs.model_tag if cutoffs else ""
    example_keys = [each.vectors.keys() for each in request.examples.values() if isinstance(each, Example)]
    model = select_search_model(tag=tag, example_keys=example_keys)
    if cutoffs and cutoffs != NO_CUTOFFS and tag != model.tag:
        cutoffs = None  # those of another model say nothing
    sample = find_cached_sample(request.visible_scope, model=model)
    if sample is None and cutoffs is None:
        sample = get_sample(request.visible_scope, model=model)
    limits = _list_limits(request, sample, wanted)
    return IndexSearchPlan(request=request, model=model, cutoffs=cutoffs, wanted=wanted, limits=limits)


def _list_limits(request: SearchRequest, sample: ScopeSample | None, wanted: int | None) -> list[int]:
    """Return how many hits to ask for, at first and then. All hits of a small scope take no longer."""
    is_small = sample is not None and sample.is_whole_scope
    if wanted is None or wanted > FIRST_HITS or is_small or request.filters.is_newest_first:
        return [MAX_HITS]
    return [FIRST_HITS, MAX_HITS]
