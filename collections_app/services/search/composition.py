"""One vector of several: what a search with more than one part looks for."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from collections_app.errors import CancelledOut
from collections_app.errors import gettext_noop as _

_LEAST_NORM = 1e-3

Vector = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A unit vector, float32, shape (dim,); a negative weight means "not this"."""

    vector: Vector
    weight: float = 1.0


def compose(parts: Sequence[Part]) -> Vector:
    """Return sum(weight * vector) / |sum(weight * vector)|, as rclip adds and subtracts its queries' features.

    Raises CancelledOut, also where there is no part.
    """
    total = _sum(parts)
    norm = float(np.linalg.norm(total))
    if not parts or norm < _LEAST_NORM:
        raise CancelledOut(_("The parts of your search cancel each other out: nothing is left to look for."))
    composed: Vector = np.asarray(total / norm, dtype=np.float32)
    return composed


def score_scale(parts: Sequence[Part]) -> float:
    """Return what a score that all parts give alike is multiplied by in their composition: sum(weight) / |sum|."""
    return sum(part.weight for part in parts) / float(np.linalg.norm(_sum(parts)))


def _sum(parts: Sequence[Part]) -> NDArray[np.float64]:
    total: NDArray[np.float64] = np.sum([part.weight * part.vector for part in parts], axis=0, dtype=np.float64)
    return total
