"""The small model as shipped: its files, its numbers and how well it searches."""

from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoImageProcessor, AutoModel, AutoTokenizer

from collections_app.demo.drawing import draw_scene
from collections_app.demo.evaluate import MODEL_FOLDER, Gallery, mean_right, unseen_scenes
from collections_app.demo.gallery import demo_collections
from collections_app.demo.queries import WHITE_DOG, question_families
from collections_app.encoders.clip import ClipEncoder

MAX_BYTES = 16 * 1024 * 1024
SCENES = 1000


@pytest.fixture(scope="module")
def gallery(encoder: ClipEncoder) -> Gallery:
    return Gallery(unseen_scenes(SCENES, seed=1), encoder, size_px=120)


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr("socket.socket.connect", refuse)
    monkeypatch.setattr("socket.getaddrinfo", refuse)


def test_the_files_stay_under_16_mb() -> None:
    assert sum(file.stat().st_size for file in MODEL_FOLDER.iterdir()) <= MAX_BYTES


@pytest.mark.usefixtures("offline")
def test_the_auto_classes_load_it_without_a_network() -> None:
    model = AutoModel.from_pretrained(MODEL_FOLDER, use_safetensors=True, local_files_only=True)
    tokenizer = AutoTokenizer.from_pretrained(MODEL_FOLDER, local_files_only=True)
    processor = AutoImageProcessor.from_pretrained(MODEL_FOLDER, backend="pil", local_files_only=True)
    tokens = tokenizer(["a white dog", "snow"], padding=True, truncation=True, return_tensors="pt")
    pixels = processor(images=[draw_scene(unseen_scenes(1)[0], 160, 120)], return_tensors="pt")["pixel_values"]
    assert model.get_text_features(**tokens).pooler_output.shape == (2, 128)
    assert model.get_image_features(pixel_values=pixels).pooler_output.shape == (1, 128)


def test_it_loads_in_float32_unless_asked_otherwise() -> None:
    model = AutoModel.from_pretrained(MODEL_FOLDER, use_safetensors=True, local_files_only=True)
    assert model.dtype == torch.float32
    assert model.config.text_config.eos_token_id == 1023


def test_bfloat16_agrees_with_float32(encoder: ClipEncoder) -> None:
    half = ClipEncoder(str(MODEL_FOLDER), dtype="bfloat16")
    pictures = [draw_scene(scene, 120, 120) for scene in unseen_scenes(20)]
    texts = ["a white dog", "two red boats on the sea", "snow"]
    assert _cosines(encoder.encode_images(pictures), half.encode_images(pictures)).min() > 0.98
    assert _cosines(encoder.encode_texts(texts), half.encode_texts(texts)).min() > 0.98


def test_padding_does_not_change_a_text(encoder: ClipEncoder) -> None:
    alone = encoder.encode_texts(["a white dog"])
    padded = encoder.encode_texts(["a white dog", "a photo of two red boats next to an orange umbrella on the sea"])
    assert _cosines(alone, padded[:1]).min() > 0.9999


def test_a_scene_drawn_large_embeds_like_the_one_drawn_small(encoder: ClipEncoder) -> None:
    scenes = unseen_scenes(20)
    large = encoder.encode_images([draw_scene(scene, 960, 720) for scene in scenes])
    small = encoder.encode_images([draw_scene(scene, 160, 120) for scene in scenes])
    assert _cosines(large, small).min() > 0.9


@pytest.mark.parametrize(
    ("family", "least"),
    [
        ("a colour thing", 0.9),
        ("a colour thing, never trained", 0.8),
        ("thing", 0.9),
        ("colour", 0.9),
        ("synonym", 0.9),
        ("surrounding", 0.9),
    ],
)
def test_queries_find_what_they_name(gallery: Gallery, family: str, least: float) -> None:
    assert mean_right(gallery.ask(question_families()[family])) >= least


def test_white_dogs_are_found_among_unseen_scenes(gallery: Gallery) -> None:
    assert gallery.ask([WHITE_DOG])[0].right >= 0.9


def test_nine_of_the_first_ten_in_the_demo_are_white_dogs(encoder: ClipEncoder) -> None:
    scenes = [picture.scene for collection in demo_collections() for picture in collection.pictures]
    answer = Gallery(scenes, encoder, size_px=240).ask([WHITE_DOG])[0]
    assert answer.relevant >= 12
    assert answer.right >= 0.9


def _cosines(first: Any, second: Any) -> Any:
    return np.sum(first * second, axis=1)
