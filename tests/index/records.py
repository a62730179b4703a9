"""Made-up records for the tests of the index."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from collections_app.index import Entry, Record, hash_token

DIM = 8


def unit(*numbers: float) -> NDArray[np.float32]:
    """Return the direction of these numbers, filled up with zeros to DIM."""
    vector = np.zeros(DIM, dtype=np.float32)
    vector[: len(numbers)] = numbers
    unit: NDArray[np.float32] = vector / np.linalg.norm(vector)
    return unit


def random_units(count: int, *, dim: int = DIM, seed: int = 0) -> NDArray[np.float32]:
    vectors = np.random.default_rng(seed).normal(size=(count, dim)).astype(np.float32)
    units: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return units


def tag_keys(*tags: str) -> tuple[int, ...]:
    return tuple(sorted(map(hash_token, tags)))


def record(an_id: int, *, team: int = 1, vector: NDArray[np.float32] | None = None, **scalars: Any) -> Record:
    values: dict[str, Any] = {
        "collection_id": team * 10,
        "uploader_id": 3,
        "taken_at": 1_700_000_000,
        "created_at": 1_750_000_000,
        "width": 640,
        "height": 480,
        "content": -(2**62) + an_id,
        "format": hash_token("PNG"),
        "tags": (),
    }
    entry = Entry(id=an_id, team_id=team, **(values | scalars))
    return Record(entry=entry, vector=unit(1, an_id) if vector is None else vector)
