"""The small model as shipped: its files, its numbers and how well it searches."""

from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoImageProcessor, AutoModel, AutoTokenizer

from collections_app.demo.drawing import draw_scene
from collections_app.demo.evaluate import MODEL_FOLDER, Gallery, compute_mean_share, sample_unseen_scenes
from collections_app.demo.gallery import get_demo_collections
from collections_app.demo.queries import WHITE_DOG, build_query_families
from collections_app.encoders.clip import ClipEncoder
from collections_app.services.search.composition import WeightedVector, compose
from collections_app.services.search.query import parse_query
from tests.benchmarks.fusing import build_names, list_demo_pictures, score_rankings

MAX_BYTES = 16 * 1024 * 1024
SCENES = 1000


@pytest.fixture(scope="module")
def gallery(encoder: ClipEncoder) -> Gallery:
    return Gallery(sample_unseen_scenes(SCENES, seed=1), encoder, size_px=120)


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the network was used")

    monkeypatch.setattr("socket.socket.connect", refuse)
    monkeypatch.setattr("socket.getaddrinfo", refuse)


def test_files_are_smaller_than_16_mb() -> None:
    assert sum(file.stat().st_size for file in MODEL_FOLDER.iterdir()) <= MAX_BYTES


@pytest.mark.usefixtures("offline")
def test_auto_classes_load_the_model_without_a_network() -> None:
    model = AutoModel.from_pretrained(MODEL_FOLDER, use_safetensors=True, local_files_only=True)
    tokenizer = AutoTokenizer.from_pretrained(MODEL_FOLDER, local_files_only=True)
    processor = AutoImageProcessor.from_pretrained(MODEL_FOLDER, backend="pil", local_files_only=True)
    tokens = tokenizer(["a white dog", "snow"], padding=True, truncation=True, return_tensors="pt")
    pixels = processor(images=[draw_scene(sample_unseen_scenes(1)[0], 160, 120)], return_tensors="pt")["pixel_values"]
    assert model.get_text_features(**tokens).pooler_output.shape == (2, 128)
    assert model.get_image_features(pixel_values=pixels).pooler_output.shape == (1, 128)


def test_model_loads_in_float32_by_default() -> None:
    model = AutoModel.from_pretrained(MODEL_FOLDER, use_safetensors=True, local_files_only=True)
    assert model.dtype == torch.float32
    assert model.config.text_config.eos_token_id == 1023


def test_bfloat16_agrees_with_float32(encoder: ClipEncoder) -> None:
    half = ClipEncoder(str(MODEL_FOLDER), dtype="bfloat16")
    pictures = [draw_scene(scene, 120, 120) for scene in sample_unseen_scenes(20)]
    texts = ["a white dog", "two red boats on the sea", "snow"]
    assert _cosines(encoder.encode_images(pictures), half.encode_images(pictures)).min() > 0.98
    assert _cosines(encoder.encode_texts(texts), half.encode_texts(texts)).min() > 0.98


def test_padding_does_not_change_a_text(encoder: ClipEncoder) -> None:
    alone = encoder.encode_texts(["a white dog"])
    padded = encoder.encode_texts(["a white dog", "a photo of two red boats next to an orange umbrella on the sea"])
    assert _cosines(alone, padded[:1]).min() > 0.9999


def test_large_and_small_drawings_of_a_scene_have_similar_vectors(encoder: ClipEncoder) -> None:
    scenes = sample_unseen_scenes(20)
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
def test_queries_find_the_things_they_name(gallery: Gallery, family: str, least: float) -> None:
    assert compute_mean_share(gallery.score(build_query_families()[family])) >= least


def test_white_dogs_are_found_among_unseen_scenes(gallery: Gallery) -> None:
    assert gallery.score([WHITE_DOG])[0].right >= 0.9


def test_nine_of_the_first_ten_demo_results_are_white_dogs(encoder: ClipEncoder) -> None:
    scenes = [picture.scene for collection in get_demo_collections() for picture in collection.pictures]
    score = Gallery(scenes, encoder, size_px=240).score([WHITE_DOG])[0]
    assert score.relevant >= 12
    assert score.right >= 0.9


def test_dogs_stay_first_if_one_of_them_is_marked_less_like_this(encoder: ClipEncoder) -> None:
    scenes = [picture.scene for collection in get_demo_collections() for picture in collection.pictures]
    vectors = Gallery(scenes, encoder, size_px=240).vectors
    words = encoder.encode_texts([WHITE_DOG.text])[0]
    for unwanted in np.argsort(-(vectors @ words))[:10]:
        _, example = parse_query(WHITE_DOG.text).add_example(int(unwanted), sign=-1).terms
        composed = compose(
            [WeightedVector(vector=words), WeightedVector(vector=vectors[unwanted], weight=example.weight)]
        )
        first = np.argsort(-(vectors @ composed))[:10]
        assert sum(any(group.kind == "dog" for group in scenes[index].groups) for index in first) >= 8


def _cosines(first: Any, second: Any) -> Any:
    return np.sum(first * second, axis=1)


def test_one_ranking_is_no_worse_than_index_or_names_alone(encoder: ClipEncoder) -> None:
    pictures = list_demo_pictures()
    names = build_names(pictures)["titles, tags and file names"]
    demo = Gallery([picture.scene for picture in pictures], encoder, size_px=120)
    alone, by_name, fused = score_rankings(pictures, names, demo)
    assert fused >= max(alone, by_name)
