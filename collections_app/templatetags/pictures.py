"""Template tags about pictures: their size and shape, known before a byte of them is loaded."""

from django import template

from collections_app.models import Image
from collections_app.services.renditions import Rendition, rendition_size

register = template.Library()

# The shapes that pictures.css knows, in hundredths of width by height: style attributes are forbidden by the CSP.
NARROWEST, SQUARE, WIDEST = 60, 100, 240


@register.filter
def shape(image: Image) -> str:
    """Return the CSS class of the nearest shape: in steps of 5 for upright pictures, of 10 for wide ones."""
    exact = 100 * image.width / image.height
    step = 5 if exact < SQUARE else 10
    return f"shape-{min(max(round(exact / step) * step, NARROWEST), WIDEST)}"


@register.simple_tag
def grid_size(image: Image) -> tuple[int, int]:
    return rendition_size(image, Rendition.GRID)


@register.simple_tag
def large_size(image: Image) -> tuple[int, int]:
    return rendition_size(image, Rendition.LARGE)
