"""Addresses of searches, for templates and views."""

from functools import lru_cache
from urllib.parse import urlencode

from django import template
from django.urls import reverse

from collections_app.models import Image
from collections_app.services.search.query import Query, make_example_term
from collections_app.services.search.request import SearchRequest

register = template.Library()

_PLACEHOLDER_ID = 999_999_999_999_999_999


def get_search_url(search: SearchRequest, query: Query) -> str:
    """Return the address of another query in the same place."""
    return _build_url(query, search.collection and search.collection.pk, search.team and search.team.pk)


@lru_cache(maxsize=8)
def _build_url(query: Query, collection_id: int | None, team_id: int | None) -> str:
    parameters = {"q": str(query), "collection": collection_id, "team": team_id}
    return f"{reverse('search')}?{urlencode({name: value for name, value in parameters.items() if value})}"


@register.simple_tag
def similar_search_url(search: SearchRequest, image: Image, weight: float) -> str:
    """Return the address of the search with a picture as one more example; a negative weight excludes it."""
    if str(image.pk) in search.examples:
        return get_search_url(search, search.query.add(make_example_term(image.pk, weight=weight)))
    # A page needs many of these, which differ in the id only: it replaces that of a cached address.
    url = get_search_url(search, search.query.add(make_example_term(_PLACEHOLDER_ID, weight=weight)))
    return url.replace(str(_PLACEHOLDER_ID), str(image.pk))
