"""One search of a model's Milvus collections. Used by `milvus`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np
from pymilvus import MilvusClient

from collections_app.index.conditions import render_search_filter
from collections_app.index.model_collections import PartitionGroup
from collections_app.index.schema import Layout
from collections_app.index.threads import run_in_parallel
from collections_app.index.types import Condition, Hit, Places, Vector

MAX_LIMIT = 1000
SEARCH_TIMEOUT_S = 10.0
_MIN_CANDIDATES = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """See `SearchOptions`."""

    vector: Vector
    limit: int
    team_ids: Sequence[int] = ()
    collections: Mapping[int, int] = field(default_factory=lambda: MappingProxyType({}))
    conditions: Sequence[Condition] = ()
    sample_every: int = 1
    places: Places | None = None

    def __post_init__(self) -> None:
        if not self.team_ids and not self.collections:
            raise ValueError("A search needs at least one team or collection.")
        if not 1 <= self.limit <= MAX_LIMIT:
            raise ValueError(f"A search returns 1 to {MAX_LIMIT} hits, not {self.limit}.")

    @property
    def scope_team_ids(self) -> set[int]:
        return {*self.team_ids, *self.collections.values()}

    def run(
        self, client: MilvusClient, groups: Sequence[PartitionGroup], *, layout: Layout, consistency: str
    ) -> list[Hit]:
        """Search the partitions of each collection, all collections at once, and merge the hits into one ranked list.

        A collection returns as many hits as the search, so none of the best is missing.
        """
        expression = render_search_filter(
            team_ids=self.team_ids,
            collections=self.collections,
            conditions=self.conditions,
            sample_every=self.sample_every,
            render_tag=layout.tags.build_filter,
        )
        length = float(np.linalg.norm(self.vector))
        search = partial(
            client.search,
            data=[self.vector / length if length else self.vector],
            filter=expression,
            limit=self.limit,
            search_params=_get_search_params(client, self.limit),
            output_fields=["id"],  # by default Milvus Lite reads and sends every field of every hit
            consistency_level=consistency,
            timeout=SEARCH_TIMEOUT_S,
        )
        # Milvus takes an empty list of partitions for "all"; no group is empty.
        calls = [partial(search, each.name, partition_names=partitions) for each, partitions in groups]
        return _merge((row for found in run_in_parallel(calls) for row in found[0]), limit=self.limit)


def _merge(rows: Iterable[Mapping[str, Any]], *, limit: int) -> list[Hit]:
    """While a picture moves to another collection, both may have it."""
    scores: dict[int, float] = {}
    for row in rows:
        image_id, score = int(row["id"]), _limit_score(row["distance"])
        scores[image_id] = max(score, scores.get(image_id, score))
    hits = [Hit(id=image_id, score=score) for image_id, score in scores.items()]
    return sorted(hits, key=lambda hit: (-hit.score, hit.id))[:limit]


def _limit_score(score: float) -> float:
    """Remove the rounding errors of a cosine."""
    return min(max(float(score), -1.0), 1.0)


def _get_search_params(client: MilvusClient, limit: int) -> dict[str, Any]:
    """Widen HNSW's list of candidates (`ef`). Of 600,000 vectors, recall at 10 was 0.986 with 128 and 1.0 with 400.

    Zilliz Cloud chooses its own value, and Milvus Lite compares with every vector.
    """
    return {"params": {"ef": max(_MIN_CANDIDATES, 2 * limit)}} if client.is_self_hosted else {}
