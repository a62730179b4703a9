"""Vectors: shape, length, agreement with the tutorial, and independence of the batch."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from collections_app.encoders.clip import MAX_BATCH, ClipEncoder
from collections_app.errors import EncoderError

from .models import DEMO_MODEL, cosines, draw_pictures, needs_vnni, tutorial_image_vectors, tutorial_text_vectors

TEXTS = ["a red car", "two white dogs under a tree", "x", ""]
ODD_TEXTS = ["\0", "😀" * 500, "\ud800 lone", "a" * 100_000, "word " * 20_000, "\u202eطقط", "\x7f\n\t"]


def test_vectors_are_float32_with_unit_length(encoder: ClipEncoder) -> None:
    for vectors in (encoder.encode_images(draw_pictures(5)), encoder.encode_texts(TEXTS)):
        assert vectors.dtype == np.float32
        assert vectors.shape[1] == encoder.dim
        assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_empty_batch_gives_an_empty_matrix_of_the_right_width(encoder: ClipEncoder) -> None:
    for vectors in (encoder.encode_images([]), encoder.encode_texts([]), encoder.encode_pixels(encoder.preprocess([]))):
        assert vectors.shape == (0, encoder.dim)
        assert vectors.dtype == np.float32


def test_vectors_equal_those_of_the_tutorial(encoder: ClipEncoder) -> None:
    pictures = draw_pictures(6)
    assert np.abs(encoder.encode_images(pictures) - tutorial_image_vectors(DEMO_MODEL, pictures)).max() < 1e-4
    assert np.abs(encoder.encode_texts(TEXTS) - tutorial_text_vectors(DEMO_MODEL, TEXTS)).max() < 1e-4


def test_pixels_can_be_prepared_separately(encoder: ClipEncoder) -> None:
    pictures = draw_pictures(3)
    pixels = np.stack([encoder.preprocess([picture])[0] for picture in pictures])
    assert pixels.dtype == np.float32
    assert pixels.shape[:2] == (3, 3)
    assert np.abs(encoder.encode_pixels(pixels) - encoder.encode_images(pictures)).max() < 1e-5


@pytest.mark.parametrize(
    ("dtype", "tolerance"),
    [("float32", 1e-5), ("bfloat16", 1e-3), pytest.param("int8", 1e-3, marks=needs_vnni)],
)
def test_other_items_of_a_batch_do_not_change_a_vector(dtype: str, tolerance: float) -> None:
    encoder = ClipEncoder(str(DEMO_MODEL), dtype=dtype)
    pictures = draw_pictures(9)
    together = encoder.encode_images(pictures)
    alone = np.concatenate([encoder.encode_images([picture]) for picture in pictures])
    assert together.shape == (len(pictures), encoder.dim)
    assert (1 - cosines(together, alone)).max() < tolerance
    texts = [*TEXTS, "word " * 50]
    apart = np.concatenate([encoder.encode_texts([text]) for text in texts])
    assert (1 - cosines(encoder.encode_texts(texts), apart)).max() < tolerance


def test_batch_is_encoded_in_one_pass(encoder: ClipEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    model = encoder._load().model
    for name in ("get_image_features", "get_text_features"):
        monkeypatch.setattr(model, name, _record_batch_sizes(getattr(model, name), sizes))
    encoder.encode_images(draw_pictures(2 * MAX_BATCH + 3))
    encoder.encode_texts(["word"] * (MAX_BATCH + 1))
    assert sizes == [MAX_BATCH, MAX_BATCH, 3, MAX_BATCH, 1]


def test_bfloat16_agrees_with_float32(encoder: ClipEncoder) -> None:
    half = ClipEncoder(str(DEMO_MODEL), dtype="bfloat16")
    pictures = draw_pictures(8)
    assert cosines(half.encode_images(pictures), encoder.encode_images(pictures)).min() >= 0.999
    assert cosines(half.encode_texts(TEXTS), encoder.encode_texts(TEXTS)).min() >= 0.999


@needs_vnni
def test_int8_agrees_with_float32(encoder: ClipEncoder) -> None:
    whole = ClipEncoder(str(DEMO_MODEL), dtype="int8")
    pictures = draw_pictures(40)
    vectors, expected = whole.encode_images(pictures), encoder.encode_images(pictures)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert 1e-5 < (1 - cosines(vectors, expected)).max() < 0.005
    assert np.array_equal(whole.encode_texts(TEXTS), encoder.encode_texts(TEXTS))


@needs_vnni
def test_int8_reports_numbers_that_are_not_finite() -> None:
    encoder = ClipEncoder(str(DEMO_MODEL), dtype="int8")
    with pytest.raises(EncoderError, match="no usable numbers"):
        encoder.encode_pixels(encoder.preprocess(draw_pictures(2)) * np.float32(np.nan))


@pytest.mark.parametrize("text", ODD_TEXTS, ids=range(len(ODD_TEXTS)))
def test_odd_texts_have_vectors(encoder: ClipEncoder, text: str) -> None:
    assert np.allclose(np.linalg.norm(encoder.encode_texts([text]), axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("size", [(1, 1), (1, 4000), (4000, 1), (3, 60)])
def test_odd_shapes_have_vectors(encoder: ClipEncoder, size: tuple[int, int]) -> None:
    vectors = encoder.encode_images([Image.new("RGB", size, "red"), Image.new("L", size)])
    assert vectors.shape == (2, encoder.dim)


def test_cropping_a_long_picture_does_not_change_what_the_model_sees(encoder: ClipEncoder) -> None:
    picture = Image.effect_noise((2000, 100), 60).convert("RGB")
    middle = picture.crop((200, 0, 1800, 100))
    assert cosines(encoder.encode_images([picture]), encoder.encode_images([middle])).min() > 0.9999


def test_threads_encoding_at_once_get_the_same_vectors(encoder: ClipEncoder) -> None:
    fresh = ClipEncoder(str(DEMO_MODEL), dtype="float32")
    pictures, texts = draw_pictures(12), [f"a {colour} thing" for colour in ["red", "green", "blue", "white"] * 6]
    with ThreadPoolExecutor(8) as pool:
        images = pool.map(lambda picture: fresh.encode_images([picture])[0], pictures)
        words = pool.map(lambda text: fresh.encode_texts([text, "padding " * len(text)])[0], texts)
        assert cosines(np.stack(list(images)), encoder.encode_images(pictures)).min() > 1 - 1e-5
        assert cosines(np.stack(list(words)), encoder.encode_texts(texts)).min() > 1 - 1e-5


def test_non_finite_numbers_are_an_error() -> None:
    encoder = ClipEncoder(str(DEMO_MODEL), dtype="float32")
    pixels = encoder.preprocess(draw_pictures(2))
    with pytest.raises(EncoderError, match="no usable numbers"):
        encoder.encode_pixels(pixels * np.float32(np.nan))
    projection = encoder._load().model.visual_projection
    with torch.no_grad():
        projection.weight.zero_()
    with pytest.raises(EncoderError, match="no usable numbers"):
        encoder.encode_pixels(pixels)


def test_pixels_of_a_wrong_shape_are_an_encoder_error(encoder: ClipEncoder) -> None:
    with pytest.raises(EncoderError):
        encoder.encode_pixels(np.zeros((1, 4, 7, 7), dtype=np.float32))


def _record_batch_sizes(features: Any, sizes: list[int]) -> Any:
    def record_and_encode(**inputs: torch.Tensor) -> Any:
        sizes.append(len(next(iter(inputs.values()))))
        return features(**inputs)

    return record_and_encode
