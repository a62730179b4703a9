"""The shape of a picture as CSS classes."""

import pytest

from collections_app.models import Image
from collections_app.templatetags.pictures import shape

_PLACES = {"ones": 1, "tenths": 10, "hundredths": 100}


def read_shape(classes: str) -> float:
    """Return width by height, as pictures.css reads it."""
    digits = (each.split("-") for each in classes.split() if "-" in each)
    long = sum(int(digit) / _PLACES[place] for place, digit in digits)
    return 1 / long if "upright" in classes.split() else long


@pytest.mark.parametrize(
    "size", [(3, 2), (16, 9), (1, 1), (9, 16), (3000, 2001), (1170, 2532), (2, 6), (1000, 999), (999, 1000), (7, 1)]
)
def test_shape_is_accurate_to_half_a_hundredth(size: tuple[int, int]) -> None:
    width, height = size
    classes = shape(Image(width=width, height=height))
    assert read_shape(classes) == pytest.approx(width / height, rel=0.005)
    assert "extreme" not in classes


@pytest.mark.parametrize(("size", "ratio"), [((10, 1), 9.99), ((999, 1), 9.99), ((1, 10), 1 / 3), ((1, 999), 1 / 3)])
def test_extreme_shape_is_shown_whole_in_its_tile(size: tuple[int, int], ratio: float) -> None:
    classes = shape(Image(width=size[0], height=size[1]))
    assert read_shape(classes) == pytest.approx(ratio)
    assert "extreme" in classes.split()
