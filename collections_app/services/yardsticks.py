"""What the divider measures words with: what pictures score with words that say nothing. Remembered for ten minutes."""

import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from statistics import fmean

from collections_app.encoders import get_encoder
from collections_app.services.divider import SAYING_NOTHING, Yardstick
from collections_app.services.encoding import text_vector
from collections_app.services.search import Scope, sample_of_index

_KEPT_S = 600
_MOST_KEPT = 1024
# So few are asked anew: it takes no time, and each new one changes their mean.
_FEW = 100

_Key = tuple[str, tuple[int, ...], tuple[int, ...]]


def yardstick_for(scope: Scope) -> Yardstick | None:
    """Return the yardstick of the active model and of what the scope holds; None where that is nothing."""
    encoder = get_encoder()
    key = (encoder.key, tuple(sorted(scope.team_ids)), tuple(sorted(scope.collections)))
    zero = _recall(key)
    if zero is None:
        sample = sample_of_index(scope=scope, vector=text_vector(SAYING_NOTHING))
        scores = [hit.score for hit in sample.hits]
        if not scores:
            return None
        zero = _remember(key, scores)
    return Yardstick(zero=zero, logit_scale=encoder.logit_scale)


def forget_yardsticks() -> None:
    """For tests, each of which has its own pictures under the same numbers."""
    with _lock:
        _kept.clear()


def _recall(key: _Key) -> float | None:
    with _lock:
        until, zero = _kept.get(key, (0.0, 0.0))
    return zero if time.monotonic() < until else None


def _remember(key: _Key, scores: Sequence[float]) -> float:
    zero = fmean(scores)
    if len(scores) < _FEW:
        return zero
    with _lock:
        _kept[key] = (time.monotonic() + _KEPT_S, zero)
        _kept.move_to_end(key)
        if len(_kept) > _MOST_KEPT:
            _kept.popitem(last=False)
    return zero


_lock = threading.Lock()
_kept: OrderedDict[_Key, tuple[float, float]] = OrderedDict()
