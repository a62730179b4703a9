"""Texts to unit vectors for searches. Known texts are cached; simultaneous ones are encoded in one batch."""

import logging
import threading
from collections import deque
from collections.abc import Callable, Collection, Sequence

from cachetools import LRUCache

from collections_app.encoders import Encoder
from collections_app.errors import EncoderError, ModelUnavailable
from collections_app.errors import gettext_noop as _
from collections_app.index import Vector
from collections_app.services.indexing.kept_models import KeptModel

MAX_CACHED = 1024
MAX_TEXTS_PER_BATCH = 32

log = logging.getLogger(__name__)


def embed_text(text: str, *, model: KeptModel) -> Vector:
    """Return the unit vector of a text by a model. The array is shared and read-only.

    Raises EncoderError.
    """
    return _get_cache(model.encoder).embed(text)


def forget_texts(*, kept_keys: Collection[str]) -> None:
    """Free the memory of the texts of all models but these."""
    for key in [key for key in list(_caches) if key not in kept_keys]:
        _caches.pop(key, None)


class _PendingText:
    """A text whose vector was requested, and later its vector or its error."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.vector: Vector | None = None
        self.error: Exception | None = None

    @property
    def is_done(self) -> bool:
        return self.vector is not None or self.error is not None

    def get_vector(self) -> Vector:
        if self.vector is None:
            raise self.error or EncoderError(_("The model was interrupted. Try again."))
        return self.vector


class TextEmbeddingCache:
    """The vectors of one model's texts, for any number of threads.

    Waiting threads queue on `_encoding`. Its holder encodes up to MAX_TEXTS_PER_BATCH queued texts at once.
    """

    def __init__(self, encode: Callable[[Sequence[str]], Vector], *, max_cached: int = MAX_CACHED) -> None:
        self._encode_texts = encode
        self._lock = threading.Lock()
        self._encoding = threading.Lock()
        self._cached: LRUCache[str, _PendingText] = LRUCache(maxsize=max_cached)
        self._queue: deque[_PendingText] = deque()

    def embed(self, text: str) -> Vector:
        pending = self._enqueue(text)
        while not pending.is_done:
            with self._encoding:
                if not pending.is_done:
                    self._encode(self._take_batch())
        if pending.error is not None:
            self._forget(pending)
        return pending.get_vector()

    def _enqueue(self, text: str) -> _PendingText:
        with self._lock:
            pending = self._cached.get(text)
            if pending is None:
                pending = self._cached[text] = _PendingText(text)
                self._queue.append(pending)
            return pending

    def _forget(self, failed: _PendingText) -> None:
        """Errors are not cached: the next request tries again."""
        with self._lock:
            if self._cached.get(failed.text) is failed:
                del self._cached[failed.text]

    def _take_batch(self) -> list[_PendingText]:
        with self._lock:
            return [self._queue.popleft() for _ in range(min(len(self._queue), MAX_TEXTS_PER_BATCH))]

    def _encode(self, batch: Sequence[_PendingText]) -> None:
        """Encode the batch. If that fails, encode each text by itself, so that a bad text fails alone."""
        try:
            vectors = self._encode_texts([pending.text for pending in batch])
            vectors.setflags(write=False)
            for pending, vector in zip(batch, vectors, strict=True):
                pending.vector = vector
        except ModelUnavailable as error:
            _fail(batch, error)
        except Exception as error:  # it concerns one text, and the others go on
            if len(batch) > 1:
                for pending in batch:
                    self._encode([pending])
                return
            log.exception("A text could not be encoded")
            _fail(batch, error)
        finally:  # if the holder was interrupted, nobody waits for what is left
            _fail(batch, EncoderError(_("The model was interrupted. Try again.")))


def _fail(batch: Sequence[_PendingText], error: Exception) -> None:
    for pending in batch:
        if not pending.is_done:
            pending.error = error


def _get_cache(encoder: Encoder) -> TextEmbeddingCache:
    """Return the model's own cache, because vectors of two models must not be mixed."""
    return _caches.setdefault(encoder.key, TextEmbeddingCache(encoder.encode_texts))


_caches: dict[str, TextEmbeddingCache] = {}
