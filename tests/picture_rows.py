"""Pictures without files: rows and unit vectors, stored without index jobs. Set up Django before you store them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from collections_app.chunks import iterate_chunks

if TYPE_CHECKING:
    from collections_app.models import Image

_CHUNK = 5000

Vectors = NDArray[np.float32]


def draw_units(generator: np.random.Generator, count: int, dim: int) -> Vectors:
    """Return random unit vectors, shape (count, dim)."""
    return normalize_rows(generator.standard_normal((count, dim), dtype=np.float32))


def normalize_rows(vectors: NDArray[np.floating]) -> Vectors:
    unit_vectors: Vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32, copy=False)
    return unit_vectors


def store_images(images: Sequence["Image"], vectors: Vectors) -> None:
    """Store the rows, without index jobs, and their vectors."""
    from django.db.models import QuerySet

    from collections_app.models import Image

    for number, rows in enumerate(iterate_chunks(images, _CHUNK)):
        stored = QuerySet[Image](Image).bulk_create(rows, batch_size=1000)
        store_vectors(stored, vectors[number * _CHUNK :][: len(rows)])


def store_vectors(images: Sequence["Image"], vectors: Vectors) -> None:
    """Store the vectors of rows that have their ids."""
    from collections_app.index import Record
    from collections_app.services.indexing.entries import build_entry
    from collections_app.services.indexing.kept_models import get_active_model

    pairs = zip(images, vectors, strict=True)
    get_active_model().index.upsert([Record(entry=build_entry(image), vector=vector) for image, vector in pairs])
