"""Pictures and text to unit vectors. The model's libraries are imported at the first call."""

import functools
import gc
import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from django.conf import settings
from django.utils.module_loading import import_string

from collections_app.encoders.background import MAX_WAIT_S, BackgroundLoad

if TYPE_CHECKING:
    from concurrent.futures import Future

    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

__all__ = [
    "Encoder",
    "ModelSpec",
    "check_model",
    "forget_encoders",
    "get_encoder",
    "is_model_ready",
    "load_in_background",
    "make_encoder",
    "read_model_settings",
    "use_one_thread",
]

_lock = threading.Lock()


class Encoder(Protocol):
    """A dual encoder. All arrays are float32; all methods are thread-safe.

    `key`, `dim` and `dtype` do not load the weights; the first method that needs them does. All members may raise
    ModelUnavailable, the encode methods also EncoderError.
    """

    @property
    def key(self) -> str:
        """Identifies the model. Only vectors with equal keys may be compared."""

    @property
    def dim(self) -> int:
        """The length of a vector."""

    @property
    def dtype(self) -> str:
        """The number format: float32, bfloat16 or int8. It is a part of the key."""

    def preprocess(self, pictures: "Sequence[Image.Image]") -> "NDArray[np.float32]":
        """Return the model's input for RGB pictures, shape (n, 3, height, width)."""

    def encode_pixels(self, pixels: "NDArray[np.float32]") -> "NDArray[np.float32]":
        """Return unit vectors for the output of `preprocess`, shape (n, dim)."""

    def encode_images(self, pictures: "Sequence[Image.Image]") -> "NDArray[np.float32]":
        """Return unit vectors, shape (n, dim): preprocess and encode_pixels in one."""

    def encode_texts(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Return unit vectors, shape (n, dim). Text beyond the model's context is ignored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """What an encoder is made of: a hub name or a folder, a revision or "", and a number format or "auto"."""

    source: str
    revision: str = ""
    dtype: str = "auto"


_Kind = tuple[str, ModelSpec]  # the class of the encoder and its model

_encoders: dict[_Kind, Encoder] = {}
_background_loads: dict[_Kind, BackgroundLoad] = {}


def read_model_settings() -> ModelSpec:
    """Return the model that the settings name."""
    return ModelSpec(source=settings.CLIP_MODEL_PATH, revision=settings.CLIP_REVISION, dtype=settings.CLIP_DTYPE)


def get_encoder(spec: ModelSpec | None = None) -> Encoder:
    """Return this process's encoder of a model (None: the one that the settings name).

    In a process that loads models in the background, wait until this one is loaded. Raises EncoderError, and
    ModelLoading if that takes long.
    """
    spec = spec or read_model_settings()
    if _background_loads:
        load_in_background(spec)
        _background_loads[_get_kind(spec)].wait()
    return make_encoder(spec)


def is_model_ready(spec: ModelSpec) -> bool:
    """Return whether `get_encoder` need not wait for this model to load in the background."""
    load = _background_loads.get(_get_kind(spec))
    return load.is_ready if load else not _background_loads


def check_model(spec: ModelSpec | None = None) -> None:
    """Raise EncoderError unless the model (None: the one that the settings name) is loaded, ModelLoading while it
    loads.

    In a process that does not load it in the background, only its files must be on this machine.
    """
    spec = spec or read_model_settings()
    if load := _background_loads.get(_get_kind(spec)):
        load.wait()
    else:
        model_files = import_module("collections_app.encoders.model_files")
        model_files.check_model_files(spec.source, spec.revision)


def load_in_background(spec: ModelSpec | None = None, *, max_wait_s: float = MAX_WAIT_S) -> "Future[None]":
    """Start to load a model (None: the one that the settings name) in a web process, after it was forked.

    `get_encoder` then waits up to `max_wait_s`. Repeated calls start nothing new.
    """
    kind = _get_kind(spec or read_model_settings())
    load = functools.partial(_warm_up, kind)
    return _background_loads.setdefault(kind, BackgroundLoad(load, max_wait_s=max_wait_s)).start()


def make_encoder(spec: ModelSpec) -> Encoder:
    """Return this process's encoder of a model, without waiting for a background load."""
    return _make_once(_get_kind(spec))


def forget_encoders(*, kept: Collection[ModelSpec]) -> bool:
    """Free the memory of all models but these; return whether there were others."""
    with _lock:
        gone = [kind for kind in {*_encoders, *_background_loads} if kind[1] not in kept]
        for kind in gone:
            _encoders.pop(kind, None)
            _background_loads.pop(kind, None)
    if gone:
        # Loaded models were excluded from garbage collection, see `ClipEncoder`.
        gc.unfreeze()
        gc.collect()
        gc.freeze()
    return bool(gone)


def use_one_thread() -> None:
    """Let models compute on the calling thread alone, for calls from it and from threads that have not computed yet.

    For threads that each encode batches of their own: none of them waits for another at each step of the model.
    """
    import torch

    torch.set_num_threads(1)


def _get_kind(spec: ModelSpec) -> _Kind:
    return settings.ENCODER_CLASS, spec


def _make_once(kind: _Kind) -> Encoder:
    encoder_class, spec = kind
    with _lock:
        if kind not in _encoders:
            make = cast(Callable[..., Encoder], import_string(encoder_class))
            _encoders[kind] = make(spec.source, revision=spec.revision, dtype=spec.dtype)
        return _encoders[kind]


def _warm_up(kind: _Kind) -> None:
    _make_once(kind).encode_texts(["warm-up"])
