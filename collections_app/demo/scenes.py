"""The facts of drawn scenes, and sampling of scenes."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

ANIMALS = ("dog", "cat", "fish", "bird", "rabbit", "butterfly", "turtle")
OUTDOOR_THINGS = ("car", "boat", "house", "tree", "flower", "sun", "star", "balloon", "bicycle", "plane")
HOUSEHOLD_THINGS = ("cup", "umbrella", "chair", "guitar", "clock", "book", "hat")
KINDS = ANIMALS + OUTDOOR_THINGS + HOUSEHOLD_THINGS
COLOURS = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "white", "black")
SURROUNDINGS = ("grass", "sea", "snow", "night", "room", "desert", "sky")
MAX_COUNT = 3
PAIR_SHARE = 0.2

_HELD_OUT_STRIDE = 7
_HELD_OUT_OFFSET = 3
_COUNT_WEIGHTS = (5, 3, 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One to three things of one kind in one colour."""

    kind: str
    colour: str
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """The facts of a drawing. Equal scenes give equal drawings: the seed determines everything else."""

    groups: tuple[Group, ...]
    surrounding: str
    seed: int

    @property
    def main(self) -> Group:
        return self.groups[0]


def is_held_out(kind: str, colour: str) -> bool:
    """Return whether training excludes this combination: about one in seven, one or two colours of every kind."""
    return (3 * KINDS.index(kind) + COLOURS.index(colour)) % _HELD_OUT_STRIDE == _HELD_OUT_OFFSET


COMBINATIONS = tuple((kind, colour) for kind in KINDS for colour in COLOURS)
TRAINED_COMBINATIONS = tuple(pair for pair in COMBINATIONS if not is_held_out(*pair))
HELD_OUT_COMBINATIONS = tuple(pair for pair in COMBINATIONS if is_held_out(*pair))


def sample_scene(
    rng: random.Random, combinations: tuple[tuple[str, str], ...] = COMBINATIONS, pair_share: float = PAIR_SHARE
) -> Scene:
    """Return a random scene: usually one group, sometimes two single things of different kinds."""
    kind, colour = rng.choice(combinations)
    if rng.random() < pair_share:
        groups: tuple[Group, ...] = (Group(kind=kind, colour=colour), _sample_other(rng, kind, combinations))
    else:
        count = rng.choices(range(1, MAX_COUNT + 1), _COUNT_WEIGHTS)[0]
        groups = (Group(kind=kind, colour=colour, count=count),)
    return Scene(groups=groups, surrounding=rng.choice(SURROUNDINGS), seed=rng.getrandbits(32))


def is_trained(scene: Scene) -> bool:
    """Return whether training may use this scene."""
    return not any(is_held_out(group.kind, group.colour) for group in scene.groups)


def swap_colours(scene: Scene) -> Scene:
    """Return a scene of two groups with their colours swapped. Training on both ties each colour to its thing."""
    first, second = scene.groups
    groups = replace(first, colour=second.colour), replace(second, colour=first.colour)
    return replace(scene, groups=groups)


def _sample_other(rng: random.Random, kind: str, combinations: tuple[tuple[str, str], ...]) -> Group:
    while True:
        other_kind, other_colour = rng.choice(combinations)
        if other_kind != kind:
            return Group(kind=other_kind, colour=other_colour)
