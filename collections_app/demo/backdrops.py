"""Backdrops of the surroundings: gradients with a few details."""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image, ImageDraw

from collections_app.demo.pen import Tone, blend


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The canvas while its backdrop is drawn; a unit is the short edge, (0, 0) the central square's corner."""

    draw: ImageDraw.ImageDraw
    rng: random.Random
    unit: float
    left: float
    top: float
    width: int
    height: int
    horizon: float

    def at(self, x: float, y: float) -> tuple[float, float]:
        return self.left + x * self.unit, self.top + y * self.unit

    @property
    def span(self) -> tuple[float, float]:
        """Left and right end of the canvas, in units."""
        return -self.left / self.unit, (self.width - self.left) / self.unit

    def ellipse(self, x: float, y: float, width: float, height: float, tone: Tone) -> None:
        self.draw.ellipse((*self.at(x - width, y - height), *self.at(x + width, y + height)), fill=tone)

    def line(self, points: list[tuple[float, float]], width: float, tone: Tone) -> None:
        self.draw.line([self.at(*point) for point in points], fill=tone, width=max(1, round(width * self.unit)))


_GRADIENTS: dict[str, tuple[Tone, Tone, Tone, Tone]] = {
    "grass": ((168, 214, 240), (222, 238, 236), (140, 196, 98), (108, 172, 78)),
    "sea": ((196, 226, 240), (232, 240, 234), (96, 176, 208), (52, 130, 184)),
    "snow": ((170, 186, 208), (204, 214, 228), (224, 233, 244), (206, 220, 238)),
    "night": ((30, 36, 84), (62, 68, 128), (52, 58, 100), (44, 48, 86)),
    "room": ((240, 216, 184), (244, 224, 198), (196, 148, 104), (176, 128, 88)),
    "desert": ((250, 214, 160), (252, 232, 196), (232, 190, 120), (216, 166, 96)),
    "sky": ((112, 178, 232), (150, 202, 240), (174, 216, 244), (202, 230, 248)),
}


def paint_backdrop(image: Image.Image, surrounding: str, rng: random.Random) -> float:
    """Paint the surrounding over the whole image, with random details from `rng`. Return the horizon's y in pixels."""
    width, height = image.size
    unit = float(min(width, height))
    left, top = (width - unit) / 2, (height - unit) / 2
    horizon = rng.uniform(0.5, 0.66)
    shift = rng.uniform(-0.08, 0.08)
    _paint_gradients(image, surrounding, round(top + horizon * unit), shift)
    stage = Stage(
        draw=ImageDraw.Draw(image),
        rng=rng,
        unit=unit,
        left=left,
        top=top,
        width=width,
        height=height,
        horizon=horizon,
    )
    _DETAILS[surrounding](stage)
    return top + horizon * unit


def _paint_gradients(image: Image.Image, surrounding: str, horizon: int, shift: float) -> None:
    target: Tone = (255, 255, 255) if shift > 0 else (40, 40, 70)
    tones = [blend(tone, target, abs(shift)) for tone in _GRADIENTS[surrounding]]
    image.paste(_gradient(tones[0], tones[1], image.width, horizon), (0, 0))
    image.paste(_gradient(tones[2], tones[3], image.width, image.height - horizon), (0, horizon))


def _gradient(start: Tone, end: Tone, width: int, height: int) -> Image.Image:
    column = Image.new("RGB", (1, 2))
    column.putpixel((0, 0), start)
    column.putpixel((0, 1), end)
    return column.resize((width, max(1, height)), Image.Resampling.BILINEAR)


def _wave(stage: Stage, y: float, height: float, length: float) -> list[tuple[float, float]]:
    start, end = stage.span
    phase = stage.rng.uniform(0, 6)
    steps = 24
    xs = [start + (end - start) * step / steps for step in range(steps + 1)]
    return [(x, y + height * math.sin(phase + x * 2 * math.pi / length)) for x in xs]


def _hill(stage: Stage, y: float, height: float, tone: Tone) -> None:
    bottom = (stage.height - stage.top) / stage.unit
    ridge = _wave(stage, y, height, stage.rng.uniform(0.9, 1.4))
    start, end = stage.span
    stage.draw.polygon([stage.at(*point) for point in [*ridge, (end, bottom), (start, bottom)]], fill=tone)


def _cloud(stage: Stage, x: float, y: float, size: float, tone: Tone) -> None:
    for dx, dy, share in ((-1.0, 0.1, 0.6), (0.0, -0.2, 0.9), (1.0, 0.1, 0.65), (0.2, 0.25, 0.9)):
        stage.ellipse(x + dx * size, y + dy * size, size * share * 1.2, size * share * 0.6, tone)


def _scatter(stage: Stage, count: int, top: float, bottom: float) -> list[tuple[float, float]]:
    start, end = stage.span
    return [(stage.rng.uniform(start, end), stage.rng.uniform(top, bottom)) for _ in range(count)]


def _grass(stage: Stage) -> None:
    _hill(stage, stage.horizon - 0.02, 0.03, (150, 204, 112))
    _hill(stage, stage.horizon + 0.14, 0.03, (124, 186, 90))
    for x, y in _scatter(stage, 26, stage.horizon + 0.1, 1.0):
        stage.line([(x - 0.012, y - 0.03), (x, y), (x + 0.014, y - 0.034)], 0.006, (90, 152, 66))


def _sea(stage: Stage) -> None:
    for step in range(6):
        y = stage.horizon + 0.04 + 0.07 * step
        stage.line(_wave(stage, y, 0.008, 0.16), 0.009, blend((196, 228, 238), (110, 180, 214), 0.12 * step))


def _snow(stage: Stage) -> None:
    _hill(stage, stage.horizon - 0.03, 0.03, (214, 225, 239))
    _hill(stage, stage.horizon + 0.15, 0.03, (226, 235, 246))
    for x, y in _scatter(stage, 34, 0.0, 0.95):
        size = stage.rng.uniform(0.005, 0.011)
        stage.ellipse(x, y, size, size, (246, 249, 253))


def _night(stage: Stage) -> None:
    for x, y in _scatter(stage, 26, 0.0, stage.horizon):
        size = stage.rng.uniform(0.003, 0.007)
        stage.ellipse(x, y, size, size, (250, 244, 206))
    x = stage.rng.choice((0.1, 0.9))
    stage.ellipse(x, 0.1, 0.065, 0.065, (246, 236, 190))
    stage.ellipse(x + 0.03, 0.085, 0.055, 0.055, (38, 44, 94))
    _hill(stage, stage.horizon, 0.03, (48, 58, 98))


def _room(stage: Stage) -> None:
    start, end = stage.span
    for step in range(math.ceil((end - start) / 0.1)):
        x = start + 0.1 * step
        stage.line([(x, -1.0), (x, stage.horizon)], 0.012, (236, 208, 172))
    stage.line([(start, stage.horizon), (end, stage.horizon)], 0.03, (250, 240, 222))
    for step in range(1, 5):
        y = stage.horizon + 0.03 * step * (step + 1) / 2 + 0.03
        stage.line([(start, y), (end, y)], 0.006, (156, 110, 74))


def _desert(stage: Stage) -> None:
    _hill(stage, stage.horizon - 0.03, 0.05, (240, 202, 138))
    _hill(stage, stage.horizon + 0.12, 0.04, (228, 182, 112))
    for x, y in _scatter(stage, 14, stage.horizon + 0.12, 1.0):
        stage.line([(x - 0.03, y), (x, y + 0.005), (x + 0.03, y)], 0.006, (204, 154, 88))


def _sky(stage: Stage) -> None:
    for x, y in _scatter(stage, 5, 0.04, 0.96):
        _cloud(stage, x, y, stage.rng.uniform(0.05, 0.09), (222, 238, 249))


_DETAILS: dict[str, Callable[[Stage], None]] = {
    "grass": _grass,
    "sea": _sea,
    "snow": _snow,
    "night": _night,
    "room": _room,
    "desert": _desert,
    "sky": _sky,
}
