"""Measures the small CLIP on unseen scenes: `python -m collections_app.demo.evaluate [--model DIR]`."""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from collections_app.demo.captions import Caption
from collections_app.demo.drawing import draw_scene
from collections_app.demo.gallery import get_demo_collections
from collections_app.demo.queries import WHITE_DOG, build_query_families
from collections_app.demo.scenes import Scene, sample_scene
from collections_app.encoders import Encoder
from collections_app.encoders.clip import ClipEncoder

MODEL_FOLDER = Path(__file__).parent / "model"
FIRST_ROWS = 10
GOOD = 0.9

_DRAWN_PX = 240
_CHUNK = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryScore:
    """The result of one query: `right` is the share of relevant pictures in the first min(10, relevant)."""

    text: str
    relevant: int
    right: float


class Gallery:
    """Scenes with their vectors, for searches."""

    def __init__(self, scenes: Iterable[Scene], encoder: Encoder, size_px: int = _DRAWN_PX) -> None:
        self.scenes = tuple(scenes)
        self._encoder = encoder
        starts = range(0, len(self.scenes), _CHUNK)
        chunks = [_encode_scenes(self.scenes[start : start + _CHUNK], encoder, size_px) for start in starts]
        self.vectors = np.concatenate(chunks)

    def compute_cosines(self, queries: Sequence[Caption]) -> npt.NDArray[np.float32]:
        """Return the scores of each query, shape (queries, scenes)."""
        texts = self._encoder.encode_texts([query.text for query in queries])
        cosines: npt.NDArray[np.float32] = texts @ self.vectors.T
        return cosines

    def rank(self, queries: Sequence[Caption]) -> list[list[bool]]:
        """Return for each query whether it is true of each scene, in the order of a search."""
        cosines = self.compute_cosines(queries)
        orders = np.argsort(-cosines, axis=1, kind="stable")
        return [
            [query.is_true_of(self.scenes[index]) for index in order]
            for query, order in zip(queries, orders, strict=True)
        ]

    def score(self, queries: Sequence[Caption]) -> list[QueryScore]:
        """Search for each query. Leave out queries without a relevant scene."""
        cosines = self.compute_cosines(queries)
        scores = (self._score_query(query, row) for query, row in zip(queries, cosines, strict=True))
        return [score for score in scores if score.relevant]

    def _score_query(self, query: Caption, cosines: npt.NDArray[np.float32]) -> QueryScore:
        truth = np.array([query.is_true_of(scene) for scene in self.scenes])
        relevant = int(truth.sum())
        first = np.argsort(-cosines, kind="stable")[: min(FIRST_ROWS, relevant)]
        return QueryScore(text=query.text, relevant=relevant, right=float(truth[first].mean()) if relevant else 0.0)


def sample_unseen_scenes(count: int, seed: int = 0) -> list[Scene]:
    """Return scenes of all combinations, from seeds that training does not use."""
    rng = random.Random(f"evaluation {seed}")
    return [sample_scene(rng) for _ in range(count)]


def compute_mean_share(scores: Sequence[QueryScore]) -> float:
    """Return the mean of `right` over the queries."""
    return sum(score.right for score in scores) / len(scores)


def _encode_scenes(scenes: Sequence[Scene], encoder: Encoder, size_px: int) -> npt.NDArray[np.float32]:
    return encoder.encode_images([draw_scene(scene, size_px, size_px) for scene in scenes])


def _print_family(name: str, scores: Sequence[QueryScore], verbose: bool) -> None:
    good = sum(score.right >= GOOD for score in scores)
    print(f"{name:<28} {compute_mean_share(scores):.3f}   {len(scores):>4} queries, {good:>4} of them at least {GOOD}")
    for score in scores if verbose else ():
        print(f"    {score.right:.2f}  of {score.relevant:>4}  {score.text}")


def _print_white_dogs(gallery: Gallery, name: str) -> None:
    score = gallery.score([WHITE_DOG])[0]
    print(f'"{score.text}" in {name}: {score.right:.2f} right (of {score.relevant} relevant)')


def _parse_arguments() -> Any:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=MODEL_FOLDER)
    parser.add_argument("--count", type=int, default=2000, help="how many scenes to draw and search")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--dtype", choices=("float32", "bfloat16", "int8"), default="float32")
    parser.add_argument("--brief", action="store_true", help="only the means, not every query")
    return parser.parse_args()


def main() -> None:
    arguments = _parse_arguments()
    encoder = ClipEncoder(str(arguments.model), dtype=arguments.dtype)
    gallery = Gallery(sample_unseen_scenes(arguments.count, arguments.seed), encoder)
    for name, queries in build_query_families().items():
        _print_family(name, gallery.score(queries), not arguments.brief)
    _print_white_dogs(gallery, f"{arguments.count} unseen scenes")
    demo = [picture.scene for collection in get_demo_collections() for picture in collection.pictures]
    _print_white_dogs(Gallery(demo, encoder), "the demo's own pictures")


if __name__ == "__main__":
    main()
