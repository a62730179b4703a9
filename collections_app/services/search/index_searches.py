"""The searches of the index for one request: all by one model."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from collections_app.index import Places, Vector
from collections_app.metrics import measure_stage
from collections_app.models import Example
from collections_app.services.indexing.kept_models import KeptModel, select_search_model
from collections_app.services.search import background
from collections_app.services.search.composition import compose, compute_score_scale, embed_terms
from collections_app.services.search.relevance import NO_CUTOFFS, Cutoffs
from collections_app.services.search.request import SearchRequest
from collections_app.services.search.retrieval import FIRST_HITS, MAX_HITS, RawHits, find_nearest, find_scope_places
from collections_app.services.search.samples import ScopeSample, find_cached_sample, get_sample


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedSearch:
    """The model and the vector of a query, and the search for the first of `limits`, whose hits `wait` returns.

    `limits` are how many hits to ask for, at first and then. `cutoffs` are those of an earlier search by this model.
    """

    request: SearchRequest
    model: KeptModel
    cutoffs: Cutoffs | None
    vector: Vector
    score_scale: float
    limits: Sequence[int]
    places: Places
    wait: Callable[[], RawHits]

    def search(self, limit: int) -> RawHits:
        """Search in the calling thread. Raises IndexUnavailable."""
        return _search_index(self.request, self.model, self.vector, self.places, limit)


def start_index_search(request: SearchRequest, *, cutoffs: Cutoffs | None, wanted: int | None) -> StartedSearch:
    """Select the model, draw its sample unless there are cutoffs, embed the terms, and start to search in a thread.

    Raises what `run_search` raises.
    """
    tag = cutoffs.model_tag if cutoffs else ""
    example_keys = [each.vectors.keys() for each in request.examples.values() if isinstance(each, Example)]
    model = select_search_model(tag=tag, example_keys=example_keys)
    if cutoffs and cutoffs != NO_CUTOFFS and tag != model.tag:
        cutoffs = None  # those of another model say nothing
    sample = find_cached_sample(request.visible_scope, model=model)
    if sample is None and cutoffs is None:
        sample = get_sample(request.visible_scope, model=model)
    limits = _list_limits(request, sample, wanted)
    # Words are embedded here: in another thread, that would take longer beside the work of this one.
    with measure_stage("embed"):
        parts = embed_terms(request, model=model)
    vector = compose(parts)
    places = find_scope_places(model, request.scope)
    return StartedSearch(
        request=request,
        model=model,
        cutoffs=cutoffs,
        vector=vector,
        score_scale=compute_score_scale(parts),
        limits=limits,
        places=places,
        wait=background.start_work(partial(_search_index, request, model, vector, places, limits[0])),
    )


def _search_index(request: SearchRequest, model: KeptModel, vector: Vector, places: Places, limit: int) -> RawHits:
    return find_nearest(
        model=model,
        scope=request.scope,
        vector=vector,
        conditions=request.filters.conditions,
        limit=limit,
        places=places,
    )


def _list_limits(request: SearchRequest, sample: ScopeSample | None, wanted: int | None) -> list[int]:
    """Return the limits of the first search and of the second. All hits of a small scope take no longer."""
    is_small = sample is not None and sample.is_whole_scope
    if wanted is None or wanted > FIRST_HITS or is_small or request.filters.is_newest_first:
        return [MAX_HITS]
    return [FIRST_HITS, MAX_HITS]
