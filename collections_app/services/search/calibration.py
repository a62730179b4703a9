"""What the divider measures words with: what pictures score with words that say nothing. Remembered for ten minutes."""

import threading
import time
from collections import OrderedDict
from statistics import fmean, pstdev

from collections_app.encoders import get_encoder
from collections_app.services.search.relevance import SAYING_NOTHING, Baseline
from collections_app.services.search.retrieval import Scope, sample_of_index
from collections_app.services.search.text_embeddings import embed_text

_KEPT_S = 600
_MOST_KEPT = 1024
# So few are asked anew: it takes no time, and each new one changes them.
_FEW = 100

_Key = tuple[str, tuple[int, ...], tuple[int, ...]]


def get_baseline(scope: Scope) -> Baseline | None:
    """Return the yardstick of the active model and of what the scope holds; None where that tells nothing."""
    key = (get_encoder().key, tuple(sorted(scope.team_ids)), tuple(sorted(scope.collections)))
    return _recall(key) or _measure(scope, key)


def clear_baselines() -> None:
    """For tests, each of which has its own pictures under the same numbers."""
    with _lock:
        _kept.clear()


def _measure(scope: Scope, key: _Key) -> Baseline | None:
    sample = sample_of_index(scope=scope, vector=embed_text(SAYING_NOTHING))
    scores = [hit.score for hit in sample.hits]
    if not scores or not (noise := pstdev(scores)):
        return None
    yardstick = Baseline(zero=fmean(scores), noise=noise)
    if len(scores) >= _FEW:
        _remember(key, yardstick)
    return yardstick


def _recall(key: _Key) -> Baseline | None:
    with _lock:
        until, yardstick = _kept.get(key, (0.0, None))
    return yardstick if time.monotonic() < until else None


def _remember(key: _Key, yardstick: Baseline) -> None:
    with _lock:
        _kept[key] = (time.monotonic() + _KEPT_S, yardstick)
        _kept.move_to_end(key)
        if len(_kept) > _MOST_KEPT:
            _kept.popitem(last=False)


_lock = threading.Lock()
_kept: OrderedDict[_Key, tuple[float, Baseline]] = OrderedDict()
