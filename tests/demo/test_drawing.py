"""Scenes and their drawings."""

import random
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from collections_app.demo.drawing import DRAWERS, draw_scene
from collections_app.demo.scenes import (
    COMBINATIONS,
    HELD_OUT_COMBINATIONS,
    KINDS,
    SURROUNDINGS,
    TRAINED_COMBINATIONS,
    Group,
    Scene,
    sample_scene,
    swap_colours,
)


def make_scene(kind: str = "dog", colour: str = "white", surrounding: str = "snow", seed: int = 7) -> Scene:
    return Scene(groups=(Group(kind=kind, colour=colour),), surrounding=surrounding, seed=seed)


def test_the_same_scene_gives_the_same_pixels() -> None:
    first, second = (draw_scene(make_scene(), 120, 90) for _ in range(2))
    assert first.tobytes() == second.tobytes()


def test_another_seed_gives_another_picture() -> None:
    assert draw_scene(make_scene(seed=1), 60, 60).tobytes() != draw_scene(make_scene(seed=2), 60, 60).tobytes()


@pytest.mark.parametrize("surrounding", SURROUNDINGS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_thing_is_drawn_in_every_surrounding_at_the_given_size(kind: str, surrounding: str) -> None:
    picture = draw_scene(make_scene(kind=kind, surrounding=surrounding), 64, 48)
    assert (picture.mode, picture.size) == ("RGB", (64, 48))


def test_each_of_24_things_has_its_own_drawing() -> None:
    assert len(KINDS) == len(set(KINDS)) == 24
    assert set(DRAWERS) == set(KINDS)


def test_a_white_dog_stands_out_from_the_snow() -> None:
    picture = np.asarray(draw_scene(make_scene(), 120, 120).convert("L"), dtype=int)
    assert picture[40:80, 20:100].min() < 100
    assert picture[40:80, 20:100].max() > 245


def test_reduced_large_drawing_resembles_the_small_drawing() -> None:
    large = draw_scene(make_scene(surrounding="grass"), 900, 900).resize((60, 60), Image.Resampling.BICUBIC)
    small = draw_scene(make_scene(surrounding="grass"), 60, 60, supersample=4)
    difference = np.abs(np.asarray(large, dtype=int) - np.asarray(small, dtype=int))
    assert difference.mean() < 6


def test_one_combination_in_seven_is_held_out_but_not_the_white_dog() -> None:
    assert 0.12 <= len(HELD_OUT_COMBINATIONS) / len(COMBINATIONS) <= 0.15
    assert ("dog", "white") in TRAINED_COMBINATIONS


def test_scenes_for_training_never_show_a_held_out_combination() -> None:
    rng = random.Random(3)
    scenes = [sample_scene(rng, TRAINED_COMBINATIONS) for _ in range(2000)]
    shown = {(group.kind, group.colour) for scene in scenes for group in scene.groups}
    assert not shown & set(HELD_OUT_COMBINATIONS)


def test_swapping_colours_keeps_everything_else() -> None:
    groups = (Group(kind="dog", colour="white"), Group(kind="cat", colour="red"))
    swapped = swap_colours(Scene(groups=groups, surrounding="sea", seed=3))
    assert [(group.kind, group.colour) for group in swapped.groups] == [("dog", "red"), ("cat", "white")]
    assert (swapped.surrounding, swapped.seed) == ("sea", 3)


def test_drawing_needs_neither_django_nor_torch() -> None:
    code = (
        "import sys, collections_app.demo.gallery as gallery;"
        "gallery.get_demo_collections();"
        "sys.exit(bool({'django', 'torch', 'transformers'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
