"""Template tags about pictures: their size and shape, known before a byte of them is loaded."""

from django import template

from collections_app.models import Image
from collections_app.services.library.renditions import Rendition, rendition_size

register = template.Library()

# In hundredths of the shorter edge: what is longer than 1:3 or 7:1 is shown whole in a box that can be seen and touched
# on a small window, too.
TALLEST, WIDE, WIDEST = 300, 700, 999
_PLACES = ("ones", "tenths", "hundredths")


@register.filter
def shape(image: Image) -> str:
    """Return the classes that tell pictures.css the shape, true to half a hundredth, since the CSP forbids style
    attributes. They spell the longer edge by the shorter one: "shape upright ones-1 tenths-3 hundredths-3"."""
    is_upright = image.height > image.width
    long, short = max(image.width, image.height), min(image.width, image.height)
    exact = round(100 * long / short)
    usual, most = (TALLEST, TALLEST) if is_upright else (WIDE, WIDEST)
    digits = [f"{place}-{digit}" for place, digit in zip(_PLACES, str(min(exact, most)), strict=True)]
    return " ".join(["shape"] + ["upright"] * is_upright + ["extreme"] * (exact > usual) + digits)


@register.simple_tag
def grid_size(image: Image) -> tuple[int, int]:
    return rendition_size(image, Rendition.GRID)


@register.simple_tag
def large_size(image: Image) -> tuple[int, int]:
    return rendition_size(image, Rendition.LARGE)
