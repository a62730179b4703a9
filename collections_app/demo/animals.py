"""Drawings of the animals. Each function takes a pen and fills the square from -1 to 1."""

from collections_app.demo.pen import GOLD, INK, PAPER, Pen, blend
from collections_app.demo.shapes import arc, limb, oval, rounded, soft

_BLUSH = (244, 130, 140)
_COLLARS = ((214, 66, 72), (66, 132, 214), (70, 170, 120))


def draw_dog(pen: Pen) -> None:
    """A dog from the side: long body, four legs, floppy ear, muzzle, wagging tail."""
    tail = soft((-0.62, -0.02), (-0.98, -0.5), (-0.86, -0.68), (-0.72, -0.4), (-0.46, -0.2))
    legs = [limb(x, 0.3, x, 0.84, 0.2) for x in (-0.56, -0.3, 0.16, 0.4)]
    trunk = soft((-0.74, -0.2), (0.3, -0.24), (0.56, 0.0), (0.52, 0.5), (0.0, 0.42), (-0.7, 0.52))
    head = soft((0.16, -0.84), (0.64, -0.88), (0.7, -0.52), (1.02, -0.46), (1.0, -0.12), (0.5, -0.06), (0.2, -0.14))
    pen.draw_body(tail, *legs, trunk, head, limb(0.28, -0.3, 0.3, 0.1, 0.4))
    pen.fill(soft((-0.66, 0.26), (0.0, 0.3), (0.46, 0.26), (0.42, 0.46), (0.0, 0.42), (-0.64, 0.48)), pen.tones.shade)
    pen.fill(oval(-0.28, -0.08, 0.3, 0.07), pen.tones.light)
    pen.draw_body(soft((0.26, -0.86), (0.02, -0.72), (-0.04, -0.12), (0.18, -0.06), (0.36, -0.4)), tone=pen.tones.shade)
    pen.draw_line(((0.14, -0.04), (0.34, 0.02), (0.5, 0.0)), 0.1, _COLLARS[pen.variant % 3])
    pen.fill(oval(0.96, -0.4, 0.1, 0.085), INK)
    pen.draw_eye(0.56, -0.52, 0.075)
    pen.fill(soft((0.74, -0.16), (0.9, -0.18), (0.88, 0.08), (0.76, 0.06)), _BLUSH)


def draw_cat(pen: Pen) -> None:
    """A sitting cat from the front: pointed ears, whiskers, a tail curled up at its side."""
    tail = (limb(0.3, 0.76, 0.78, 0.66, 0.2), limb(0.78, 0.66, 0.86, 0.2, 0.2), limb(0.86, 0.2, 0.66, 0.02, 0.19))
    ears = (
        rounded((-0.54, -0.36), (-0.52, -0.98), (-0.08, -0.68), radius=0.06),
        rounded((0.54, -0.36), (0.52, -0.98), (0.08, -0.68), radius=0.06),
    )
    trunk = soft((-0.2, -0.1), (0.2, -0.1), (0.52, 0.5), (0.5, 0.94), (-0.5, 0.94), (-0.52, 0.5))
    pen.draw_body(*tail, trunk, *ears, oval(0, -0.34, 0.58, 0.46))
    pen.fill(rounded((-0.44, -0.56), (-0.45, -0.82), (-0.22, -0.68), radius=0.04), _BLUSH)
    pen.fill(rounded((0.44, -0.56), (0.45, -0.82), (0.22, -0.68), radius=0.04), _BLUSH)
    pen.fill(oval(0, 0.5, 0.22, 0.3), pen.tones.light)
    for x in (-0.22, 0.22):
        pen.draw_body(oval(x, 0.86, 0.17, 0.11))
        pen.draw_eye(x, -0.38, 0.085)
    pen.fill(rounded((-0.08, -0.22), (0.08, -0.22), (0, -0.13), radius=0.03), _BLUSH)
    _draw_whiskers(pen)


def _draw_whiskers(pen: Pen) -> None:
    tone = blend(pen.tones.edge, PAPER, 0.5) if sum(pen.tones.base) < 200 else pen.tones.edge
    for side in (-1, 1):
        for rise in (-0.06, 0.06):
            pen.draw_line(((side * 0.26, -0.14), (side * 0.72, -0.16 + rise)), 0.03, tone)


def draw_fish(pen: Pen) -> None:
    """A fish from the side: round body, forked tail, fins, stripes."""
    tail = soft((-0.46, 0.0), (-0.98, -0.58), (-0.98, -0.3), (-0.8, 0.0), (-0.98, 0.3), (-0.98, 0.58))
    fin = soft((-0.2, -0.38), (0.1, -0.8), (0.4, -0.62), (0.36, -0.3))
    pen.draw_body(tail, fin, tone=pen.tones.shade)
    pen.draw_body(soft((-0.66, 0.0), (-0.3, -0.52), (0.5, -0.62), (1.04, 0.0), (0.5, 0.62), (-0.3, 0.52)))
    pen.fill(soft((-0.4, 0.16), (0.3, 0.3), (0.8, 0.16), (0.44, 0.5), (-0.2, 0.44)), pen.tones.light)
    for x in (-0.3, 0.0):
        pen.draw_line(arc(x - 0.1, 0.0, 0.36, -42, 42), 0.07, pen.tones.shade)
    pen.draw_body(soft((0.0, 0.12), (0.24, 0.14), (0.06, 0.5), (-0.14, 0.42)), tone=pen.tones.shade)
    pen.draw_eye(0.56, -0.14, 0.1)
    pen.draw_line(arc(0.84, 0.02, 0.14, 70, 150), 0.04, pen.tones.edge)


def draw_bird(pen: Pen) -> None:
    """A bird from the side: plump body, beak, folded wing, thin legs, tail feathers."""
    for x in (-0.04, 0.22):
        pen.draw_line(((x, 0.5), (x, 0.9), (x + 0.16, 0.94)), 0.07, (196, 118, 40))
    tail = rounded((-0.4, 0.02), (-1.0, -0.16), (-1.0, 0.2), (-0.4, 0.4), radius=0.08)
    pen.draw_body(rounded((0.66, -0.52), (1.02, -0.36), (0.66, -0.22), radius=0.04), tone=GOLD)
    pen.draw_body(tail, oval(0.0, 0.14, 0.62, 0.46, 14), oval(0.42, -0.4, 0.36, 0.34))
    pen.fill(oval(0.24, 0.32, 0.3, 0.2, 10), pen.tones.light)
    pen.draw_body(soft((0.26, -0.1), (-0.3, -0.2), (-0.74, 0.14), (-0.3, 0.44), (0.2, 0.3)), tone=pen.tones.shade)
    pen.draw_line(((-0.5, 0.16), (-0.1, 0.14)), 0.04, pen.tones.edge)
    pen.draw_eye(0.5, -0.46, 0.085)


def draw_rabbit(pen: Pen) -> None:
    """A rabbit from the front: two very long ears, round cheeks, front teeth, round belly."""
    ears = (oval(-0.26, -0.62, 0.16, 0.42, -8), oval(0.26, -0.62, 0.16, 0.42, 8))
    feet = (oval(-0.3, 0.88, 0.26, 0.12), oval(0.3, 0.88, 0.26, 0.12))
    pen.draw_body(*ears, oval(0, 0.5, 0.48, 0.44), *feet, oval(0, -0.08, 0.46, 0.38))
    for x, turn in ((-0.26, -8), (0.26, 8)):
        pen.fill(oval(x, -0.64, 0.075, 0.28, turn), _BLUSH)
        pen.draw_eye(x * 0.75, -0.14, 0.08)
        pen.fill(oval(x * 1.15, 0.06, 0.08, 0.05), _BLUSH)
    pen.fill(oval(0, 0.56, 0.28, 0.26), pen.tones.light)
    pen.fill(rounded((-0.07, 0.12), (0.07, 0.12), (0.06, 0.26), (-0.06, 0.26), radius=0.02), PAPER)
    pen.fill(rounded((-0.07, -0.0), (0.07, -0.0), (0, 0.08), radius=0.02), INK)


def draw_butterfly(pen: Pen) -> None:
    """A butterfly from above: four wings with pale spots, a slim body, feelers."""
    for side in (-1, 1):
        upper = soft(
            (side * 0.06, 0.0), (side * 0.5, -0.98), (side * 1.06, -0.8), (side * 0.92, -0.0), (side * 0.3, 0.12)
        )
        lower = soft(
            (side * 0.06, 0.06), (side * 0.76, 0.06), (side * 0.86, 0.66), (side * 0.42, 0.98), (side * 0.1, 0.5)
        )
        pen.draw_body(upper, lower)
        pen.fill(oval(side * 0.64, -0.5, 0.2, 0.16, side * -40), pen.tones.light)
        pen.fill(oval(side * 0.48, 0.48, 0.14, 0.16), pen.tones.light)
        pen.fill(oval(side * 0.34, -0.18, 0.1, 0.08), pen.tones.shade)
        pen.draw_line(((side * 0.03, -0.42), (side * 0.14, -0.74), (side * 0.26, -0.84)), 0.04, INK)
    pen.draw_body(oval(0, 0.02, 0.09, 0.5), tone=(66, 56, 66))


def draw_turtle(pen: Pen) -> None:
    """A turtle from the side: a high patterned shell, small head, stubby legs."""
    skin = blend(pen.tones.base, (150, 160, 96), 0.45)
    legs = (limb(-0.5, 0.36, -0.56, 0.66, 0.28), limb(0.4, 0.36, 0.46, 0.66, 0.28))
    neck = limb(0.56, 0.3, 0.8, -0.04, 0.26)
    pen.draw_body(*legs, neck, oval(0.82, -0.1, 0.2, 0.19), limb(-0.7, 0.36, -0.96, 0.46, 0.12), tone=skin)
    pen.draw_body(soft((-0.86, 0.5), (-0.84, -0.1), (-0.5, -0.7), (0.3, -0.72), (0.68, -0.1), (0.7, 0.5)))
    for x, y, size in ((-0.12, -0.26, 0.22), (-0.5, 0.08, 0.16), (0.28, 0.08, 0.16)):
        pen.fill(oval(x, y, size, size * 0.9), pen.tones.shade)
        pen.fill(oval(x, y - 0.03, size * 0.62, size * 0.54), pen.tones.light)
    pen.draw_line(((-0.74, 0.36), (0.6, 0.36)), 0.08, pen.tones.shade)
    pen.draw_eye(0.87, -0.14, 0.055)
