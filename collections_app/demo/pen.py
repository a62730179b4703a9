"""The pen that draws one thing on the canvas with its pose and tones."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PIL import ImageDraw

from collections_app.demo.shapes import Outline, oval

Tone = tuple[int, int, int]

PAINTS: dict[str, Tone] = {
    "red": (219, 44, 44),
    "orange": (246, 128, 26),
    "yellow": (253, 217, 46),
    "green": (54, 163, 72),
    "blue": (42, 104, 219),
    "purple": (128, 64, 184),
    "pink": (251, 150, 193),
    "brown": (134, 82, 46),
    "white": (252, 252, 250),
    "black": (38, 36, 43),
}
INK: Tone = (38, 34, 46)
PAPER: Tone = (255, 253, 246)
WOOD: Tone = (112, 74, 46)
LEAF: Tone = (74, 148, 70)
STEEL: Tone = (120, 126, 138)
GOLD: Tone = (244, 176, 52)

_OUTLINE_WIDTH = 0.05


def blend(first: Tone, second: Tone, share: float) -> Tone:
    """Return the colour at `share` of the way from the first to the second."""
    mixed = [round(a + share * (b - a)) for a, b in zip(first, second, strict=True)]
    return mixed[0], mixed[1], mixed[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tones:
    """A paint and the tones derived from it: outline, shade, highlight."""

    base: Tone
    edge: Tone
    shade: Tone
    light: Tone


def make_tones(colour: str, lightness: float = 0.0) -> Tones:
    """Return the tones of a colour word. `lightness` from -1 to 1 varies the paint slightly."""
    base = PAINTS[colour]
    base = blend(base, (255, 255, 255) if lightness > 0 else (0, 0, 0), 0.1 * abs(lightness))
    if colour == "white":
        base = PAINTS[colour]
        return Tones(base=base, edge=(104, 112, 134), shade=(221, 226, 236), light=(255, 255, 255))
    if colour == "black":
        return Tones(base=base, edge=(88, 90, 110), shade=(22, 21, 27), light=(86, 84, 98))
    return Tones(
        base=base, edge=blend(base, INK, 0.62), shade=blend(base, INK, 0.2), light=blend(base, (255, 255, 255), 0.34)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """The pose of a thing: centre and radius in pixels, turn in degrees, scale factor per axis."""

    x: float
    y: float
    radius: float
    turn_degrees: float
    scale_x: float
    scale_y: float
    variant: int


class Pen:
    """Draws outlines given in a thing's own square onto the canvas, in the thing's pose."""

    def __init__(self, draw: ImageDraw.ImageDraw, pose: Pose, tones: Tones) -> None:
        self._draw = draw
        self._pose = pose
        self.tones = tones
        self.variant = pose.variant
        cos, sin = math.cos(math.radians(pose.turn_degrees)), math.sin(math.radians(pose.turn_degrees))
        across, down = pose.radius * pose.scale_x, pose.radius * pose.scale_y
        self._matrix = (cos * across, -sin * down, sin * across, cos * down)

    def draw_body(self, *outlines: Outline, tone: Tone | None = None, edge: Tone | None = None) -> None:
        """Fill the union of the outlines, with one contour around the whole."""
        placed = [self._place(outline) for outline in outlines]
        rim = edge or (self.tones.edge if tone is None else blend(tone, INK, 0.55))
        for points in placed:
            self._draw_contour(points, rim)
        for points in placed:
            self._draw.polygon(points, fill=tone or self.tones.base)

    def fill(self, outline: Outline, tone: Tone) -> None:
        """Fill an outline without a contour: a highlight, a patch, an eye."""
        self._draw.polygon(self._place(outline), fill=tone)

    def draw_line(self, points: Outline, width: float, tone: Tone) -> None:
        """Draw an open stroke with round ends."""
        pixels = max(1, round(width * self._pose.radius))
        placed = self._place(points)
        self._draw.line(placed, fill=tone, width=pixels, joint="curve")
        for x, y in (placed[0], placed[-1]):
            self._draw_disc(x, y, pixels / 2, tone)

    def draw_eye(self, x: float, y: float, size: float) -> None:
        """Draw a dark eye with a glint, visible on every paint."""
        self.fill(oval(x, y, size * 1.45, size * 1.45), PAPER)
        self.fill(oval(x, y, size, size), INK)
        self.fill(oval(x + size * 0.3, y - size * 0.35, size * 0.35, size * 0.35), PAPER)

    def _place(self, outline: Outline) -> list[tuple[float, float]]:
        a, b, c, d = self._matrix
        left, top = self._pose.x, self._pose.y
        return [(left + a * x + b * y, top + c * x + d * y) for x, y in outline]

    def _draw_contour(self, points: list[tuple[float, float]], tone: Tone) -> None:
        width = max(1, round(2 * _OUTLINE_WIDTH * self._pose.radius))
        joint = "curve" if width > 6 else None
        self._draw.line([*points, points[0], points[1]], fill=tone, width=width, joint=joint)

    def _draw_disc(self, x: float, y: float, radius: float, tone: Tone) -> None:
        if radius >= 1:
            self._draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=tone)
