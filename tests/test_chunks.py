"""Sequences cut into chunks."""

import pytest

from collections_app.chunks import iterate_chunks


@pytest.mark.parametrize(
    ("items", "chunks"),
    [([], []), ([1], [[1]]), ([1, 2], [[1, 2]]), ([1, 2, 3], [[1, 2], [3]]), ([1, 2, 3, 4], [[1, 2], [3, 4]])],
)
def test_chunks_hold_every_item_once_and_in_order(items: list[int], chunks: list[list[int]]) -> None:
    assert list(iterate_chunks(items, 2)) == chunks
