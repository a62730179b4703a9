"""The perceptual hash: near for copies, far for other pictures, and 0 for plain areas."""

import pytest
from PIL import Image

from collections_app.imaging import compute_perceptual_hash
from tests.duplicate_pictures import copies, draw, other_scenes

NEAR_BITS = 8


def bits_between(one: Image.Image, other: Image.Image) -> int:
    return ((compute_perceptual_hash(one) ^ compute_perceptual_hash(other)) & (2**64 - 1)).bit_count()


@pytest.mark.parametrize("kind", ["smaller", "recompressed", "darker", "cropped"])
def test_a_copy_differs_in_few_bits(kind: str) -> None:
    for scene in other_scenes():
        picture = draw(scene)
        assert bits_between(picture, copies(picture)[kind]) <= NEAR_BITS


def test_other_pictures_differ_in_many_bits() -> None:
    pictures = [draw(scene) for scene in other_scenes()]
    assert all(bits_between(one, other) > NEAR_BITS for one in pictures for other in pictures if one is not other)


def test_hash_is_a_signed_64_bit_integer_with_half_its_bits_set() -> None:
    for scene in other_scenes():
        value = compute_perceptual_hash(draw(scene))
        assert -(2**63) <= value < 2**63
        assert (value & (2**64 - 1)).bit_count() == 32


@pytest.mark.parametrize("colour", ["black", "white", "red"])
def test_plain_picture_has_no_hash(colour: str) -> None:
    assert compute_perceptual_hash(Image.new("RGB", (90, 60), colour)) == 0


@pytest.mark.parametrize("size", [(1, 500), (500, 1), (3000, 20)])
def test_picture_of_any_shape_has_a_hash(size: tuple[int, int]) -> None:
    value = compute_perceptual_hash(Image.effect_noise(size, 90).convert("RGB"))
    assert value != 0
    assert -(2**63) <= value < 2**63


def test_picture_of_one_pixel_has_no_hash() -> None:
    assert compute_perceptual_hash(Image.new("RGB", (1, 1), "red")) == 0
