"""Recall and time of bare searches of the index, against brute force over the same vectors."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from collections_app.models import Collection, Team
from collections_app.services.indexing.kept_models import get_active_model
from collections_app.services.search.retrieval import MAX_HITS
from tests.benchmarks.large_site.filling import BIG_TEAM, CHUNK, SMALL, Filled, draw_chunk
from tests.benchmarks.large_site.vectors import draw_pictures, draw_text
from tests.picture_rows import Vectors

TOP = 10
# The index compares more candidates if more hits are wanted.
LIMITS = (TOP, 200, MAX_HITS)
_EPSILON = 1e-5
# Its vectors belong to no picture.
_UNUSED_CHUNK = 2**31

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallFigure:
    name: str
    pictures: int
    limit: int
    recall: float
    p50_ms: float
    p95_ms: float


def measure_recall(filled: Filled, *, queries: int) -> list[RecallFigure]:
    """Search the big team, a small collection in it, the largest small team, and the first 301 small teams.

    Half of the queries are texts, half are like pictures.
    """
    big = Team.objects.get(name=BIG_TEAM).pk
    small = Collection.objects.get(name=SMALL).pk
    others = sorted({int(each) for each in filled.team_ids} - {0, big})
    of_small = filled.collection_ids == small
    scopes: dict[str, tuple[dict[str, Any], Mask]] = {
        "the big team": ({"team_ids": [big]}, filled.team_ids == big),
        "a small collection in it": ({"collections": {small: big}}, of_small & (filled.team_ids > 0)),
    }
    if others:
        scopes["a small team"] = ({"team_ids": others[:1]}, filled.team_ids == others[0])
        scopes["301 teams"] = ({"team_ids": others[:301]}, np.isin(filled.team_ids, others[:301]))
    texts = [draw_text(f"recall {number}") for number in range(queries // 2)]
    vectors = np.concatenate([np.stack(texts), draw_pictures(_UNUSED_CHUNK, queries - len(texts))])
    tenths = _find_tenths(filled, vectors, {name: mask for name, (_, mask) in scopes.items()})
    return [
        _measure(name, {**options, "limit": limit}, int(mask.sum()), vectors, tenths[name])
        for name, (options, mask) in scopes.items()
        for limit in LIMITS
    ]


def _measure(
    name: str, options: dict[str, Any], pictures: int, vectors: Vectors, tenths: NDArray[np.float32]
) -> RecallFigure:
    """Count the first hits that are as near as the ten nearest pictures: copies have equal scores."""
    index, recalls, times = get_active_model().index, [], []
    for vector, tenth in zip(vectors, tenths, strict=True):
        started = time.perf_counter()
        hits = index.search(vector, **options)
        times.append(1000 * (time.perf_counter() - started))
        wanted = min(TOP, pictures)
        recalls.append(sum(hit.score >= tenth - _EPSILON for hit in hits[:wanted]) / wanted if wanted else 1.0)
    p50, p95 = np.percentile(times, [50, 95])
    return RecallFigure(
        name=name,
        pictures=pictures,
        limit=options["limit"],
        recall=float(np.mean(recalls)),
        p50_ms=float(p50),
        p95_ms=float(p95),
    )


def _find_tenths(filled: Filled, queries: Vectors, masks: Mapping[str, Mask]) -> dict[str, NDArray[np.float32]]:
    """Return, for each scope, the score of each query's tenth picture by brute force. Draws all vectors again."""
    best = {name: np.full((len(queries), TOP), -np.inf, dtype=np.float32) for name in masks}
    for chunk, start in enumerate(range(0, len(filled.ids), CHUNK)):
        part = slice(start, min(start + CHUNK, len(filled.ids)))
        scores = queries @ draw_chunk(chunk, part.stop - start).T
        for name, mask in masks.items():
            both = np.concatenate([best[name], scores[:, mask[part]]], axis=1)
            best[name] = -np.sort(-both, axis=1)[:, :TOP]
    return {name: scores[:, min(TOP, int(masks[name].sum())) - 1] for name, scores in best.items()}
