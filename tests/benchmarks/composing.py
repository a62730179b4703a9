"""Composition on unseen drawn scenes: "X + Y", "X - Y", "like 123 but Y"; precision of the first ten.

`python -m tests.benchmarks.composing [--scenes 2000] [--queries 100] [--seed 0] [--model DIR]`. Each query is a line
of the search box, parsed and composed as the site does it. What is drawn is the truth. Only queries that at least ten
scenes match are measured. "like 123 but Y" is right if Y is drawn and something else is as in the example: the thing,
its colour or the surroundings, except the one that Y names. The output also says how often that is so by chance, and
how often it is the thing itself.
"""

import argparse
import os
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import django
import numpy as np
from numpy.typing import NDArray

from collections_app.demo.captions import SURROUNDING_PHRASES
from collections_app.demo.evaluate import MODEL_FOLDER, Gallery, sample_unseen_scenes
from collections_app.demo.scenes import COLOURS, KINDS, SURROUNDINGS, Scene
from collections_app.encoders import Encoder
from collections_app.encoders.clip import ClipEncoder
from tests.benchmarks.printing import describe_least, print_machine

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "imagesearch.settings")
_TOP = 10
_GOAL = 0.8

Truth = NDArray[np.bool_]
Is = Callable[[Scene], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A line of the search box and what makes a scene right; `example` is the place of the one that is pointed at."""

    line: str
    is_right: Is
    is_thing: Is | None = None
    example: int | None = None


def main() -> None:
    options = _options()
    django.setup()
    encoder = ClipEncoder(str(options.model), dtype="float32")
    ranker = Ranker(Gallery(sample_unseen_scenes(options.scenes, options.seed), encoder), encoder)
    print_machine("torch", "transformers", "numpy")
    print(f"gallery: {options.scenes} unseen scenes, seed {options.seed}, model {options.model.name}")
    print(f"{'queries':<26}{'for example':<30}{'P@10':>7}{'by chance':>11}{'same thing':>12}")
    for name, ask in FAMILIES.items():
        _measure(name, ask, ranker, options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("scenes", 2000), ("queries", 100), ("seed", 0)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--model", type=Path, default=MODEL_FOLDER)
    return parser.parse_args()


class Ranker:
    """Reads a line as the site does, and ranks the gallery's scenes for it."""

    def __init__(self, gallery: Gallery, encoder: Encoder) -> None:
        self.gallery = gallery
        self._encoder = encoder

    def first(self, query: Query) -> list[int]:
        from collections_app.services.search.composition import WeightedVector, compose
        from collections_app.services.search.query import parse_query

        terms = parse_query(query.line).terms
        parts = [WeightedVector(vector=self._vector(each.value, each.is_example), weight=each.weight) for each in terms]
        vector = compose(parts)
        scores = self.gallery.vectors @ vector
        order = np.argsort(-scores, kind="stable")
        return [int(place) for place in order if place != query.example][:_TOP]

    def _vector(self, value: str, is_example: bool) -> NDArray[np.float32]:
        if is_example:
            example: NDArray[np.float32] = self.gallery.vectors[int(value)]
            return example
        words: NDArray[np.float32] = self._encoder.encode_texts([value])[0]
        return words


def _measure(name: str, ask: "Asking", ranker: Ranker, options: argparse.Namespace) -> None:
    scenes = ranker.gallery.scenes
    chance = random.Random(f"composing {name} {options.seed}")
    precisions: list[float] = []
    shares: list[float] = []
    things: list[bool] = []
    line = ""
    while len(precisions) < options.queries:
        query = ask(chance, scenes)
        truth: Truth = np.array([query.is_right(scene) for scene in scenes])
        if truth.sum() < _TOP:
            continue
        first = ranker.first(query)
        precisions.append(float(truth[first].mean()))
        shares.append(float(truth.mean()))
        things += [query.is_thing(scenes[place]) for place in first] if query.is_thing else []
        line = line or query.line
    mean = float(np.mean(precisions))
    same = f"{np.mean(things):>12.3f}" if things else f"{'':>12}"
    goal = describe_least(mean, _GOAL)
    print(f"{name:<26}{line:<30}{mean:>7.3f}{np.mean(shares):>11.3f}{same}   {goal}")


def _shows(scene: Scene, kind: str | None = None, colour: str | None = None) -> bool:
    return any(kind in (None, group.kind) and colour in (None, group.colour) for group in scene.groups)


Asking = Callable[[random.Random, tuple[Scene, ...]], Query]


def _thing_and_place(chance: random.Random, _: tuple[Scene, ...]) -> Query:
    kind, place = chance.choice(KINDS), chance.choice(SURROUNDINGS)
    line = f"{kind} + {SURROUNDING_PHRASES[place][0]}"
    return Query(line=line, is_right=lambda scene: _shows(scene, kind) and scene.surrounding == place)


def _thing_and_colour(chance: random.Random, _: tuple[Scene, ...]) -> Query:
    kind, colour = chance.choice(KINDS), chance.choice(COLOURS)
    return Query(line=f"{kind} + {colour}", is_right=lambda scene: _shows(scene, kind, colour))


def _thing_not_place(chance: random.Random, _: tuple[Scene, ...]) -> Query:
    kind, place = chance.choice(KINDS), chance.choice(SURROUNDINGS)
    line = f"{kind} - {SURROUNDING_PHRASES[place][0]}"
    return Query(line=line, is_right=lambda scene: _shows(scene, kind) and scene.surrounding != place)


def _thing_not_colour(chance: random.Random, _: tuple[Scene, ...]) -> Query:
    kind, colour = chance.choice(KINDS), chance.choice(COLOURS)

    def is_right(scene: Scene) -> bool:
        return _shows(scene, kind) and not _shows(scene, kind, colour)

    return Query(line=f"{kind} - {colour}", is_right=is_right)


def _place_not_thing(chance: random.Random, _: tuple[Scene, ...]) -> Query:
    kind, place = chance.choice(KINDS), chance.choice(SURROUNDINGS)
    line = f"{SURROUNDING_PHRASES[place][0]} - {kind}"
    return Query(line=line, is_right=lambda scene: scene.surrounding == place and not _shows(scene, kind))


def _like_but_place(chance: random.Random, scenes: tuple[Scene, ...]) -> Query:
    number, example = _example(chance, scenes)
    place = chance.choice([each for each in SURROUNDINGS if each != example.surrounding])
    thing = example.main
    return Query(
        line=f"like:{number} + 2:{SURROUNDING_PHRASES[place][0]}",
        is_right=lambda scene: (
            scene.surrounding == place and (_shows(scene, thing.kind) or _shows(scene, None, thing.colour))
        ),
        is_thing=lambda scene: _shows(scene, thing.kind),
        example=number,
    )


def _like_but_colour(chance: random.Random, scenes: tuple[Scene, ...]) -> Query:
    number, example = _example(chance, scenes)
    colour = chance.choice([each for each in COLOURS if each != example.main.colour])
    thing = example.main
    return Query(
        line=f"like:{number} + 2:{colour}",
        is_right=lambda scene: (
            _shows(scene, None, colour) and (_shows(scene, thing.kind) or scene.surrounding == example.surrounding)
        ),
        is_thing=lambda scene: _shows(scene, thing.kind),
        example=number,
    )


def _example(chance: random.Random, scenes: tuple[Scene, ...]) -> tuple[int, Scene]:
    """A scene with one kind of thing: what it shows can be said."""
    single = [number for number, scene in enumerate(scenes) if len(scene.groups) == 1]
    number = chance.choice(single)
    return number, scenes[number]


FAMILIES: dict[str, Asking] = {
    "X + Y, thing and place": _thing_and_place,
    "X + Y, thing and colour": _thing_and_colour,
    "X - Y, thing, not place": _thing_not_place,
    "X - Y, thing, not colour": _thing_not_colour,
    "X - Y, place, not thing": _place_not_thing,
    "like 123 but Y, a place": _like_but_place,
    "like 123 but Y, a colour": _like_but_colour,
}


if __name__ == "__main__":
    main()
