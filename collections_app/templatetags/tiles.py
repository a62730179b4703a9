"""Tiles of pictures, for pages with many of them.

The template of a tile is rendered once for each kind of tile and language, with a placeholder for each value of a
picture. A tile is a copy of it with the values of its picture.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache

from django import template
from django.template.defaultfilters import floatformat
from django.template.loader import render_to_string
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from collections_app.models import Image, PublicLink
from collections_app.services.search.request import SearchRequest
from collections_app.services.search.results import Result
from collections_app.templatetags.pictures import PictureUrls, grid_size, picture_urls, shape
from collections_app.templatetags.search_urls import example_links

register = template.Library()

_PICTURE_VALUES = ("key", "shape", "name", "width", "height", "shown_width", "shown_height", "collection_name")
_RESULT_VALUES = ("exact_score", "score", "badges", "example_links", "rating")
_VALUES = (*_PICTURE_VALUES, *PictureUrls._fields, *_RESULT_VALUES)
# Characters for private use mark a placeholder.
_PLACEHOLDER = re.compile("\ue000([a-z_]+)\ue001")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """What a tile consists of."""

    is_public: bool = False
    has_title: bool = True
    has_score: bool = False
    has_collection_name: bool = False
    can_select: bool = False


@register.simple_tag
def picture_tile(image: Image, *, can_select: bool = False, is_in_collection: bool = False) -> SafeString:
    """Return the tile of a picture. `is_in_collection`: the page is about its collection, and does not name it."""
    kind = _Kind(can_select=can_select, has_collection_name=not is_in_collection)
    return _fill(kind, _describe(image))


@register.simple_tag
def public_tile(image: Image, link: PublicLink) -> SafeString:
    """Return the tile for visitors of a public link, who do not see the names of files."""
    name = image.title or _("Untitled picture")
    return _fill(_Kind(is_public=True, has_title=bool(image.title)), _describe(image, name=name, link=link))


@register.simple_tag
def result_tile(result: Result, *, search: SearchRequest | None = None, can_select: bool = False) -> SafeString:
    """Return the tile of a result with its score and badges, and with links to change the search by it."""
    badges = ""
    if result.name_kind or result.copy_count > 1:
        badges = render_to_string("partials/_tile_badges.html", {"result": result})
    links = example_links(search, result.image) if search and search.text else ""
    return _fill_scored(result, can_select=can_select, badges=badges, example_links=links)


@register.simple_tag
def scored_tile(result: Result, rating: str = "") -> SafeString:
    """Return the tile of a result with its score alone, or with the buttons that rate it."""
    return _fill_scored(result, rating=rating)


@register.simple_tag(takes_context=True)
def rating_buttons(context: template.Context, image: Image, text: str, is_right: bool | None, back: str) -> SafeString:
    """Return the buttons that rate a picture for a query. `is_right` is the present rating."""
    values = {"image": image, "text": text, "is_right": is_right, "back": back, "csrf_token": context["csrf_token"]}
    return render_to_string("partials/_rating_buttons.html", values)


def _fill_scored(result: Result, *, can_select: bool = False, **parts: str) -> SafeString:
    values = _describe(result.image)
    if result.score is not None:
        values |= {"score": floatformat(result.score, 2), "exact_score": f"{result.score:.4f}"}
    kind = _Kind(can_select=can_select, has_score=result.score is not None, has_collection_name=True)
    return _fill(kind, values | parts)


def _describe(image: Image, *, name: str = "", link: PublicLink | None = None) -> dict[str, str]:
    """Return the values of a picture. Visitors of a public link get no id, file or collection."""
    shown_width, shown_height = grid_size(image)
    values = {
        "key": str(image.public_id if link else image.pk),
        "shape": shape(image),
        "name": name or image.name,
        "width": str(image.width),
        "height": str(image.height),
        "shown_width": str(shown_width),
        "shown_height": str(shown_height),
        **picture_urls(image, link)._asdict(),
    }
    return values if link else {**values, "collection_name": image.collection.name}


def _fill(kind: _Kind, values: Mapping[str, str]) -> SafeString:
    """Return the tile. All values are escaped unless they are HTML already."""
    escaped = {name: conditional_escape(values.get(name, "")) for name in _VALUES}
    return mark_safe(_render_kind(kind, get_language()) % escaped)  # noqa: S308 -- a template with escaped values


@lru_cache
def _render_kind(kind: _Kind, _language: str | None) -> str:
    """Return the template of a kind of tile as a format string, in the active language."""
    placeholders = {name: f"\ue000{name}\ue001" for name in _VALUES}
    html = render_to_string("partials/_tile.html", {**placeholders, **asdict(kind)})
    return _PLACEHOLDER.sub(r"%(\1)s", html.replace("%", "%%"))
