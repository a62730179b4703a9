"""Drawings of the outdoor things. Each function takes a pen and fills the square from -1 to 1."""

import math

from collections_app.demo.pen import GOLD, INK, LEAF, PAPER, STEEL, WOOD, Pen, blend
from collections_app.demo.shapes import arc, limb, oval, rounded, soft, spokes

_GLASS = (190, 224, 240)
_TYRE = (52, 50, 58)
_SAIL = (244, 232, 206)


def draw_car(pen: Pen) -> None:
    """A car from the side: cabin with two windows, two wheels, a lamp."""
    pen.draw_body(
        rounded((-0.58, -0.02), (-0.36, -0.52), (0.3, -0.52), (0.56, -0.02), radius=0.14),
        rounded((-1.0, -0.08), (0.74, -0.1), (1.0, 0.1), (1.0, 0.46), (-1.0, 0.46), radius=0.14),
    )
    pen.fill(rounded((-0.42, -0.06), (-0.28, -0.4), (-0.06, -0.4), (-0.06, -0.06), radius=0.05), _GLASS)
    pen.fill(rounded((0.06, -0.06), (0.06, -0.4), (0.24, -0.4), (0.4, -0.06), radius=0.05), _GLASS)
    pen.fill(rounded((-0.96, 0.28), (0.96, 0.28), (0.96, 0.42), (-0.96, 0.42), radius=0.05), pen.tones.shade)
    pen.fill(limb(-0.8, 0.02, -0.1, 0.02, 0.06), pen.tones.light)
    pen.fill(oval(0.9, 0.12, 0.08, 0.08), (255, 240, 170))
    for x in (-0.52, 0.52):
        pen.draw_body(oval(x, 0.46, 0.25, 0.25), tone=_TYRE)
        pen.fill(oval(x, 0.46, 0.11, 0.11), (206, 210, 218))


def draw_boat(pen: Pen) -> None:
    """A sailing boat: a big hull in the paint, a mast, two cream sails with a stripe in the paint."""
    pen.draw_line(((0.02, -0.96), (0.02, 0.3)), 0.09, WOOD)
    pen.draw_body(rounded((0.1, -0.9), (0.78, 0.12), (0.1, 0.12), radius=0.05), tone=_SAIL)
    pen.draw_body(rounded((-0.08, -0.72), (-0.08, 0.12), (-0.6, 0.12), radius=0.05), tone=_SAIL)
    pen.fill(rounded((0.12, -0.32), (0.46, -0.32), (0.62, -0.08), (0.12, -0.08), radius=0.02), pen.tones.base)
    pen.draw_body(soft((-1.1, 0.2), (-0.9, 0.2), (0.9, 0.2), (1.12, 0.2), (0.66, 0.86), (-0.62, 0.86)))
    pen.fill(soft((-0.84, 0.5), (0.84, 0.5), (0.6, 0.78), (-0.56, 0.78)), pen.tones.shade)
    for x in (-0.4, 0.0, 0.4):
        pen.fill(oval(x, 0.4, 0.07, 0.07), PAPER)


def draw_house(pen: Pen) -> None:
    """A house: walls in the paint, a dark roof, chimney, door and two windows."""
    pen.draw_body(rounded((0.36, -0.9), (0.6, -0.9), (0.6, -0.3), (0.36, -0.3), radius=0.02), tone=pen.tones.shade)
    pen.draw_body(rounded((-0.76, -0.2), (0.76, -0.2), (0.76, 0.9), (-0.76, 0.9), radius=0.05))
    roof = blend(pen.tones.base, (92, 70, 74), 0.7)
    pen.draw_body(rounded((-1.0, -0.12), (0.0, -0.94), (1.0, -0.12), radius=0.08), tone=roof)
    pen.draw_body(rounded((-0.2, 0.9), (-0.2, 0.32), (0.2, 0.32), (0.2, 0.9), radius=0.05), tone=WOOD)
    pen.fill(oval(0.1, 0.62, 0.04, 0.04), GOLD)
    for x in (-0.48, 0.48):
        window = rounded((x - 0.17, 0.08), (x + 0.17, 0.08), (x + 0.17, 0.44), (x - 0.17, 0.44), radius=0.04)
        pen.draw_body(window, tone=_GLASS)
        pen.draw_line(((x, 0.1), (x, 0.42)), 0.04, INK)


def draw_tree(pen: Pen) -> None:
    """A tree: a brown trunk and a cloud of leaves in the paint."""
    trunk = soft((-0.14, 0.0), (0.14, 0.0), (0.16, 0.7), (0.34, 1.0), (-0.34, 1.0), (-0.16, 0.7))
    pen.draw_body(trunk, tone=WOOD)
    crown = (oval(-0.46, -0.1, 0.44, 0.38), oval(0.46, -0.1, 0.44, 0.38), oval(0, -0.46, 0.58, 0.5))
    pen.draw_body(*crown, oval(0, 0.06, 0.5, 0.32))
    pen.fill(oval(0.1, 0.16, 0.56, 0.18), pen.tones.shade)
    pen.fill(oval(-0.18, -0.62, 0.28, 0.18, -20), pen.tones.light)
    pen.fill(oval(-0.56, -0.18, 0.18, 0.12, -20), pen.tones.light)


def draw_flower(pen: Pen) -> None:
    """A flower: six petals in the paint, a golden middle, a stem with two leaves."""
    pen.draw_line(((0.0, -0.2), (0.04, 0.4), (0.0, 0.98)), 0.11, (58, 118, 58))
    pen.draw_body(oval(-0.3, 0.62, 0.3, 0.12, 28), oval(0.32, 0.5, 0.3, 0.12, -28), tone=LEAF)
    petals = []
    for petal in range(6):
        angle = math.radians(60 * petal + 30)
        petals.append(oval(0.4 * math.cos(angle), -0.36 + 0.4 * math.sin(angle), 0.33, 0.23, 60 * petal + 30))
        pen.draw_body(petals[-1])
    for petal_index in range(6):
        angle = math.radians(60 * petal_index + 30)
        x, y = 0.46 * math.cos(angle), -0.36 + 0.46 * math.sin(angle)
        pen.fill(oval(x, y, 0.14, 0.07, 60 * petal_index + 30), pen.tones.light)
    pen.draw_body(oval(0, -0.36, 0.21, 0.21), tone=GOLD)


def draw_sun(pen: Pen) -> None:
    """A smiling sun: a disc with twelve pointed rays."""
    pen.draw_body(spokes(12, 0.66, 1.0), tone=pen.tones.shade)
    pen.draw_body(oval(0, 0, 0.64, 0.64))
    pen.fill(oval(-0.18, -0.34, 0.26, 0.13, -24), pen.tones.light)
    for x in (-0.22, 0.22):
        pen.draw_eye(x, -0.08, 0.075)
        pen.fill(oval(x * 1.7, 0.14, 0.1, 0.07), (246, 142, 120))
    pen.draw_line(arc(0, 0.08, 0.26, 25, 155), 0.06, INK)


def draw_star(pen: Pen) -> None:
    """A plump five-pointed star with no face."""
    pen.draw_body(rounded(*spokes(5, 0.48, 1.04), radius=0.12))
    pen.fill(rounded(*[(x * 0.6, y * 0.6) for x, y in spokes(5, 0.48, 1.04)], radius=0.08), pen.tones.light)


def draw_balloon(pen: Pen) -> None:
    """A toy balloon: an egg with a knot, a glint and a wavy string."""
    pen.draw_line(((0.0, 0.5), (0.1, 0.66), (-0.08, 0.82), (0.04, 1.0)), 0.05, (96, 90, 100))
    pen.draw_body(rounded((0, 0.36), (0.12, 0.56), (-0.12, 0.56), radius=0.03))
    pen.draw_body(soft((0, 0.62), (-0.6, 0.1), (-0.72, -0.6), (-0.3, -1.06), (0.3, -1.06), (0.72, -0.6), (0.6, 0.1)))
    pen.fill(oval(0.1, 0.24, 0.3, 0.1, -12), pen.tones.shade)
    pen.fill(oval(-0.28, -0.58, 0.12, 0.24, 22), blend(pen.tones.light, PAPER, 0.5))


def draw_bicycle(pen: Pen) -> None:
    """A bicycle from the side: two big tyres, a thick frame in the paint, saddle and handlebar."""
    for x in (-0.54, 0.54):
        ring = oval(x, 0.34, 0.42, 0.42)
        pen.draw_line((*ring, ring[0]), 0.11, _TYRE)
        pen.draw_line(((x - 0.36, 0.34), (x + 0.36, 0.34)), 0.03, STEEL)
        pen.draw_line(((x, -0.02), (x, 0.7)), 0.03, STEEL)
    corners = ((-0.54, 0.34), (-0.24, -0.24), (0.38, -0.24), (-0.02, 0.34))
    bars = [*zip(corners, corners[1:] + corners[:1], strict=True), (corners[1], corners[3])]
    fork = ((0.54, 0.34), (0.32, -0.52))
    pen.draw_body(*[limb(*start, *end, 0.2) for start, end in [*bars, fork]])
    pen.draw_body(limb(-0.44, -0.44, -0.12, -0.44, 0.13), tone=_TYRE)
    pen.draw_line(((-0.24, -0.24), (-0.28, -0.4)), 0.1, STEEL)
    pen.draw_line(((0.32, -0.52), (0.5, -0.62), (0.6, -0.52)), 0.1, _TYRE)
    pen.fill(oval(-0.02, 0.34, 0.1, 0.1), STEEL)


def draw_plane(pen: Pen) -> None:
    """An aeroplane in flight: long body, swept wing, tail fin, round windows."""
    pen.draw_body(
        rounded((-0.7, -0.1), (-0.98, -0.66), (-0.72, -0.66), (-0.3, -0.1), radius=0.06), tone=pen.tones.shade
    )
    pen.draw_body(rounded((0.16, -0.1), (-0.1, -0.6), (0.1, -0.6), (0.5, -0.1), radius=0.05), tone=pen.tones.shade)
    pen.draw_body(soft((-1.0, -0.22), (0.4, -0.28), (1.12, -0.02), (0.92, 0.26), (0.3, 0.26), (-0.7, 0.18)))
    pen.fill(soft((-0.7, 0.04), (0.5, 0.1), (0.96, 0.08), (0.5, 0.22), (-0.4, 0.16)), pen.tones.light)
    for x in (-0.44, -0.2, 0.04, 0.28):
        pen.fill(oval(x, -0.06, 0.06, 0.06), INK)
    pen.fill(soft((0.62, -0.18), (0.84, -0.14), (0.9, 0.0), (0.64, 0.0)), _GLASS)
    pen.draw_body(rounded((0.24, 0.1), (-0.48, 0.74), (-0.18, 0.74), (0.52, 0.14), radius=0.06))
