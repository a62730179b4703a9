"""Template tags about pictures: their size and shape, known before a byte of them is loaded."""

from django import template

from collections_app.models import Image
from collections_app.services.renditions import Rendition, rendition_size

register = template.Library()

# In hundredths of the shorter edge. What is longer is shown whole in a box of this shape: a sliver one pixel wide could
# neither be seen nor touched.
TALLEST, WIDEST = 300, 700
_PLACES = ("ones", "tenths", "hundredths")


@register.filter
def shape(image: Image) -> str:
    """Return the classes that tell pictures.css the shape, true to half a hundredth, since the CSP forbids style
    attributes. They spell the longer edge by the shorter one: "shape upright ones-1 tenths-3 hundredths-3"."""
    is_upright = image.height > image.width
    long, short = max(image.width, image.height), min(image.width, image.height)
    exact, most = round(100 * long / short), TALLEST if is_upright else WIDEST
    digits = [f"{place}-{digit}" for place, digit in zip(_PLACES, str(min(exact, most)), strict=True)]
    return " ".join(["shape"] + ["upright"] * is_upright + ["extreme"] * (exact > most) + digits)


@register.simple_tag
def grid_size(image: Image) -> tuple[int, int]:
    return rendition_size(image, Rendition.GRID)


@register.simple_tag
def large_size(image: Image) -> tuple[int, int]:
    return rendition_size(image, Rendition.LARGE)
