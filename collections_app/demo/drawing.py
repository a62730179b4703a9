"""Draws a scene at any size. A scene always gives the same picture, sharper at larger sizes."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import cast

from PIL import Image, ImageDraw

from collections_app.demo import animals, indoors, outdoors
from collections_app.demo.backdrops import paint_backdrop
from collections_app.demo.pen import Pen, Pose, Tone, make_tones
from collections_app.demo.scenes import Group, Scene

DRAWERS: dict[str, Callable[[Pen], None]] = {
    "dog": animals.draw_dog,
    "cat": animals.draw_cat,
    "fish": animals.draw_fish,
    "bird": animals.draw_bird,
    "rabbit": animals.draw_rabbit,
    "butterfly": animals.draw_butterfly,
    "turtle": animals.draw_turtle,
    "car": outdoors.draw_car,
    "boat": outdoors.draw_boat,
    "house": outdoors.draw_house,
    "tree": outdoors.draw_tree,
    "flower": outdoors.draw_flower,
    "sun": outdoors.draw_sun,
    "star": outdoors.draw_star,
    "balloon": outdoors.draw_balloon,
    "bicycle": outdoors.draw_bicycle,
    "plane": outdoors.draw_plane,
    "cup": indoors.draw_cup,
    "umbrella": indoors.draw_umbrella,
    "chair": indoors.draw_chair,
    "guitar": indoors.draw_guitar,
    "clock": indoors.draw_clock,
    "book": indoors.draw_book,
    "hat": indoors.draw_hat,
}

Place = tuple[float, float, float]

_SINGLE: tuple[tuple[Place, ...], ...] = (((0.5, 0.53, 0.36),),)
_PAIRS: tuple[tuple[Place, ...], ...] = (
    ((0.26, 0.52, 0.235), (0.74, 0.52, 0.235)),
    ((0.28, 0.34, 0.235), (0.72, 0.68, 0.235)),
    ((0.28, 0.68, 0.235), (0.72, 0.34, 0.235)),
)
_TRIPLES: tuple[tuple[Place, ...], ...] = (
    ((0.27, 0.29, 0.21), (0.73, 0.29, 0.21), (0.5, 0.74, 0.21)),
    ((0.5, 0.27, 0.21), (0.27, 0.73, 0.21), (0.73, 0.73, 0.21)),
    ((0.24, 0.3, 0.2), (0.5, 0.7, 0.2), (0.77, 0.32, 0.2)),
)
_LAYOUTS = {1: _SINGLE, 2: _PAIRS, 3: _TRIPLES}
_SHADOWED = {"grass", "snow", "room", "desert", "night"}


def draw_scene(scene: Scene, width: int, height: int, supersample: int = 2) -> Image.Image:
    """Return an RGB picture. The things are inside the central square, which CLIP's crop keeps."""
    canvas = Image.new("RGB", (width * supersample, height * supersample))
    for _ in draw_steps(scene, canvas):
        pass
    return canvas.reduce(supersample)


def draw_steps(scene: Scene, canvas: Image.Image) -> Iterator[Group | None]:
    """Draw in steps: yield None after the backdrop, then the group of each thing after drawing it."""
    rng = random.Random(scene.seed)
    horizon = paint_backdrop(canvas, scene.surrounding, rng)
    draw = ImageDraw.Draw(canvas)
    members = [group for group in scene.groups for _ in range(group.count)]
    places = list(rng.choice(_LAYOUTS[len(members)]))
    rng.shuffle(places)
    poses = [_sample_pose(place, canvas.size, rng, scene.surrounding) for place in places]
    if scene.surrounding in _SHADOWED:
        for pose in poses:
            _draw_shadow(canvas, draw, pose, horizon)
    yield None
    lightness = rng.uniform(-1, 1)
    for group, pose in zip(members, poses, strict=True):
        DRAWERS[group.kind](Pen(draw, pose, make_tones(group.colour, lightness)))
        yield group


def _sample_pose(place: Place, size: tuple[int, int], rng: random.Random, surrounding: str) -> Pose:
    unit = min(size)
    x, y, radius = place
    jitter = 0.05 if radius > 0.3 else 0.025
    x, y = x + rng.uniform(-jitter, jitter), y + rng.uniform(-jitter, jitter)
    scale = rng.uniform(0.84, 1.08)
    flip = rng.choice((-1, 1))
    lean = 14 if surrounding in {"sky", "sea"} else 8
    return Pose(
        x=(size[0] - unit) / 2 + x * unit,
        y=(size[1] - unit) / 2 + y * unit,
        radius=radius * scale * unit,
        turn_degrees=rng.uniform(-lean, lean),
        scale_x=flip * rng.uniform(0.92, 1.06),
        scale_y=rng.uniform(0.92, 1.06),
        variant=rng.randrange(3),
    )


def _draw_shadow(canvas: Image.Image, draw: ImageDraw.ImageDraw, pose: Pose, horizon: float) -> None:
    ground = min(canvas.height - 1, round(pose.y + 0.92 * pose.radius))
    if ground <= horizon:
        return
    under = cast(Tone, canvas.getpixel((min(canvas.width - 1, max(0, round(pose.x))), ground)))
    tone = round(under[0] * 0.84), round(under[1] * 0.85), round(under[2] * 0.89)
    box = (
        pose.x - 0.8 * pose.radius,
        ground - 0.1 * pose.radius,
        pose.x + 0.8 * pose.radius,
        ground + 0.12 * pose.radius,
    )
    draw.ellipse(box, fill=tone)
