"""Builds the small CLIP and writes it as a model folder that transformers' Auto classes load."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import torch
from transformers import CLIPConfig, CLIPImageProcessorPil, CLIPModel, CLIPTokenizer

from collections_app.demo.batches import MEAN, STD
from collections_app.demo.patches import IMAGE_PX, PATCH_PX
from collections_app.demo.tokenizer import MAX_TOKENS

_EMBEDDING_WIDTH = 128
_VISION = {
    "hidden_size": 192,
    "intermediate_size": 768,
    "num_hidden_layers": 6,
    "num_attention_heads": 6,
    "hidden_act": "gelu",
}
_TEXT = {
    "hidden_size": 128,
    "intermediate_size": 512,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "hidden_act": "gelu",
}


def build_model(tokenizer: CLIPTokenizer) -> CLIPModel:
    """Return a CLIP with random weights for this tokenizer. At this size eager attention trains faster than sdpa."""
    text = _TEXT | {
        "vocab_size": len(tokenizer),
        "max_position_embeddings": MAX_TOKENS,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
        "projection_dim": _EMBEDDING_WIDTH,
    }
    vision = _VISION | {"image_size": IMAGE_PX, "patch_size": PATCH_PX, "projection_dim": _EMBEDDING_WIDTH}
    model = CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=_EMBEDDING_WIDTH))
    model.set_attn_implementation("eager")
    return model.train()


def save_model(model: CLIPModel, tokenizer: CLIPTokenizer, folder: Path) -> None:
    """Write weights in float16, tokenizer and image processor. Loading gives float32 by default."""
    copy.deepcopy(model).to(torch.float16).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    _make_image_processor().save_pretrained(folder)
    _declare_float32(folder / "config.json")


def _make_image_processor() -> CLIPImageProcessorPil:
    return CLIPImageProcessorPil(
        size={"shortest_edge": IMAGE_PX},
        crop_size={"height": IMAGE_PX, "width": IMAGE_PX},
        image_mean=list(MEAN),
        image_std=list(STD),
    )


def _declare_float32(path: Path) -> None:
    """Set float32 as the default, because float16 only halves the file."""
    config = json.loads(path.read_text())
    for part in (config, config["text_config"], config["vision_config"]):
        part["dtype"] = "float32"
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
