"""The encoder: any dual encoder that transformers' AutoModel loads (CLIP, SigLIP and their like)."""

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

from .devices import Placement, choose_placement
from .fingerprints import content_fingerprint
from .model_files import ModelFolder, find_model
from .model_loading import Network, load_network, read_dim

MAX_BATCH = 32
# Models that crop see only the middle square; without this bound a line of 1 by 1,000 pixels would first be resized
# to 224 by 224,000.
MAX_ASPECT = 16
_PREPROCESSING_FILES = ("config.json", "preprocessor_config.json", "processor_config.json")
_HASH_LETTERS = 8

Array = NDArray[np.float32]
Rows = TypeVar("Rows", bound="Sequence[Any] | Array")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Identity:
    """What is known of the model before its weights are read."""

    folder: ModelFolder
    placement: Placement
    key: str
    dim: int


class ClipEncoder:
    """The contract is Encoder's, in this package.

    Forward passes are not locked: in inference mode they change nothing, and with a lock a search would wait for a
    whole batch of pictures.
    """

    def __init__(self, model: str, *, revision: str = "", dtype: str = "auto") -> None:
        self._model, self._revision, self._dtype = model, revision, dtype
        self._identifying, self._loading = threading.Lock(), threading.Lock()
        self._identity: _Identity | None = None
        self._network: Network | None = None

    @property
    def key(self) -> str:
        """Name, commit (or fingerprint of the files), number format, hash of the preprocessing: `a/b@01/float32/23`."""
        return self._identify().key

    @property
    def dim(self) -> int:
        """The length of a vector, from the model's configuration."""
        return self._identify().dim

    def preprocess(self, pictures: Sequence[Image.Image]) -> Array:
        """Return the model's input for RGB pictures, float32, shape (len(pictures), 3, height, width)."""
        images = [_bounded(picture) for picture in pictures] or [Image.new("RGB", (8, 8))]
        pixels = self._load().processor(images=images, return_tensors="np")["pixel_values"]
        return np.asarray(pixels, dtype=np.float32)[: len(pictures)]

    def encode_pixels(self, pixels: Array) -> Array:
        """Return unit vectors, float32, shape (len(pixels), dim)."""
        return self._stack([self._encode_pixel_batch(batch) for batch in _batches(pixels)])

    def encode_images(self, pictures: Sequence[Image.Image]) -> Array:
        """Return unit vectors, float32, shape (len(pictures), dim), with one batch of pixels in memory at a time."""
        return self._stack([self._encode_pixel_batch(self.preprocess(batch)) for batch in _batches(pictures)])

    def encode_texts(self, texts: Sequence[str]) -> Array:
        """Return unit vectors, float32, shape (len(texts), dim)."""
        return self._stack([self._encode_text_batch(batch) for batch in _batches(texts)])

    def _identify(self) -> _Identity:
        with self._identifying:
            if self._identity is None:
                self._identity = _identify(self._model, self._revision, self._dtype)
            return self._identity

    def _load(self) -> Network:
        identity = self._identify()
        with self._loading:
            if self._network is None:
                self._network = load_network(identity.folder.path, identity.placement)
            return self._network

    def _encode_pixel_batch(self, pixels: Array) -> Array:
        placement = self._identify().placement
        tensor = torch.from_numpy(np.ascontiguousarray(pixels)).to(placement.device, placement.dtype)
        return self._vectors(self._load().model.get_image_features, pixel_values=tensor)

    def _encode_text_batch(self, texts: Sequence[str]) -> Array:
        network = self._load()
        tokens = network.tokenize(texts)
        return self._vectors(network.model.get_text_features, **tokens.to(self._identify().placement.device))

    def _vectors(self, features: Any, **inputs: torch.Tensor) -> Array:
        try:
            with torch.inference_mode():
                output = features(**inputs).pooler_output.float()
                vectors = output / output.norm(dim=-1, keepdim=True)
        except (RuntimeError, ValueError) as error:
            raise EncoderError(_("The model failed while encoding, perhaps for lack of memory.")) from error
        self._check(vectors)
        array: Array = vectors.cpu().numpy()
        return array

    def _check(self, vectors: torch.Tensor) -> None:
        if vectors.shape[1] != self.dim:
            sentence = _("The model %(model)s gives vectors of %(given)s numbers, not %(declared)s as it declares.")
            raise ModelUnavailable(sentence, model=self._model, given=vectors.shape[1], declared=self.dim)
        if not torch.isfinite(vectors).all():
            raise EncoderError(_("The model gives no usable numbers; its weights are damaged."))

    def _stack(self, rows: list[Array]) -> Array:
        return np.concatenate(rows) if rows else np.empty((0, self.dim), dtype=np.float32)


def _identify(model: str, revision: str, dtype: str) -> _Identity:
    placement = choose_placement(dtype)
    folder = find_model(model, revision)
    files = [folder.path / name for name in _PREPROCESSING_FILES]
    preprocessing = content_fingerprint(file for file in files if file.is_file())[:_HASH_LETTERS]
    return _Identity(
        folder=folder,
        placement=placement,
        key=f"{folder.name}@{folder.ident}/{placement.dtype_name}/{preprocessing}",
        dim=read_dim(folder.path),
    )


def _batches(items: Rows) -> Iterator[Rows]:
    for start in range(0, len(items), MAX_BATCH):
        yield cast(Rows, items[start : start + MAX_BATCH])


def _bounded(picture: Image.Image) -> Image.Image:
    """Return the picture in RGB, and of one longer than MAX_ASPECT times its short edge the middle."""
    width, height = picture.size
    kept_width, kept_height = min(width, height * MAX_ASPECT), min(height, width * MAX_ASPECT)
    left, top = (width - kept_width) // 2, (height - kept_height) // 2
    rgb = picture if picture.mode == "RGB" else picture.convert("RGB")
    return rgb.crop((left, top, left + kept_width, top + kept_height)) if (left or top) else rgb
