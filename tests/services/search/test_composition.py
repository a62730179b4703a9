"""The vector of a query with several parts, as rclip adds and subtracts."""

import numpy as np
import pytest

from collections_app.errors import CancelledOut
from collections_app.services.search.composition import WeightedVector, compose
from tests.index.records import random_units, unit


def test_composed_vector_is_a_weighted_sum_of_unit_length() -> None:
    first, second, third = random_units(3, seed=5)
    made = compose(
        [
            WeightedVector(vector=first),
            WeightedVector(vector=second, weight=2),
            WeightedVector(vector=third, weight=-0.5),
        ]
    )
    total = first + 2 * second - 0.5 * third
    assert np.allclose(made, total / np.linalg.norm(total), atol=1e-6)
    assert made.dtype == np.float32


def test_order_of_parts_does_not_matter() -> None:
    parts = [
        WeightedVector(vector=vector, weight=weight) for vector, weight in zip(random_units(3), (1, -1, 2), strict=True)
    ]
    assert np.allclose(compose(parts), compose(parts[::-1]), atol=1e-6)


def test_single_part_keeps_its_direction() -> None:
    assert np.allclose(compose([WeightedVector(vector=unit(3, 4), weight=7)]), unit(3, 4))
    assert np.allclose(compose([WeightedVector(vector=unit(3, 4), weight=-1)]), -unit(3, 4))


@pytest.mark.parametrize("parts", [[], [WeightedVector(vector=unit(1)), WeightedVector(vector=unit(1), weight=-1)]])
def test_parts_that_cancel_out_are_refused(parts: list[WeightedVector]) -> None:
    with pytest.raises(CancelledOut, match="cancel"):
        compose(parts)
