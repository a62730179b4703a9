"""Addresses of searches, for templates and views."""

from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import urlencode

from django import template
from django.urls import reverse

from collections_app.models import Image
from collections_app.services.search.filter_terms import FilterTerm
from collections_app.services.search.query import Query
from collections_app.services.search.request import SearchRequest
from collections_app.templatetags.pictures import PLACEHOLDER_ID

register = template.Library()


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
def similar_search_url(search: SearchRequest, image: Image, sign: int) -> str:
    """Return the address of the search for more (sign 1) or less (-1) like a picture."""
    if str(image.pk) in search.examples:
        return get_search_url(search, search.query.add_example(image.pk, sign=sign))
    url = _build_example_url(search.query, tuple(search.place.items()), sign)
    return url.replace(str(PLACEHOLDER_ID), str(image.pk))


@lru_cache(maxsize=16)
def _build_example_url(query: Query, place: tuple[tuple[str, str], ...], sign: int) -> str:
    """Return the address with a placeholder for the example's id. A page has many, which differ in the id only."""
    return _build_url(str(query.add_example(PLACEHOLDER_ID, sign=sign)), place)
