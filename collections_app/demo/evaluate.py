"""Measures the small CLIP on scenes it never saw: `python -m collections_app.demo.evaluate [--model DIR]`."""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from collections_app.demo.captions import Caption
from collections_app.demo.drawing import draw_scene
from collections_app.demo.gallery import demo_collections
from collections_app.demo.queries import WHITE_DOG, question_families
from collections_app.demo.scenes import Scene, sample_scene
from collections_app.encoders import Encoder
from collections_app.encoders.clip import ClipEncoder

MODEL_FOLDER = Path(__file__).parent / "model"
FIRST_ROWS = 10
GOOD = 0.9

_DRAWN_PX = 240
_CHUNK = 100

Vectors = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How one query did: `right` is the share of relevant pictures in the first min(10, relevant)."""

    text: str
    relevant: int
    right: float


class Gallery:
    """Scenes with their vectors, ready to be searched."""

    def __init__(self, scenes: Iterable[Scene], encoder: Encoder, size_px: int = _DRAWN_PX) -> None:
        self.scenes = tuple(scenes)
        self._encoder = encoder
        chunks = [_encode_scenes(chunk, encoder, size_px) for chunk in _chunked(self.scenes)]
        self.vectors: Vectors = np.concatenate(chunks)

    def rank(self, questions: Sequence[Caption]) -> list[list[bool]]:
        """Return for each question whether the scenes answer it, in the order in which a search gives them."""
        scores = self._encoder.encode_texts([question.text for question in questions]) @ self.vectors.T
        orders = np.argsort(-scores, axis=1, kind="stable")
        return [
            [question.is_true_of(self.scenes[place]) for place in order]
            for question, order in zip(questions, orders, strict=True)
        ]

    def ask(self, questions: Sequence[Caption]) -> list[Answer]:
        """Search for each question; those that nothing here answers are left out."""
        scores = self._encoder.encode_texts([question.text for question in questions]) @ self.vectors.T
        answers = (self._judge(question, row) for question, row in zip(questions, scores, strict=True))
        return [answer for answer in answers if answer.relevant]

    def _judge(self, question: Caption, scores: Vectors) -> Answer:
        truth = np.array([question.is_true_of(scene) for scene in self.scenes])
        relevant = int(truth.sum())
        first = np.argsort(-scores, kind="stable")[: min(FIRST_ROWS, relevant)]
        return Answer(text=question.text, relevant=relevant, right=float(truth[first].mean()) if relevant else 0.0)


def unseen_scenes(count: int, seed: int = 0) -> list[Scene]:
    """Scenes of all combinations, from a stream of seeds that training does not use."""
    rng = random.Random(f"evaluation {seed}")
    return [sample_scene(rng) for _ in range(count)]


def mean_right(answers: Sequence[Answer]) -> float:
    """The mean share over the queries; every query weighs the same."""
    return sum(answer.right for answer in answers) / len(answers)


def _encode_scenes(scenes: Sequence[Scene], encoder: Encoder, size_px: int) -> Vectors:
    return encoder.encode_images([draw_scene(scene, size_px, size_px) for scene in scenes])


def _chunked(scenes: Sequence[Scene]) -> Iterator[Sequence[Scene]]:
    stream = iter(scenes)
    while chunk := list(islice(stream, _CHUNK)):
        yield chunk


def _print_family(name: str, answers: Sequence[Answer], verbose: bool) -> None:
    good = sum(answer.right >= GOOD for answer in answers)
    print(f"{name:<28} {mean_right(answers):.3f}   {len(answers):>4} queries, {good:>4} of them at least {GOOD}")
    for answer in answers if verbose else ():
        print(f"    {answer.right:.2f}  of {answer.relevant:>4}  {answer.text}")


def _print_white_dogs(gallery: Gallery, name: str) -> None:
    answer = gallery.ask([WHITE_DOG])[0]
    print(f'"{answer.text}" in {name}: {answer.right:.2f} right (of {answer.relevant} relevant)')


def _parse_arguments() -> Any:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=MODEL_FOLDER)
    parser.add_argument("--count", type=int, default=2000, help="how many scenes to draw and search")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--brief", action="store_true", help="only the means, not every query")
    return parser.parse_args()


def main() -> None:
    arguments = _parse_arguments()
    encoder = ClipEncoder(str(arguments.model), dtype=arguments.dtype)
    gallery = Gallery(unseen_scenes(arguments.count, arguments.seed), encoder)
    for name, questions in question_families().items():
        _print_family(name, gallery.ask(questions), not arguments.brief)
    _print_white_dogs(gallery, f"{arguments.count} unseen scenes")
    demo = [picture.scene for collection in demo_collections() for picture in collection.pictures]
    _print_white_dogs(Gallery(demo, encoder), "the demo's own pictures")


if __name__ == "__main__":
    main()
