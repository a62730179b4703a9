"""The vector of a query: the weighted sum of the vectors of its terms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from collections_app.errors import CancelledOut, NotIndexed
from collections_app.errors import gettext_noop as _
from collections_app.index import Vector
from collections_app.models import Example, Image
from collections_app.services.indexing.kept_models import KeptModel
from collections_app.services.search.example_images import read_vector
from collections_app.services.search.request import SearchRequest
from collections_app.services.search.text_embeddings import embed_text

_MIN_NORM = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightedVector:
    """A unit vector, float32, shape (dim,). A negative weight excludes what resembles it."""

    vector: Vector
    weight: float = 1.0


def embed_terms(request: SearchRequest, *, model: KeptModel) -> list[WeightedVector]:
    """Return a model's vector of each term: words from the model, pictures from the index, uploaded examples as stored.

    Raises EncoderError, IndexUnavailable, or NotIndexed while an example waits for its vector.
    """
    image_ids = [each.pk for each in request.examples.values() if isinstance(each, Image)]
    indexed = model.index.get_vectors(image_ids) if image_ids else {}
    return [
        WeightedVector(
            vector=_embed_example(request.examples[term.value], indexed, model.key)
            if term.is_example
            else embed_text(term.value, model=model),
            weight=term.weight,
        )
        for term in request.terms
    ]


def compose(parts: Sequence[WeightedVector]) -> Vector:
    """Return sum(weight * vector) / |sum(weight * vector)|, as rclip adds and subtracts the features of its queries.

    Raises CancelledOut, also for no parts.
    """
    total = _sum(parts)
    norm = float(np.linalg.norm(total))
    if not parts or norm < _MIN_NORM:
        raise CancelledOut(_("The parts of your search cancel each other out. Remove one of them."))
    composed: Vector = np.asarray(total / norm, dtype=np.float32)
    return composed


def compute_score_scale(parts: Sequence[WeightedVector]) -> float:
    """Return sum(weight) / |sum(weight * vector)|, by which composing scales a score that all parts share."""
    return sum(part.weight for part in parts) / float(np.linalg.norm(_sum(parts)))


def _sum(parts: Sequence[WeightedVector]) -> NDArray[np.float64]:
    total: NDArray[np.float64] = np.sum([part.weight * part.vector for part in parts], axis=0, dtype=np.float64)
    return total


def _embed_example(example: Image | Example, indexed: Mapping[int, Vector], model_key: str) -> Vector:
    vector = indexed.get(example.pk) if isinstance(example, Image) else read_vector(example, model_key=model_key)
    if vector is None:
        raise NotIndexed(_("An example in your search isn't searchable yet. Try again in a moment."))
    return vector
