"""Training pictures at the model's size, with the drawn kind and colour of each patch."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

import numpy as np
import numpy.typing as npt
from PIL import Image

from collections_app.demo.drawing import draw_steps
from collections_app.demo.scenes import (
    COLOURS,
    KINDS,
    SURROUNDINGS,
    TRAINED_COMBINATIONS,
    Scene,
    is_trained,
    sample_scene,
    swap_colours,
)

IMAGE_PX = 60
PATCH_PX = 10
GRID = IMAGE_PX // PATCH_PX
ABSENT = -2

_OWNED_SHARE = 0.2
_CHUNK = 500
_CANVAS_FACTORS = (2, 3, 4, 5, 6)
_JPEG_SHARE = 0.35
_PAIR_SHARE = 0.25

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class PicturePool:
    """Drawn pictures as arrays: pixels (n, 60, 60, 3) and patch labels (n, 36); label 0 is the backdrop.

    `groups` is (n, 2, 3): kind, colour and count of each group, or ABSENT; `surroundings` is (n,).
    """

    scenes: tuple[Scene, ...]
    pixels: Bytes
    patch_kinds: Bytes
    patch_colours: Bytes
    groups: Ints
    surroundings: Ints


def draw_pool(count: int, seed: int, workers: int = 1) -> PicturePool:
    """Draw scenes of trained combinations. The result depends on `count` and `seed`, not on `workers`."""
    sizes = [min(_CHUNK, count - start) for start in range(0, count, _CHUNK)]
    seeds = [seed * 1_000_003 + index for index in range(len(sizes))]
    if workers > 1:
        with ProcessPoolExecutor(workers, mp_context=get_context("fork")) as executor:
            chunks = list(executor.map(_draw_chunk, sizes, seeds))
    else:
        chunks = list(map(_draw_chunk, sizes, seeds))
    scenes = tuple(scene for chunk in chunks for scene in chunk[0])
    return PicturePool(
        scenes=scenes,
        pixels=np.concatenate([chunk[1] for chunk in chunks]),
        patch_kinds=np.concatenate([chunk[2] for chunk in chunks]),
        patch_colours=np.concatenate([chunk[3] for chunk in chunks]),
        groups=np.array([encode_groups(scene) for scene in scenes], dtype=np.int64),
        surroundings=np.array([SURROUNDINGS.index(scene.surrounding) for scene in scenes], dtype=np.int64),
    )


def encode_groups(scene: Scene) -> list[list[int]]:
    """Return kind, colour and count of the two possible groups of a scene, as integers."""
    codes = [[KINDS.index(group.kind), COLOURS.index(group.colour), group.count] for group in scene.groups]
    return codes + [[ABSENT] * 3] * (2 - len(codes))


def _draw_chunk(count: int, seed: int) -> tuple[list[Scene], Bytes, Bytes, Bytes]:
    rng = random.Random(seed)
    scenes = _sample_scenes(rng, count)
    drawn = [_draw_labelled(scene, rng) for scene in scenes]
    pixels, kinds, colours = (np.stack(part) for part in zip(*drawn, strict=True))
    return scenes, pixels, kinds, colours


def _sample_scenes(rng: random.Random, count: int) -> list[Scene]:
    """Return scenes of trained combinations. A pair is followed by itself with swapped colours, if that is trained."""
    scenes: list[Scene] = []
    while len(scenes) < count:
        scene = sample_scene(rng, TRAINED_COMBINATIONS, _PAIR_SHARE)
        scenes.append(scene)
        if len(scene.groups) > 1 and is_trained(swapped := swap_colours(scene)):
            scenes.append(swapped)
    return scenes[:count]


def _draw_labelled(scene: Scene, rng: random.Random) -> tuple[Bytes, Bytes, Bytes]:
    canvas = Image.new("RGB", (IMAGE_PX * rng.choice(_CANVAS_FACTORS),) * 2)
    owners = _find_owners(scene, canvas)
    if rng.random() < _JPEG_SHARE:
        canvas = _compress_as_jpeg(canvas, rng.randint(55, 95))
    small = canvas.resize((IMAGE_PX, IMAGE_PX), Image.Resampling.BICUBIC)
    kinds = np.array([0] + [KINDS.index(group.kind) + 1 for group in scene.groups], dtype=np.uint8)
    colours = np.array([0] + [COLOURS.index(group.colour) + 1 for group in scene.groups], dtype=np.uint8)
    return np.asarray(small), kinds[owners], colours[owners]


def _find_owners(scene: Scene, canvas: Image.Image) -> Ints:
    """Draw the scene. Return for each patch 0 (backdrop) or 1 + the index of the group that covers most of it."""
    factor = canvas.width // IMAGE_PX
    shares = np.zeros((1 + len(scene.groups), GRID * GRID))
    for index, changed in _find_changes(scene, canvas, factor):
        patches = changed.reshape(GRID, PATCH_PX, GRID, PATCH_PX).mean((1, 3)).ravel()
        shares[index] += patches
    shares[0] = _OWNED_SHARE
    owners: Ints = shares.argmax(0)
    return owners


def _find_changes(scene: Scene, canvas: Image.Image, factor: int) -> Iterator[tuple[int, npt.NDArray[np.bool_]]]:
    before: Bytes | None = None
    for group in draw_steps(scene, canvas):
        after = np.asarray(canvas)[::factor, ::factor].copy()
        if before is not None and group is not None:
            yield 1 + _find_index(scene.groups, group), (after != before).any(-1)
        before = after


def _find_index(groups: Sequence[object], wanted: object) -> int:
    return next(index for index, group in enumerate(groups) if group is wanted)


def _compress_as_jpeg(image: Image.Image, quality: int) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer).convert("RGB")
