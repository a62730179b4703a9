"""Words to vectors for searches: known ones are remembered, simultaneous ones encoded together. Used by `search`."""

import logging
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from collections_app.encoders import Encoder, get_encoder
from collections_app.errors import EncoderError, ModelUnavailable
from collections_app.errors import gettext_noop as _

MOST_REMEMBERED = 1024
MOST_TOGETHER = 32

log = logging.getLogger(__name__)

Vector = NDArray[np.float32]


def embed_text(text: str) -> Vector:
    """Return the unit vector of a text by the active model; it is shared and cannot be written to.

    Raises EncoderError.
    """
    return _texts_of(get_encoder()).vector(text)


class _PendingText:
    """A text that somebody asks for, and in the end its vector or what went wrong."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.vector: Vector | None = None
        self.error: Exception | None = None

    @property
    def is_done(self) -> bool:
        return self.vector is not None or self.error is not None

    def answer(self) -> Vector:
        if self.vector is None:
            raise self.error or EncoderError(_("The model was interrupted. Try again."))
        return self.vector


class TextEmbeddingCache:
    """The vectors of one model's texts, for any number of threads.

    Who asks for a new text waits for the lock of encoding, and so becomes the leader, who encodes all that has gathered
    until then; or finds that a leader has encoded the text meanwhile. A lone one waits for nobody.
    """

    def __init__(self, encode: Callable[[Sequence[str]], NDArray[np.float32]], *, most: int = MOST_REMEMBERED) -> None:
        self._encode_texts = encode
        self._most = most
        self._lock = threading.Lock()
        self._encoding = threading.Lock()
        self._remembered: OrderedDict[str, _PendingText] = OrderedDict()
        self._gathered: deque[_PendingText] = deque()

    def vector(self, text: str) -> Vector:
        asked = self._ask(text)
        while not asked.is_done:
            with self._encoding:
                if not asked.is_done:
                    self._encode(self._next_batch())
        if asked.error is not None:
            self._forget(asked)
        return asked.answer()

    def _ask(self, text: str) -> _PendingText:
        with self._lock:
            if text not in self._remembered:
                self._remembered[text] = _PendingText(text)
                self._gathered.append(self._remembered[text])
                if len(self._remembered) > self._most:
                    self._remembered.popitem(last=False)
            self._remembered.move_to_end(text)
            return self._remembered[text]

    def _forget(self, asked: _PendingText) -> None:
        """A failure is not remembered: whoever asks again tries again."""
        with self._lock:
            if self._remembered.get(asked.text) is asked:
                del self._remembered[asked.text]

    def _next_batch(self) -> list[_PendingText]:
        with self._lock:
            return [self._gathered.popleft() for _ in range(min(len(self._gathered), MOST_TOGETHER))]

    def _encode(self, batch: Sequence[_PendingText]) -> None:
        """Encode together; where that fails, one by one, so that a bad text fails alone."""
        try:
            vectors = self._encode_texts([asked.text for asked in batch])
            vectors.setflags(write=False)
            for asked, vector in zip(batch, vectors, strict=True):
                asked.vector = vector
        except ModelUnavailable as error:
            _fail(batch, error)
        except Exception as error:  # whatever it is, it is one text's, and its neighbours go on
            if len(batch) > 1:
                for asked in batch:
                    self._encode([asked])
                return
            log.exception("A text could not be encoded")
            _fail(batch, error)
        finally:  # nobody waits for what a leader who was interrupted has left
            _fail(batch, EncoderError(_("The model was interrupted. Try again.")))


def _fail(batch: Sequence[_PendingText], error: Exception) -> None:
    for asked in batch:
        if not asked.is_done:
            asked.error = error


def _texts_of(encoder: Encoder) -> TextEmbeddingCache:
    """Each model has its own: vectors of two models are never mixed up."""
    return _texts.setdefault(encoder.key, TextEmbeddingCache(encoder.encode_texts))


_texts: dict[str, TextEmbeddingCache] = {}
