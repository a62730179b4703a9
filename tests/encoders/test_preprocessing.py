"""The one-pass preprocessing gives the vectors of transformers' own processor."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps
from transformers import CLIPImageProcessorPil, SiglipImageProcessorPil, ViTImageProcessorPil

from collections_app.encoders.clip import ClipEncoder
from collections_app.encoders.preprocessing import OnePass, make_preprocess

from .models import PHOTOS, Array, cosines, draw_pictures

ODD_SIZES = [(1, 1), (2, 1), (1, 16), (16, 1), (7, 300), (3000, 190), (59, 61), (60, 60), (224, 224), (225, 223)]
COVERED: dict[str, Any] = {
    "CLIP": CLIPImageProcessorPil(),
    "CLIP with other values": CLIPImageProcessorPil(
        size={"shortest_edge": 75},
        crop_size={"height": 64, "width": 48},
        resample=Image.Resampling.LANCZOS,
        image_mean=[0.1, 0.5, 0.9],
        image_std=[1.0, 0.5, 0.25],
    ),
    "CLIP of one size": CLIPImageProcessorPil(size={"height": 70, "width": 90}, crop_size={"height": 64, "width": 64}),
    "CLIP without normalisation": CLIPImageProcessorPil(do_normalize=False),
    "CLIP without rescaling": CLIPImageProcessorPil(do_rescale=False),
    "SigLIP": SiglipImageProcessorPil(),
    "SigLIP, not square": SiglipImageProcessorPil(size={"height": 32, "width": 48}),
}
OTHERS: dict[str, Any] = {
    "another class": ViTImageProcessorPil(size={"height": 32, "width": 32}),
    "not resized": CLIPImageProcessorPil(do_resize=False, crop_size={"height": 64, "width": 64}),
    "smaller than the crop": CLIPImageProcessorPil(size={"shortest_edge": 50}, crop_size={"height": 64, "width": 64}),
    "two edges": CLIPImageProcessorPil(
        size={"shortest_edge": 64, "longest_edge": 200}, crop_size={"height": 32, "width": 32}
    ),
    "padded": CLIPImageProcessorPil(do_pad=True, pad_size={"height": 230, "width": 230}),
}


def make_photos(count: int) -> list[Image.Image]:
    """Photos where they are at hand, else drawn pictures with noise."""
    if PHOTOS.is_dir():
        return [Image.open(file).convert("RGB") for file in sorted(PHOTOS.iterdir())[:count]]
    return [Image.blend(picture, make_noise(picture.size), 0.3) for picture in draw_pictures(count)]


def make_noise(size: tuple[int, int]) -> Image.Image:
    return Image.merge("RGB", [Image.effect_noise(size, 80) for _ in range(3)])


def process(processor: Any, pictures: list[Image.Image]) -> Array:
    """What transformers' processor makes of pictures."""
    return np.asarray(processor(images=pictures, return_tensors="np")["pixel_values"], dtype=np.float32)


def correlations(left: Array, right: Array) -> Array:
    """The cosine of each picture's pixels."""
    rows = [array.reshape(len(array), -1) for array in (left, right)]
    return cosines(*(row / np.linalg.norm(row, axis=1, keepdims=True) for row in rows))


def assert_same_vectors(encoder: ClipEncoder, processor: Any, pictures: list[Image.Image]) -> None:
    theirs = np.concatenate([process(processor, [picture]) for picture in pictures])
    similarities = cosines(encoder.encode_images(pictures), encoder.encode_pixels(theirs))
    assert similarities.min() >= 0.9995
    assert similarities.mean() >= 0.9999


@pytest.mark.parametrize("factor", [1, 2, 7])
def test_vectors_of_photos_equal_those_of_the_processor(encoder: ClipEncoder, factor: int) -> None:
    """Large photos are reduced before they are resized."""
    photos = [ImageOps.scale(photo, factor) for photo in make_photos(100 if factor == 1 else 10)]
    assert_same_vectors(encoder, CLIPImageProcessorPil.from_pretrained(encoder._identify().folder.path), photos)


@pytest.mark.parametrize("name", COVERED)
def test_pixels_equal_those_of_the_processor(name: str) -> None:
    preprocess = make_preprocess(COVERED[name])
    assert isinstance(preprocess, OnePass)
    photos = make_photos(20)
    assert correlations(preprocess(photos), process(COVERED[name], photos)).min() >= 0.9995


@pytest.mark.parametrize("name", COVERED)
@pytest.mark.parametrize("size", ODD_SIZES, ids=str)
def test_pixels_of_odd_sizes_equal_those_of_the_processor(name: str, size: tuple[int, int]) -> None:
    picture = make_photos(1)[0].resize(size)
    ours, theirs = make_preprocess(COVERED[name])([picture]), process(COVERED[name], [picture])
    assert ours.shape == theirs.shape
    assert correlations(ours, theirs).min() >= 0.9995


@pytest.mark.parametrize("name", OTHERS)
def test_other_configurations_use_the_processor(name: str) -> None:
    pictures = [make_noise((200, 160)), make_noise((200, 160))]
    preprocess = make_preprocess(OTHERS[name])
    assert not isinstance(preprocess, OnePass)
    assert np.array_equal(preprocess(pictures), process(OTHERS[name], pictures))
    assert len(preprocess([])) == 0


def test_subclass_of_a_known_processor_is_not_assumed_to_do_the_same() -> None:
    class Inverted(CLIPImageProcessorPil):  # type: ignore[misc]
        def rescale(self, image: Any, scale: float, **named: Any) -> Any:
            return super().rescale(255 - image, scale, **named)

    picture = make_noise((300, 250))
    assert np.array_equal(make_preprocess(Inverted())([picture]), process(Inverted(), [picture]))


def test_model_with_another_processor_is_encoded_with_it(copy_model: Any) -> None:
    folder: Path = copy_model()
    ViTImageProcessorPil(size={"height": 60, "width": 60}).save_pretrained(folder)
    encoder, pictures = ClipEncoder(str(folder), dtype="float32"), draw_pictures(3)
    theirs = process(ViTImageProcessorPil.from_pretrained(folder), pictures)
    assert np.array_equal(encoder.preprocess(pictures), theirs)
    assert encoder.encode_images([]).shape == (0, encoder.dim)
