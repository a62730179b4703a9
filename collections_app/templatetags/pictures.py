"""Template tags for the size and shape of pictures, known before the files load, and for the files to select."""

from django import template

from collections_app.imaging import ACCEPTED_ENDINGS
from collections_app.models import Image
from collections_app.services.library.renditions import Rendition, compute_rendition_size

register = template.Library()

# The longer edge in hundredths of the shorter one. Pictures beyond 1:3 or 7:1 are shown whole in a box that is large
# enough to be seen and touched in a small window.
TALLEST, WIDE, WIDEST = 300, 700, 999
_PLACES = ("ones", "tenths", "hundredths")


@register.filter
def shape(image: Image) -> str:
    """Return the CSS classes of the shape, exact to half a hundredth; the CSP forbids style attributes.

    They spell the longer edge divided by the shorter one, for example "shape upright ones-1 tenths-3 hundredths-3".
    """
    is_upright = image.height > image.width
    long, short = max(image.width, image.height), min(image.width, image.height)
    exact = round(100 * long / short)
    usual, most = (TALLEST, TALLEST) if is_upright else (WIDE, WIDEST)
    digits = [f"{place}-{digit}" for place, digit in zip(_PLACES, str(min(exact, most)), strict=True)]
    return " ".join(["shape"] + ["upright"] * is_upright + ["extreme"] * (exact > usual) + digits)


@register.simple_tag
def grid_size(image: Image) -> tuple[int, int]:
    return compute_rendition_size(image, Rendition.GRID)


@register.simple_tag
def large_size(image: Image) -> tuple[int, int]:
    return compute_rendition_size(image, Rendition.LARGE)


@register.simple_tag
def accepted_files(*more: str) -> str:
    """Return the `accept` attribute of a file input for pictures, and for files with more endings."""
    return ",".join(("image/*", *ACCEPTED_ENDINGS, *more))
