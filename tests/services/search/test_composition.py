"""The sum that a search of several parts looks for, as rclip adds and subtracts."""

import numpy as np
import pytest

from collections_app.errors import CancelledOut
from collections_app.services.search.composition import Part, compose
from tests.index.records import random_units, unit


def test_a_sum_is_weighted_and_has_length_one() -> None:
    first, second, third = random_units(3, seed=5)
    made = compose([Part(vector=first), Part(vector=second, weight=2), Part(vector=third, weight=-0.5)])
    total = first + 2 * second - 0.5 * third
    assert np.allclose(made, total / np.linalg.norm(total), atol=1e-6)
    assert made.dtype == np.float32


def test_the_order_of_the_parts_does_not_matter() -> None:
    parts = [Part(vector=vector, weight=weight) for vector, weight in zip(random_units(3), (1, -1, 2), strict=True)]
    assert np.allclose(compose(parts), compose(parts[::-1]), atol=1e-6)


def test_one_part_is_itself_whatever_its_weight_and_its_opposite_where_it_is_not_wanted() -> None:
    assert np.allclose(compose([Part(vector=unit(3, 4), weight=7)]), unit(3, 4))
    assert np.allclose(compose([Part(vector=unit(3, 4), weight=-1)]), -unit(3, 4))


@pytest.mark.parametrize("parts", [[], [Part(vector=unit(1)), Part(vector=unit(1), weight=-1)]])
def test_nothing_is_left_to_look_for(parts: list[Part]) -> None:
    with pytest.raises(CancelledOut, match="cancel"):
        compose(parts)
