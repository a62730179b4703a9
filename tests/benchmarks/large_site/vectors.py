"""Unit vectors in clusters, drawn again whenever they are needed, and an encoder that puts texts near a cluster."""

import hashlib
from collections.abc import Sequence

import numpy as np

from tests.picture_rows import Vectors, draw_units, normalize_rows

DIM = 512
MODEL_KEY = "benchmark-512"
_CLUSTERS = 1000
# All pictures have a part in common, as CLIP's have; then come the cluster and what is the picture's own.
_COMMON, _CLUSTER, _OWN = 0.6, 0.6, 0.5
# Texts are far from every picture.
_TEXT_OWN = 1.5
_SEED = 12


def draw_pictures(chunk: int, count: int) -> Vectors:
    """Return the vectors of one chunk of pictures, shape (count, DIM): the same for the same number of the chunk."""
    generator = np.random.default_rng([_SEED, chunk])
    clusters = generator.integers(_CLUSTERS, size=count)
    return normalize_rows(_CENTRES[clusters] + _OWN * draw_units(generator, count, DIM))


def draw_text(text: str) -> Vectors:
    """Return the vector of a text, shape (DIM,)."""
    generator = np.random.default_rng([_SEED, int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])])
    centre = _CENTRES[generator.integers(_CLUSTERS)]
    vector: Vectors = normalize_rows(centre + _TEXT_OWN * draw_units(generator, 1, DIM))[0]
    return vector


class DrawnEncoder:
    """For `settings.ENCODER_CLASS`: a model that takes no time. It has no pictures, only texts."""

    key = MODEL_KEY
    dim = DIM
    dtype = "float32"

    def __init__(self, model: str, *, revision: str = "", dtype: str = "auto") -> None:
        """The arguments of every encoder."""

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        return np.stack([draw_text(text) for text in texts])


def _draw_centres() -> Vectors:
    generator = np.random.default_rng(_SEED)
    common = draw_units(generator, 1, DIM)
    return (_COMMON * common + _CLUSTER * draw_units(generator, _CLUSTERS, DIM)).astype(np.float32)


_CENTRES = _draw_centres()
