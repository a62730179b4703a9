"""Addresses of searches, for templates and views."""

from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import urlencode

from django import template
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from collections_app.models import Image
from collections_app.services.search.filter_terms import FilterTerm
from collections_app.services.search.query import Query
from collections_app.services.search.request import SearchRequest
from collections_app.templatetags.pictures import PLACEHOLDER_ID

register = template.Library()

_EXAMPLE_LINKS = "partials/_tile_examples.html"
# A character for private use: addresses contain it only as its percent code.
_PLACEHOLDER_NAME = "\ue000"


def get_search_url(search: SearchRequest, query: Query, *, place: Mapping[str, str] | None = None) -> str:
    """Return the address of another query, with the search's collection and team unless `place` is given."""
    return _build_url(str(query), tuple((search.place if place is None else place).items()))


def get_text_url(search: SearchRequest, text: str) -> str:
    """Return the address of a query as it is written, with the search's collection and team."""
    return _build_url(text, tuple(search.place.items()))


@lru_cache(maxsize=8)
def _build_url(text: str, place: tuple[tuple[str, str], ...]) -> str:
    parameters = {"q": text, **dict(place)}
    return f"{reverse('search')}?{urlencode({name: value for name, value in parameters.items() if value})}"


def get_place_url(search: SearchRequest, *, without: str) -> str:
    """Return the address of the same query without one of its parameters."""
    place = {name: value for name, value in search.place.items() if name != without}
    return _build_url(search.text, tuple(place.items()))


@register.simple_tag
def filter_search_url(key: str, value: str) -> str:
    """Return the address of a search with one filter."""
    return _build_url(str(FilterTerm(key=key, value=value)), ())


@register.simple_tag
def sort_search_url(search: SearchRequest) -> str:
    """Return the address of the same search in the other order: newest first, or best match first."""
    others = Query(tuple(each for each in search.query.items if getattr(each, "key", "") != "sort"))
    newest_first = others.add(FilterTerm(key="sort", value="date"))
    return get_search_url(search, others if search.filters.is_newest_first else newest_first)


@register.simple_tag
def example_links(search: SearchRequest, image: Image) -> SafeString:
    """Return the links to the searches for more and for less like a picture."""
    if str(image.pk) in search.examples:
        more, less = (get_search_url(search, search.query.add_example(image.pk, sign=sign)) for sign in (1, -1))
        return render_to_string(_EXAMPLE_LINKS, {"more": more, "less": less, "name": image.name})
    links = _render_example_links(search.query, tuple(search.place.items()), get_language())
    # The name comes last, because it may contain anything.
    html = links.replace(str(PLACEHOLDER_ID), str(image.pk)).replace(_PLACEHOLDER_NAME, escape(image.name))
    return mark_safe(html)  # noqa: S308 -- a template with an id and an escaped name


@lru_cache(maxsize=16)
def _render_example_links(query: Query, place: tuple[tuple[str, str], ...], _language: str | None) -> str:
    """Return the links with placeholders for the example. A page has many, which differ in the picture only."""
    more, less = (_build_url(str(query.add_example(PLACEHOLDER_ID, sign=sign)), place) for sign in (1, -1))
    return render_to_string(_EXAMPLE_LINKS, {"more": more, "less": less, "name": _PLACEHOLDER_NAME})
