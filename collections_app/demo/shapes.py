"""Outlines as point lists in a thing's own square, -1 to 1, y downwards; cached, since every drawing reuses them."""

from __future__ import annotations

import math
from functools import cache

Point = tuple[float, float]
Outline = tuple[Point, ...]

_OVAL_POINTS = 28
_SMOOTHING_ROUNDS = 3


@cache
def oval(x: float, y: float, width: float, height: float, turn_degrees: float = 0.0) -> Outline:
    """An ellipse around (x, y) with these half axes, turned clockwise as seen."""
    cos, sin = math.cos(math.radians(turn_degrees)), math.sin(math.radians(turn_degrees))
    steps = (2 * math.pi * step / _OVAL_POINTS for step in range(_OVAL_POINTS))
    axes = [(width * math.cos(angle), height * math.sin(angle)) for angle in steps]
    return tuple((x + cos * a - sin * b, y + sin * a + cos * b) for a, b in axes)


@cache
def soft(*points: Point) -> Outline:
    """A closed outline with rounded corners (Chaikin's corner cutting)."""
    outline: Outline = points
    for _ in range(_SMOOTHING_ROUNDS):
        outline = _cut_corners(outline)
    return outline


def _cut_corners(points: Outline) -> Outline:
    cut: list[Point] = []
    for (x0, y0), (x1, y1) in zip(points, points[1:] + points[:1], strict=True):
        cut.append((0.75 * x0 + 0.25 * x1, 0.75 * y0 + 0.25 * y1))
        cut.append((0.25 * x0 + 0.75 * x1, 0.25 * y0 + 0.75 * y1))
    return tuple(cut)


@cache
def rounded(*points: Point, radius: float = 0.08) -> Outline:
    """A polygon whose corners are rounded within the given distance and whose sides stay straight."""
    outline: list[Point] = []
    for before, corner, after in zip(points[-1:] + points[:-1], points, points[1:] + points[:1], strict=True):
        start, end = _towards(corner, before, radius), _towards(corner, after, radius)
        for share in (0.0, 0.33, 0.67, 1.0):
            keep = (1 - share) ** 2, 2 * share * (1 - share), share**2
            outline.append(
                (
                    keep[0] * start[0] + keep[1] * corner[0] + keep[2] * end[0],
                    keep[0] * start[1] + keep[1] * corner[1] + keep[2] * end[1],
                )
            )
    return tuple(outline)


def _towards(start: Point, end: Point, distance: float) -> Point:
    share = min(0.5, distance / (math.dist(start, end) or 1.0))
    return start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])


@cache
def limb(x0: float, y0: float, x1: float, y1: float, width: float) -> Outline:
    """A straight bar with round ends; width is the full thickness."""
    angle = math.atan2(y1 - y0, x1 - x0)
    half = width / 2
    turns = [math.pi * (0.5 + step / 6) for step in range(7)]
    start = [(x0 + half * math.cos(angle + turn), y0 + half * math.sin(angle + turn)) for turn in turns]
    end = [(x1 - half * math.cos(angle + turn), y1 - half * math.sin(angle + turn)) for turn in turns]
    return tuple(start + end)


@cache
def spokes(count: int, inner: float, outer: float, turn_degrees: float = -90.0) -> Outline:
    """A star: corners alternate between the outer and the inner distance from the middle."""
    corners = range(2 * count)
    angles = (math.radians(turn_degrees) + math.pi * corner / count for corner in corners)
    reach = [outer if corner % 2 == 0 else inner for corner in corners]
    return tuple((r * math.cos(angle), r * math.sin(angle)) for r, angle in zip(reach, angles, strict=True))


@cache
def arc(x: float, y: float, radius: float, start_degrees: float, end_degrees: float) -> Outline:
    """An open arc, clockwise as seen from start to end."""
    steps = 14
    span = end_degrees - start_degrees
    angles = [math.radians(start_degrees + span * step / steps) for step in range(steps + 1)]
    return tuple((x + radius * math.cos(angle), y + radius * math.sin(angle)) for angle in angles)
