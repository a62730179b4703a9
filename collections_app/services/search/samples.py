"""Vectors of a sample of each scope, kept in memory: how a query scores in the whole scope without another search.

A sample belongs to one model and one exact scope. The database decides at each use which of its pictures count.
"""

import math
import threading
import time
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from cachetools import TLRUCache
from django.db.models import Max
from numpy.typing import NDArray

from collections_app.index import Vector
from collections_app.models import Image, ImageTotal, IndexState
from collections_app.services.indexing.kept_models import KeptModel
from collections_app.services.search.retrieval import MAX_HITS, find_nearest
from collections_app.services.search.scope import Scope
from collections_app.services.search.score_gaps import Numbers
from collections_app.services.search.text_embeddings import embed_text

NEUTRAL_TEXT = "a picture"
# The vectors of a smaller scope are held whole. With 512 numbers each, 2,000 take 2 MB.
_MAX_WHOLE = 2000
# Sizes vary by about 30 around this one, so that one search returns all of a sample.
_SAMPLE_SIZE = 800
_MAX_STEP = 2**20
MAX_CACHED_BYTES = 64 * 1024 * 1024
_EMPTY_BYTES = 1024
_TTL_S = 600.0
# While pictures of the scope wait for the index, or it lacks entries. These may have any id.
_UNSETTLED_TTL_S = 30.0
_LEAST_SHARE = 0.8
_MAX_NEW_SHARE = 0.05
_LOCKS = 64

_Key = tuple[str, tuple[int, ...], tuple[tuple[int, int], ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeSample:
    """About one entry in `sample_every` of a scope; with 1 it is the whole scope.

    `ids` and `neutral_scores` (those of NEUTRAL_TEXT) have the shape (n,), `vectors` is float16 of shape (n, dim).
    When it was drawn, the scope had `total` searchable pictures, and `newest_id` was the newest picture of any scope.
    `is_settled`: the index had the vectors, and no pictures of the scope waited.
    """

    scope: Scope
    ids: NDArray[np.int64]
    vectors: NDArray[np.float16]
    neutral_scores: Numbers
    sample_every: int
    total: int
    newest_id: int
    is_settled: bool

    @property
    def is_whole_scope(self) -> bool:
        return self.sample_every == 1

    def compute_scores(self, vector: Vector) -> Numbers:
        """Return the cosines to a unit vector, shape (n,)."""
        scores: Numbers = (self.vectors.astype(np.float32) @ vector).astype(np.float64)
        return scores

    def keep(self, visible: Collection[int]) -> Self:
        """Return the part with these ids."""
        is_kept = np.fromiter((pk in visible for pk in self.ids.tolist()), dtype=np.bool_, count=len(self.ids))
        if is_kept.all():
            return self
        scores = self.neutral_scores[is_kept]
        return replace(self, ids=self.ids[is_kept], vectors=self.vectors[is_kept], neutral_scores=scores)


def get_sample(scope: Scope, *, model: KeptModel) -> ScopeSample:
    """Return a model's sample of the entries of a scope. It is drawn again after ten minutes, or if a twentieth is new.

    Pictures that were trashed or moved since are still in it: `keep` those that the database shows. Raises EncoderError
    or IndexUnavailable.
    """
    key = _make_key(scope, model)
    sample = _find_current(key, scope)
    if sample:
        return sample
    # Simultaneous searches of a scope wait for one of them.
    with _locks[hash(key) % _LOCKS]:
        return _find_current(key, scope) or _draw_sample(key, scope, model)


def find_cached_sample(scope: Scope, *, model: KeptModel) -> ScopeSample | None:
    """Return the sample of a scope if it is in memory."""
    with _lock:
        return _samples.get(_make_key(scope, model))


def draw_missing_samples(model: KeptModel, *, like: KeptModel) -> None:
    """Draw by a model the samples that memory holds of another one, so that the first searches after a switch need not,
    as long as there is room for them. Raises what `get_sample` raises."""
    with _lock:
        samples = [sample for key, sample in _samples.items() if key[0] == like.key]
    for sample in samples:
        has_room = _samples.currsize + _get_size(sample) <= MAX_CACHED_BYTES
        if has_room and find_cached_sample(sample.scope, model=model) is None:
            get_sample(sample.scope, model=model)


def forget_samples(*, kept_keys: Collection[str]) -> None:
    """Free the memory of the samples of all models but these."""
    with _lock:
        for key in [key for key in _samples if key[0] not in kept_keys]:
            _samples.pop(key, None)


def clear_samples() -> None:
    """For tests: each has other pictures under the same ids."""
    with _lock:
        _samples.clear()


def _make_key(scope: Scope, model: KeptModel) -> _Key:
    return model.key, tuple(sorted(scope.team_ids)), tuple(sorted(scope.collections.items()))


def _find_current(key: _Key, scope: Scope) -> ScopeSample | None:
    with _lock:
        sample = _samples.get(key)
    if sample is None:
        return None
    most_new = int(_MAX_NEW_SHARE * sample.total)
    # Not `indexed()`: SQLite would read all indexed images by their state.
    unindexed = (IndexState.PENDING, IndexState.FAILED)
    new = scope.images.looked_up().filter(pk__gt=sample.newest_id).exclude(index_state__in=unindexed)[: most_new + 1]
    return sample if new.count() <= most_new else None


def _draw_sample(key: _Key, scope: Scope, model: KeptModel) -> ScopeSample:
    # Read before the entries: a picture that is added meanwhile counts as new.
    newest_id = Image.objects.aggregate(newest=Max("pk"))["newest"] or 0
    totals = ImageTotal.objects.in_places(team_ids=scope.team_ids, collection_ids=scope.collections)
    searchable, expected = totals.sum_searchable()
    neutral, sample_every = embed_text(NEUTRAL_TEXT, model=model), choose_step(expected)
    if sample_every == 1:
        ids = list(scope.images.exclude(index_state=IndexState.FAILED).values_list("pk", flat=True))
    else:
        ids, sample_every = _draw_ids(scope, model, neutral, sample_every)
    found = model.index.get_vectors(ids, team_ids=scope.all_team_ids) if ids else {}
    vectors = np.array([*found.values()], dtype=np.float32).reshape(len(found), len(neutral))
    sample = ScopeSample(
        scope=scope,
        ids=np.array([*found], dtype=np.int64),
        vectors=vectors.astype(np.float16),
        neutral_scores=(vectors @ neutral).astype(np.float64),
        sample_every=sample_every,
        total=searchable,
        newest_id=newest_id,
        is_settled=searchable == expected and len(found) * sample_every > _LEAST_SHARE * searchable,
    )
    with _lock:
        _samples[key] = sample
    return sample


def _draw_ids(scope: Scope, model: KeptModel, neutral: Vector, sample_every: int) -> tuple[list[int], int]:
    """Return the ids of a sample, and what `sample_every` had to become for a search to return all of it."""
    hits = find_nearest(model=model, scope=scope, vector=neutral, sample_every=sample_every)
    while len(hits) >= MAX_HITS and sample_every < _MAX_STEP:
        sample_every *= 2
        hits = find_nearest(model=model, scope=scope, vector=neutral, sample_every=sample_every)
    return [hit.id for hit in hits], sample_every


def choose_step(total: int) -> int:
    """Return `sample_every` for a scope with this many pictures."""
    return 1 if total <= _MAX_WHOLE else math.ceil(total / _SAMPLE_SIZE)


def _get_size(sample: ScopeSample) -> int:
    return sample.vectors.nbytes + sample.ids.nbytes + sample.neutral_scores.nbytes + _EMPTY_BYTES


def _get_end(_key: _Key, sample: ScopeSample, now: float) -> float:
    return now + (_TTL_S if sample.is_settled else _UNSETTLED_TTL_S)


_lock = threading.Lock()
_locks = [threading.Lock() for _ in range(_LOCKS)]
_samples: TLRUCache[_Key, ScopeSample] = TLRUCache(
    maxsize=MAX_CACHED_BYTES, ttu=_get_end, timer=time.monotonic, getsizeof=_get_size
)
