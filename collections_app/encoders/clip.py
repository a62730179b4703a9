"""The encoder that transformers' AutoModel runs: CLIP, SigLIP and similar dual encoders."""

import gc
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from collections_app.errors import EncoderError, ModelUnavailable
from collections_app.errors import gettext_noop as _

from .devices import Placement, select_placement
from .model_files import ModelFolder, find_model, hash_files
from .model_loading import LoadedModel, load_model, read_dim

MAX_BATCH = 32
# Models that crop see only the middle square. Without this limit a picture of 1 by 1,000 pixels would first be resized
# to 224 by 224,000.
MAX_ASPECT = 16
_PREPROCESSING_FILES = ("config.json", "preprocessor_config.json", "processor_config.json")
_HASH_LETTERS = 8

_Rows = TypeVar("_Rows", bound="Sequence[Any] | NDArray[np.float32]")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Identity:
    """Facts about the model that are known before its weights are read."""

    folder: ModelFolder
    placement: Placement
    key: str
    dim: int


class ClipEncoder:
    """See `Encoder`.

    Forward passes are not locked: they change nothing in inference mode, and with a lock a search would wait for a
    whole batch of pictures.
    """

    def __init__(self, model: str, *, revision: str = "", dtype: str = "auto") -> None:
        self._model, self._revision, self._dtype = model, revision, dtype
        self._identity_lock, self._load_lock = threading.Lock(), threading.Lock()
        self._identity: _Identity | None = None
        self._loaded: LoadedModel | None = None

    @property
    def key(self) -> str:
        """Name, commit (or hash of the files), number format, hash of the preprocessing: `a/b@01/float32/23`."""
        return self._identify().key

    @property
    def dim(self) -> int:
        """The length of a vector, from the model's configuration."""
        return self._identify().dim

    @property
    def dtype(self) -> str:
        """float32, bfloat16 or int8."""
        return self._identify().placement.dtype_name

    def preprocess(self, pictures: Sequence[Image.Image]) -> NDArray[np.float32]:
        """Return the model's input for RGB pictures, float32, shape (len(pictures), 3, height, width)."""
        return self._load().preprocess([_crop_to_aspect(picture) for picture in pictures])

    def encode_pixels(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return unit vectors, float32, shape (len(pixels), dim)."""
        return self._join_rows([self._encode_pixel_batch(batch) for batch in _split_batches(pixels)])

    def encode_images(self, pictures: Sequence[Image.Image]) -> NDArray[np.float32]:
        """Return unit vectors, float32, shape (len(pictures), dim). Holds one batch of pixels in memory at a time."""
        return self._join_rows([self._encode_pixel_batch(self.preprocess(batch)) for batch in _split_batches(pictures)])

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors, float32, shape (len(texts), dim)."""
        return self._join_rows([self._encode_text_batch(batch) for batch in _split_batches(texts)])

    def _identify(self) -> _Identity:
        with self._identity_lock:
            if self._identity is None:
                self._identity = _identify_model(self._model, self._revision, self._dtype)
            return self._identity

    def _load(self) -> LoadedModel:
        identity = self._identify()
        with self._load_lock:
            if self._loaded is None:
                self._loaded = load_model(identity.folder, identity.placement)
                # Libraries and model stay until the process ends. A full garbage collection would visit them each
                # time, which stops all threads for some 170 ms.
                gc.collect()
                gc.freeze()
            return self._loaded

    def _encode_pixel_batch(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        placement = self._identify().placement
        tensor = torch.from_numpy(np.ascontiguousarray(pixels)).to(placement.device, placement.dtype)
        return self._compute_vectors(self._load().model.get_image_features, pixel_values=tensor)

    def _encode_text_batch(self, texts: Sequence[str]) -> NDArray[np.float32]:
        loaded = self._load()
        tokens = loaded.tokenize(texts)
        return self._compute_vectors(loaded.model.get_text_features, **tokens.to(self._identify().placement.device))

    def _compute_vectors(self, features: Any, **inputs: torch.Tensor) -> NDArray[np.float32]:
        try:
            with torch.inference_mode():
                output = features(**inputs).pooler_output.float()
                vectors = output / output.norm(dim=-1, keepdim=True)
        except (RuntimeError, ValueError) as error:
            raise EncoderError(_("The model failed to encode. It may have run out of memory.")) from error
        self._check(vectors)
        array: NDArray[np.float32] = vectors.cpu().numpy()
        return array

    def _check(self, vectors: torch.Tensor) -> None:
        if vectors.shape[1] != self.dim:
            sentence = _("The model %(model)s returns vectors of %(given)s numbers, but it declares %(declared)s.")
            raise ModelUnavailable(sentence, model=self._model, given=vectors.shape[1], declared=self.dim)
        if not torch.isfinite(vectors).all():
            raise EncoderError(_("The model returns no usable numbers. Its weights may be damaged."))

    def _join_rows(self, rows: list[NDArray[np.float32]]) -> NDArray[np.float32]:
        return np.concatenate(rows) if rows else np.empty((0, self.dim), dtype=np.float32)


def _identify_model(model: str, revision: str, dtype: str) -> _Identity:
    placement = select_placement(dtype)
    folder = find_model(model, revision)
    files = [folder.path / name for name in _PREPROCESSING_FILES]
    preprocessing = hash_files(file for file in files if file.is_file())[:_HASH_LETTERS]
    return _Identity(
        folder=folder,
        placement=placement,
        key=f"{folder.name}@{folder.ident}/{placement.dtype_name}/{preprocessing}",
        dim=read_dim(folder.path),
    )


def _split_batches(items: _Rows) -> Iterator[_Rows]:
    for start in range(0, len(items), MAX_BATCH):
        yield cast(_Rows, items[start : start + MAX_BATCH])


def _crop_to_aspect(picture: Image.Image) -> Image.Image:
    """Return the picture in RGB; of one longer than MAX_ASPECT times its short edge, only the middle."""
    width, height = picture.size
    crop_width, crop_height = min(width, height * MAX_ASPECT), min(height, width * MAX_ASPECT)
    left, top = (width - crop_width) // 2, (height - crop_height) // 2
    rgb = picture if picture.mode == "RGB" else picture.convert("RGB")
    return rgb.crop((left, top, left + crop_width, top + crop_height)) if (left or top) else rgb
