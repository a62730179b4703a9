"""Searches of the index. Their hits are raw: the database decides afterwards what may be shown."""

from collections.abc import Sequence
from typing import NewType

from collections_app.index import Condition, Hit, Places, Vector
from collections_app.metrics import measure_stage
from collections_app.services.indexing.kept_models import KeptModel
from collections_app.services.search.scope import Scope

MAX_HITS = 1000
# What the first results pages need. On Milvus Lite with 100,000 entries, MAX_HITS take 1.4 times as long.
FIRST_HITS = 200
# The index may return slightly fewer hits than it has.
_NEARLY_ALL = 0.9

# Hits of the index, nearest first. The database decides which of them are shown.
RawHits = NewType("RawHits", list[Hit])


def find_nearest(
    *,
    model: KeptModel,
    scope: Scope,
    vector: Vector,
    conditions: Sequence[Condition] = (),
    sample_every: int = 1,
    limit: int = MAX_HITS,
    places: Places | None = None,
) -> RawHits:
    """Return the entries of the scope nearest to a unit vector of the model. `limit` is 1 to MAX_HITS.

    The scope names only teams and collections that the user may see. `places` is for a thread that must not use the
    database, see `find_scope_places`. Raises EncoderError or IndexUnavailable.
    """
    if scope.is_empty:
        return RawHits([])
    with measure_stage("index"):
        hits = model.index.search(
            vector,
            team_ids=scope.team_ids,
            collections=scope.collections,
            conditions=conditions,
            sample_every=sample_every,
            limit=limit,
            places=places,
        )
    return RawHits(hits)


def find_scope_places(model: KeptModel, scope: Scope) -> Places:
    """Return where the partitions of the scope are. At most one statement."""
    return model.index.find_places(scope.all_team_ids)


def has_more_hits(raw_hits: RawHits, *, limit: int) -> bool:
    """Return whether a search with this limit has probably left out hits."""
    return len(raw_hits) >= _NEARLY_ALL * limit
