"""Drawings of the things around the home. Each function takes a pen and fills the square from -1 to 1."""

from collections_app.demo.pen import GOLD, INK, PAPER, STEEL, WOOD, Pen, blend
from collections_app.demo.shapes import arc, limb, oval, rounded, soft, spokes

_STEAM = (226, 230, 238)
_STRINGS = (236, 226, 204)


def draw_cup(pen: Pen) -> None:
    """A mug: a broad cup with a big handle, tea in it, steam above."""
    for x in (-0.42, -0.1, 0.22):
        pen.draw_line(((x, -0.52), (x + 0.09, -0.66), (x - 0.05, -0.8), (x + 0.05, -0.96)), 0.07, _STEAM)
    ring = oval(0.54, 0.2, 0.36, 0.36)
    pen.draw_line((*ring, ring[0]), 0.3, pen.tones.edge)
    pen.draw_line((*ring, ring[0]), 0.19, pen.tones.base)
    pen.draw_body(rounded((-0.8, -0.34), (0.58, -0.34), (0.5, 0.84), (-0.72, 0.84), radius=0.24))
    pen.fill(rounded((0.2, -0.1), (0.46, -0.1), (0.4, 0.7), (0.2, 0.74), radius=0.1), pen.tones.shade)
    pen.fill(limb(-0.56, 0.0, -0.52, 0.5, 0.13), pen.tones.light)
    pen.draw_body(oval(-0.11, -0.34, 0.69, 0.15), tone=pen.tones.light, edge=pen.tones.edge)
    pen.fill(oval(-0.11, -0.32, 0.56, 0.1), (120, 76, 44))


def draw_umbrella(pen: Pen) -> None:
    """An open umbrella: a scalloped dome of stripes and a handle bent like a hook."""
    hook = arc(0.16, 0.76, 0.16, 180, 0)
    pen.draw_line(((0.0, -0.2), (0.0, 0.76)), 0.09, WOOD)
    pen.draw_line(tuple((x, 1.52 - y) for x, y in hook), 0.09, WOOD)
    pen.draw_line(((0.0, -0.98), (0.0, -0.8)), 0.09, WOOD)
    dome = arc(0, 0.1, 0.98, 180, 360)
    scallops = [(0.65, 0.0), (0.33, 0.1), (0.0, 0.0), (-0.33, 0.1), (-0.65, 0.0)]
    pen.draw_body((*dome, (0.82, 0.0), *scallops, (-0.82, 0.0)))
    pen.fill(soft((-0.02, -0.9), (-0.32, -0.6), (-0.34, 0.08), (-0.65, 0.0), (-0.6, -0.5)), pen.tones.light)
    pen.fill(soft((0.02, -0.9), (0.32, -0.6), (0.34, 0.08), (0.65, 0.0), (0.6, -0.5)), pen.tones.shade)


def draw_chair(pen: Pen) -> None:
    """A chair: a tall back with slats, a seat, four legs."""
    pen.draw_body(limb(-0.3, 0.2, -0.28, 0.7, 0.12), limb(0.72, 0.2, 0.74, 0.7, 0.12), tone=pen.tones.shade)
    posts = (limb(-0.56, -0.88, -0.52, 0.94, 0.16), limb(0.2, -0.88, 0.2, 0.1, 0.16))
    slats = [limb(-0.5, y, 0.16, y, 0.17) for y in (-0.78, -0.46, -0.14)]
    seat = rounded((-0.6, 0.04), (0.4, 0.04), (0.84, 0.22), (0.6, 0.36), (-0.56, 0.36), radius=0.08)
    pen.draw_body(*posts, *slats, seat, limb(0.52, 0.24, 0.54, 0.94, 0.16))
    pen.fill(rounded((-0.48, 0.1), (0.36, 0.1), (0.66, 0.22), (-0.36, 0.22), radius=0.05), pen.tones.light)


def draw_guitar(pen: Pen) -> None:
    """A guitar standing upright: two round bulges, a sound hole, a long neck with pegs."""
    pen.draw_body(rounded((-0.09, -0.7), (0.09, -0.7), (0.1, 0.1), (-0.1, 0.1), radius=0.02), tone=WOOD)
    pen.draw_body(rounded((-0.15, -1.0), (0.15, -1.0), (0.12, -0.66), (-0.12, -0.66), radius=0.05), tone=WOOD)
    pen.draw_body(oval(0, 0.5, 0.62, 0.48), oval(0, 0.02, 0.44, 0.34))
    pen.fill(oval(-0.3, 0.5, 0.16, 0.26, 12), pen.tones.light)
    pen.fill(oval(0.34, 0.66, 0.16, 0.18, -30), pen.tones.shade)
    pen.draw_body(oval(0, 0.14, 0.17, 0.17), tone=INK)
    pen.draw_body(limb(-0.2, 0.66, 0.2, 0.66, 0.1), tone=WOOD)
    for x in (-0.05, 0.05):
        pen.draw_line(((x, -0.7), (x, 0.64)), 0.025, _STRINGS)
    for y in (-0.92, -0.76):
        pen.fill(oval(-0.2, y, 0.06, 0.05), STEEL)
        pen.fill(oval(0.2, y, 0.06, 0.05), STEEL)


def draw_clock(pen: Pen) -> None:
    """An alarm clock: a thick ring in the paint, two bells, two feet, a pale face with hands."""
    pen.draw_body(limb(-0.5, 0.66, -0.66, 0.94, 0.16), limb(0.5, 0.66, 0.66, 0.94, 0.16))
    pen.draw_body(oval(-0.5, -0.68, 0.34, 0.24, -38), oval(0.5, -0.68, 0.34, 0.24, 38))
    pen.draw_body(limb(0, -0.94, 0, -0.7, 0.1), tone=STEEL)
    pen.draw_body(oval(0, 0.1, 0.8, 0.8))
    pen.fill(oval(-0.1, 0.0, 0.66, 0.66), pen.tones.light)
    pen.draw_body(oval(0, 0.1, 0.5, 0.5), tone=blend(PAPER, pen.tones.base, 0.12), edge=pen.tones.edge)
    for x, y in ((0, -0.3), (0.4, 0.1), (0, 0.5), (-0.4, 0.1)):
        pen.fill(oval(x, y, 0.05, 0.05), INK)
    hour = ((0.22, 0.0), (0.2, 0.22), (-0.2, 0.18))[pen.variant % 3]
    pen.draw_line(((0, 0.1), hour), 0.09, INK)
    pen.draw_line(((0, 0.1), (0.02, -0.24)), 0.06, INK)


def draw_book(pen: Pen) -> None:
    """A closed thick book seen at an angle: cover in the paint, cream pages, a golden star on the cover."""
    pen.draw_body(
        rounded((-0.66, -0.74), (0.5, -0.74), (0.84, -0.5), (0.84, 0.92), (-0.34, 0.92), (-0.66, 0.7), radius=0.06)
    )
    pen.draw_body(rounded((-0.58, 0.64), (0.52, 0.64), (0.78, 0.84), (-0.3, 0.84), radius=0.03), tone=_STRINGS)
    pen.draw_body(rounded((0.54, -0.62), (0.76, -0.46), (0.76, 0.84), (0.54, 0.64), radius=0.03), tone=_STRINGS)
    pen.draw_body(rounded((-0.72, -0.82), (0.52, -0.82), (0.52, 0.64), (-0.72, 0.64), radius=0.08))
    pen.fill(rounded((-0.7, -0.8), (-0.52, -0.8), (-0.52, 0.62), (-0.7, 0.62), radius=0.04), pen.tones.shade)
    pen.fill(tuple((x * 0.26 - 0.0, y * 0.26 - 0.22) for x, y in spokes(5, 0.45, 1.0)), GOLD)
    for y in (0.22, 0.38):
        pen.draw_line(((-0.28, y), (0.28, y)), 0.06, pen.tones.light)


def draw_hat(pen: Pen) -> None:
    """A top hat: a tall crown, a band, a wide curved brim."""
    pen.draw_body(
        rounded((-0.6, -0.8), (0.6, -0.8), (0.5, 0.5), (-0.5, 0.5), radius=0.1),
        soft((-1.14, 0.3), (-0.5, 0.48), (0.5, 0.48), (1.14, 0.3), (0.8, 0.84), (0.0, 0.94), (-0.8, 0.84)),
    )
    pen.fill(rounded((0.24, -0.62), (0.5, -0.62), (0.42, 0.14), (0.24, 0.16), radius=0.06), pen.tones.shade)
    pen.fill(limb(-0.36, -0.52, -0.32, 0.02, 0.12), pen.tones.light)
    pen.draw_body(oval(0, -0.78, 0.6, 0.13), tone=pen.tones.shade)
    band = blend(pen.tones.edge, (180, 150, 110), 0.45)
    pen.draw_body(rounded((-0.53, 0.16), (0.53, 0.16), (0.5, 0.46), (-0.5, 0.46), radius=0.04), tone=band)
