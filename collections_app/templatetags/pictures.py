"""Template tags for icons, and for the addresses, size and shape of pictures, which are known before the files load.

A page has many tiles: addresses are built once for all pictures, and icons once for all pages.
"""

import uuid
from functools import lru_cache
from typing import NamedTuple

from django import template
from django.template.loader import render_to_string
from django.urls import get_script_prefix, reverse

from collections_app.imaging import ACCEPTED_ENDINGS
from collections_app.models import Image, PublicLink
from collections_app.services.library.renditions import Rendition, compute_rendition_size

register = template.Library()

# The longer edge in hundredths of the shorter one. Pictures beyond 1:3 or 7:1 are shown whole in a box that is large
# enough to be seen and touched in a small window.
TALLEST, WIDE, WIDEST = 300, 700, 999
_PLACES = ("ones", "tenths", "hundredths")
PLACEHOLDER_ID = 999_999_999_999_999_999
_PLACEHOLDER_PUBLIC_ID = uuid.UUID(int=0)


class PictureUrls(NamedTuple):
    """The addresses of a picture. Visitors of a public link have none of the file."""

    page: str
    preview: str
    thumbnail: str
    file: str = ""


@register.simple_tag
@lru_cache
def icon(name: str) -> str:
    return render_to_string("partials/_icon.html", {"name": name})


@register.simple_tag
def picture_urls(image: Image, link: PublicLink | None = None) -> PictureUrls:
    """Return the addresses of a picture, or those for visitors of the public link."""
    placeholder, key = (_PLACEHOLDER_PUBLIC_ID, image.public_id) if link else (PLACEHOLDER_ID, image.pk)
    urls = _build_urls(link.secret if link else "", get_script_prefix())
    return PictureUrls(*(url.replace(str(placeholder), str(key)) for url in urls))


@lru_cache(maxsize=64)
def _build_urls(secret: str, prefix: str) -> PictureUrls:
    """Return the addresses with a placeholder for the picture's key. `prefix` is the site's path, which all contain."""
    if secret:
        names = ("public_image", "public_preview", "public_thumbnail")
        return PictureUrls(*(reverse(name, args=[secret, _PLACEHOLDER_PUBLIC_ID]) for name in names))
    own_names = ("image", "image_preview", "image_thumbnail", "image_file")
    return PictureUrls(*(reverse(name, args=[PLACEHOLDER_ID]) for name in own_names))


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
