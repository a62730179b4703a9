"""The demo's three collections of drawn pictures. They are the same in every installation."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from PIL import ExifTags, Image

from collections_app.demo.captions import build_title
from collections_app.demo.drawing import draw_scene
from collections_app.demo.scenes import (
    ANIMALS,
    COLOURS,
    HOUSEHOLD_THINGS,
    OUTDOOR_THINGS,
    SURROUNDINGS,
    Group,
    Scene,
)

PICTURES_PER_COLLECTION = 120
WHITE_DOG_COUNT = 16

_FORMATS = ((800, 800), (960, 720), (720, 960))
_JPEG_QUALITY = 88
_PAIR_SHARE = 0.15
# Twelve days out with a camera, in several years.
_FIRST_DAY, _DAYS_APART, _DAYS_OUT = datetime(2021, 6, 5, 9), 172, 12
_SEED = 20_000_003
_SUITED: dict[str, tuple[str, ...]] = {
    "fish": ("sea", "sea", "night"),
    "boat": ("sea", "sea", "night"),
    "plane": ("sky", "sky", "night", "desert"),
    "balloon": ("sky", "grass", "room", "sea"),
    "sun": ("sky", "sea", "desert", "grass", "snow"),
    "star": ("night", "night", "sky", "snow"),
    "butterfly": ("grass", "sky", "room", "desert"),
    "bird": ("sky", "grass", "snow", "sea", "night"),
    "house": ("grass", "snow", "night", "desert"),
    "tree": ("grass", "snow", "night", "desert"),
    "car": ("grass", "desert", "night", "snow"),
    "cup": ("room", "room", "grass", "snow"),
    "chair": ("room", "room", "grass", "night"),
    "clock": ("room", "room", "night", "sky"),
    "book": ("room", "room", "grass", "night"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPicture:
    """The facts and the size of a demo picture. `draw_picture` gives its bytes."""

    file_name: str
    title: str
    tags: tuple[str, ...]
    scene: Scene
    width: int
    height: int
    taken_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoCollection:
    """A named set of demo pictures."""

    name: str
    pictures: tuple[DemoPicture, ...]


@cache
def get_demo_collections() -> tuple[DemoCollection, ...]:
    """Return three collections of 120 pictures each. The first has white dogs in every surrounding."""
    return (
        _build_collection("Animals", ANIMALS, _SEED, tuple(_sample_white_dogs())),
        _build_collection("Out and about", OUTDOOR_THINGS, _SEED + 1),
        _build_collection("Around the house", HOUSEHOLD_THINGS, _SEED + 2),
    )


def draw_picture(picture: DemoPicture) -> bytes:
    """Return the picture as a JPEG. Every call returns the same bytes."""
    image = draw_scene(picture.scene, picture.width, picture.height)
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = f"{picture.taken_at:%Y:%m:%d %H:%M:%S}"
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=_JPEG_QUALITY, exif=exif)
    return buffer.getvalue()


def _build_collection(
    name: str, kinds: tuple[str, ...], seed: int, first_scenes: tuple[Scene, ...] = ()
) -> DemoCollection:
    rng = random.Random(seed)
    scenes = [*first_scenes, *_sample_scenes(rng, kinds, PICTURES_PER_COLLECTION - len(first_scenes))]
    rng.shuffle(scenes)
    pictures = tuple(_describe(scene, number, rng) for number, scene in enumerate(scenes, 1))
    return DemoCollection(name=name, pictures=pictures)


def _sample_white_dogs() -> Iterator[Scene]:
    for number in range(WHITE_DOG_COUNT):
        dog = Group(kind="dog", colour="white", count=1 + (number % 4 == 3) + (number % 8 == 7))
        yield Scene(groups=(dog,), surrounding=SURROUNDINGS[number % len(SURROUNDINGS)], seed=_SEED + 100 + number)


def _sample_scenes(rng: random.Random, kinds: tuple[str, ...], count: int) -> Iterator[Scene]:
    """Yield scenes of every kind and every colour in turn, so that each query of the demo finds something."""
    colours = [rng.sample(COLOURS, len(COLOURS)) for _ in kinds]
    for number in range(count):
        kind_index, turn = number % len(kinds), number // len(kinds)
        kind, colour = kinds[kind_index], colours[kind_index][turn % len(COLOURS)]
        groups: tuple[Group, ...] = (Group(kind=kind, colour=colour, count=rng.choices((1, 2, 3), (6, 3, 2))[0]),)
        if rng.random() < _PAIR_SHARE:
            other = rng.choice([other for other in kinds if other != kind])
            groups = (Group(kind=kind, colour=colour), Group(kind=other, colour=rng.choice(COLOURS)))
        surrounding = rng.choice(_SUITED.get(kind, SURROUNDINGS))
        yield Scene(groups=groups, surrounding=surrounding, seed=rng.getrandbits(32))


def _describe(scene: Scene, number: int, rng: random.Random) -> DemoPicture:
    width, height = rng.choice(_FORMATS)
    title = build_title(scene)
    facts = [word for group in scene.groups for word in (group.kind, group.colour)]
    return DemoPicture(
        file_name=f"{number:03d}-{title.lower().replace(' ', '-')}.jpg",
        title=title,
        tags=tuple(dict.fromkeys([*facts, scene.surrounding])),
        scene=scene,
        width=width,
        height=height,
        taken_at=_pick_date(scene),
    )


def _pick_date(scene: Scene) -> datetime:
    chance = random.Random(scene.seed)
    return _FIRST_DAY + timedelta(days=_DAYS_APART * chance.randrange(_DAYS_OUT), minutes=chance.randrange(600))
