"""Searches of the index. Their hits are raw: the database decides afterwards what may be shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NewType

from collections_app.index import Condition, Hit, Vector
from collections_app.services.indexing.active_index import get_active_index
from collections_app.services.search.scope import Scope

MAX_HITS = 1000
_SAMPLE_STEP = 16
_MAX_SAMPLE_EVERY = _SAMPLE_STEP**4

# Hits of the index, nearest first. Filter them with `results.keep_visible` before display.
RawHits = NewType("RawHits", list[Hit])


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The hits among about one entry in `sample_every`, nearly complete."""

    hits: RawHits
    sample_every: int


def find_nearest(
    *, scope: Scope, vector: Vector, conditions: Sequence[Condition] = (), sample_every: int = 1
) -> RawHits:
    """Return up to MAX_HITS entries of the scope nearest to a unit vector of the active model.

    The scope names only teams and collections that the user may see. Raises EncoderError or IndexUnavailable.
    """
    if scope.is_empty:
        return RawHits([])
    hits = get_active_index().search(
        vector,
        team_ids=scope.team_ids,
        collections=scope.collections,
        conditions=conditions,
        sample_every=sample_every,
        limit=MAX_HITS,
    )
    return RawHits(hits)


def sample_scope(*, scope: Scope, vector: Vector, sample_every: int = 1) -> Sample:
    """Return all entries of the scope if a search can return so many, else one in 16, 256, … of them."""
    while True:
        hits = find_nearest(scope=scope, vector=vector, sample_every=sample_every)
        if len(hits) < MAX_HITS or sample_every >= _MAX_SAMPLE_EVERY:
            return Sample(hits=hits, sample_every=sample_every)
        sample_every *= _SAMPLE_STEP
