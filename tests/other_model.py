"""A second model for tests: the demo's with both projections rotated.

Its cosines are those of the demo's model, so it ranks the same pictures in the same order, but a cosine between vectors
of the two means nothing.
"""

import shutil
from pathlib import Path

import numpy as np
from django.conf import settings
from safetensors.numpy import load_file, save_file

from collections_app.encoders import ModelSpec
from collections_app.services.indexing.kept_models import KeptModel, read_kept_models
from collections_app.services.indexing.model_changes import advance_preparation, start_preparing
from collections_app.services.indexing.worker import IndexWorker

_ROTATED = ("text_projection.weight", "visual_projection.weight")


def make_rotated_model(folder: Path, *, source: Path | None = None) -> Path:
    """Save the model, or another `source` rotated, in a folder that does not exist yet; return the folder."""
    shutil.copytree(source or settings.DEMO_MODEL_DIR, folder)
    weights = load_file(folder / "model.safetensors")
    dim = len(weights[_ROTATED[0]])
    rotation, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(dim, dim)))
    for name in _ROTATED:
        weights[name] = (rotation @ weights[name].astype(np.float64)).astype(weights[name].dtype)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def keep_rotated_model(folder: Path) -> KeptModel:
    """Save the rotated model and encode all pictures with it, beside the active one; return it."""
    make_rotated_model(folder)
    encode_all(ModelSpec(source=str(folder)))
    return read_kept_models()[1]


def encode_all(spec: ModelSpec) -> None:
    """Encode all pictures with this model, beside the active one."""
    start_preparing(spec, name=spec.source)
    IndexWorker().drain()
    advance_preparation()
