"""Pictures and words to unit vectors. Everybody asks here; the model's libraries are imported at the first call."""

import functools
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol, cast

from django.conf import settings
from django.utils.module_loading import import_string

from collections_app.encoders.background import BackgroundLoad

if TYPE_CHECKING:
    from concurrent.futures import Future

    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

__all__ = ["Encoder", "get_encoder", "load_in_background", "make_encoder"]

_ENCODER_CLASS = "collections_app.encoders.clip.ClipEncoder"
_making = threading.Lock()


class Encoder(Protocol):
    """A dual encoder. All arrays are float32; every method may be called from several threads at a time.

    `key` and `dim` are known without loading the weights; the first call that needs them loads them. Everything may
    raise ModelUnavailable, and the encode methods EncoderError; their messages are sentences for people.
    """

    @property
    def key(self) -> str:
        """What made a vector: vectors may be compared only where this is equal."""

    @property
    def dim(self) -> int:
        """The length of a vector."""

    def preprocess(self, pictures: "Sequence[Image.Image]") -> "NDArray[np.float32]":
        """Return the model's input for RGB pictures, shape (n, 3, height, width)."""

    def encode_pixels(self, pixels: "NDArray[np.float32]") -> "NDArray[np.float32]":
        """Return unit vectors for what preprocess returned, shape (n, dim)."""

    def encode_images(self, pictures: "Sequence[Image.Image]") -> "NDArray[np.float32]":
        """Return unit vectors, shape (n, dim): preprocess and encode_pixels in one."""

    def encode_texts(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Return unit vectors, shape (n, dim). Words beyond the model's context are not read."""


def get_encoder() -> Encoder:
    """Return the one encoder of this process that the settings name.

    Raises ModelLoading in a process that loads it in the background, for as long as that takes, or EncoderError.
    """
    _background.wait()
    return _own_encoder()


def load_in_background() -> "Future[None]":
    """Begin to load the model, for a process that answers requests; not before it has been forked.

    From then on `get_encoder` waits at most two seconds for it.
    """
    return _background.begin()


def _own_encoder() -> Encoder:
    with _making:  # functools.cache alone would let two first calls make two encoders
        return make_encoder(settings.CLIP_MODEL_PATH, settings.CLIP_REVISION, settings.CLIP_DTYPE)


@functools.cache
def make_encoder(model: str, revision: str, dtype: str) -> Encoder:
    """Return the encoder of a model named explicitly. Tests call `make_encoder.cache_clear()`."""
    encoder_class = cast(Callable[..., Encoder], import_string(_ENCODER_CLASS))
    return encoder_class(model, revision=revision, dtype=dtype)


_background = BackgroundLoad(lambda: _own_encoder().encode_texts(["warm-up"]))
