"""Pictures and text to unit vectors. The model's libraries are imported at the first call."""

import functools
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from django.conf import settings
from django.utils.module_loading import import_string

from collections_app.encoders.background import MAX_WAIT_S, BackgroundLoad
from collections_app.errors import EncoderError

if TYPE_CHECKING:
    from concurrent.futures import Future

    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

__all__ = [
    "Encoder",
    "check_model",
    "get_encoder",
    "get_known_model_key",
    "load_in_background",
    "make_encoder",
    "use_one_thread",
]

_lock = threading.Lock()


class Encoder(Protocol):
    """A dual encoder. All arrays are float32; all methods are thread-safe.

    `key` and `dim` do not load the weights; the first method that needs them does. All members may raise
    ModelUnavailable, the encode methods also EncoderError.
    """

    @property
    def key(self) -> str:
        """Identifies the model. Only vectors with equal keys may be compared."""

    @property
    def dim(self) -> int:
        """The length of a vector."""

    def preprocess(self, pictures: "Sequence[Image.Image]") -> "NDArray[np.float32]":
        """Return the model's input for RGB pictures, shape (n, 3, height, width)."""

    def encode_pixels(self, pixels: "NDArray[np.float32]") -> "NDArray[np.float32]":
        """Return unit vectors for the output of `preprocess`, shape (n, dim)."""

    def encode_images(self, pictures: "Sequence[Image.Image]") -> "NDArray[np.float32]":
        """Return unit vectors, shape (n, dim): preprocess and encode_pixels in one."""

    def encode_texts(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Return unit vectors, shape (n, dim). Text beyond the model's context is ignored."""


@dataclass(frozen=True, slots=True)
class _Configuration:
    """The settings that make one encoder."""

    encoder_class: str
    model: str
    revision: str
    dtype: str


_encoders: dict[_Configuration, Encoder] = {}
_background_loads: dict[_Configuration, BackgroundLoad] = {}


def get_encoder() -> Encoder:
    """Return this process's encoder of the model that the settings name.

    Raises EncoderError, and ModelLoading while the model loads in the background.
    """
    configuration = _read_settings()
    if configuration in _background_loads:
        _background_loads[configuration].wait()
    return _make_once(configuration)


def get_known_model_key() -> str:
    """Return the key of the active model, or "" if this process has not read it yet, or cannot. Never waits."""
    configuration = _read_settings()
    load = _background_loads.get(configuration)
    encoder = _encoders.get(configuration)
    if encoder is None or (load is not None and not load.is_ready):
        return ""
    try:
        return encoder.key
    except EncoderError:
        return ""


def check_model() -> None:
    """Raise EncoderError unless the model that the settings name is loaded, ModelLoading while it loads.

    In a process that does not load it in the background, only its files must be on this machine.
    """
    configuration = _read_settings()
    if configuration in _background_loads:
        _background_loads[configuration].wait()
    else:
        model_files = import_module("collections_app.encoders.model_files")
        model_files.check_model_files(configuration.model, configuration.revision)


def load_in_background(*, max_wait_s: float = MAX_WAIT_S) -> "Future[None]":
    """Start to load the model in a web process, after it was forked. `get_encoder` then waits up to `max_wait_s`."""
    configuration = _read_settings()
    load = functools.partial(_warm_up, configuration)
    return _background_loads.setdefault(configuration, BackgroundLoad(load, max_wait_s=max_wait_s)).start()


def make_encoder(model: str, revision: str, dtype: str) -> Encoder:
    """Return this process's encoder of another model than the one in the settings."""
    return _make_once(_Configuration(settings.ENCODER_CLASS, model, revision, dtype))


def use_one_thread() -> None:
    """Let models compute on the calling thread alone, for calls from it and from threads that have not computed yet.

    For threads that each encode batches of their own: none of them waits for another at each step of the model.
    """
    import torch

    torch.set_num_threads(1)


def _read_settings() -> _Configuration:
    return _Configuration(settings.ENCODER_CLASS, settings.CLIP_MODEL_PATH, settings.CLIP_REVISION, settings.CLIP_DTYPE)


def _make_once(configuration: _Configuration) -> Encoder:
    with _lock:
        if configuration not in _encoders:
            encoder_class = cast(Callable[..., Encoder], import_string(configuration.encoder_class))
            _encoders[configuration] = encoder_class(
                configuration.model, revision=configuration.revision, dtype=configuration.dtype
            )
        return _encoders[configuration]


def _warm_up(configuration: _Configuration) -> None:
    _make_once(configuration).encode_texts(["warm-up"])
