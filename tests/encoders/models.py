"""The demo model's folder, pictures, and the encoding of the tutorial."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from transformers import AutoImageProcessor, AutoModel, AutoTokenizer

from collections_app.encoders.quantization import can_multiply_int8

ROOT = Path(__file__).parents[2]
DEMO_MODEL = ROOT / "collections_app" / "demo" / "model"
# int8 is refused elsewhere.
needs_vnni = pytest.mark.skipif(not can_multiply_int8() or torch.cuda.is_available(), reason="no VNNI, or a GPU")
VIT_B32 = ROOT.parent / "shared" / "clip-vit-base-patch32"
PHOTOS = ROOT.parent / "shared" / "photos"

Array = NDArray[np.float32]


def draw_pictures(count: int) -> list[Image.Image]:
    """Different pictures of different shapes."""
    return [_draw(index) for index in range(count)]


def tutorial_image_vectors(folder: Path, pictures: list[Image.Image]) -> Array:
    """The plain way: the model's features of one picture at a time, divided by their length."""
    model = AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
    processor = AutoImageProcessor.from_pretrained(folder, backend="pil")
    rows = [_features(model.get_image_features, processor(images=p, return_tensors="pt")) for p in pictures]
    return np.stack(rows)


def tutorial_text_vectors(folder: Path, texts: list[str]) -> Array:
    model = AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    rows = [_features(model.get_text_features, tokenizer(text, return_tensors="pt")) for text in texts]
    return np.stack(rows)


def cosines(left: Array, right: Array) -> Array:
    """Row by row, of unit vectors."""
    return np.asarray((left * right).sum(axis=1), dtype=np.float32)


def _features(method: Any, inputs: Any) -> Array:
    with torch.no_grad():
        features = method(**inputs).pooler_output.squeeze().numpy()
    return np.asarray(features / np.linalg.norm(features), dtype=np.float32)


def _draw(index: int) -> Image.Image:
    picture = Image.new("RGB", (200 + 37 * index % 211, 150 + 53 * index % 197), (40 * index % 256, 200, 90))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((20, 20, 60 + 3 * index, 100), fill=(200, 30 * index % 256, 20))
    draw.rectangle((90, 60, 130, 70 + 2 * index), fill=(20, 30, 25 * index % 256))
    return picture
