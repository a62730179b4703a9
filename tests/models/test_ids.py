"""Which texts are ids."""

import pytest

from collections_app.models.ids import parse_id, parse_ids


@pytest.mark.parametrize(("text", "value"), [("1", 1), ("007", 7), ("9223372036854775807", 2**63 - 1)])
def test_a_positive_integer_that_a_primary_key_can_hold_is_an_id(text: str, value: int) -> None:
    assert parse_id(text) == value


@pytest.mark.parametrize(
    "text", ["", "0", "-1", "+1", " 1", "1.0", "1e3", "x", "²", "9223372036854775808", "1" * 20, "1" * 10_000]
)
def test_other_text_is_no_id(text: str) -> None:
    assert parse_id(text) is None


def test_text_that_is_no_id_is_ignored_among_ids() -> None:
    assert parse_ids(["3", "x", "3", "0", "12"]) == {3, 12}
