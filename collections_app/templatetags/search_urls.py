"""Addresses of searches, for templates and views."""

from functools import lru_cache
from urllib.parse import urlencode

from django import template
from django.urls import reverse

from collections_app.models import Image
from collections_app.services.search.query import Query, like
from collections_app.services.search.request import SearchRequest

register = template.Library()

_STAND_IN = 999_999_999_999_999_999


def search_address(question: SearchRequest, query: Query) -> str:
    """Return the address of another query in the same place."""
    return _address(query, question.collection and question.collection.pk, question.team and question.team.pk)


@lru_cache(maxsize=8)
def _address(query: Query, collection_id: int | None, team_id: int | None) -> str:
    asked = {"q": str(query), "collection": collection_id, "team": team_id}
    return f"{reverse('search')}?{urlencode({name: value for name, value in asked.items() if value})}"


@register.simple_tag
def like_address(question: SearchRequest, image: Image, weight: float) -> str:
    """Return the address of the question with a picture as a further example, for or against."""
    if str(image.pk) in question.examples:
        return search_address(question, question.query.with_item(like(image.pk, weight=weight)))
    # Many are asked for, which differ in the number alone: it is put in place of one that no picture has.
    stand_in = search_address(question, question.query.with_item(like(_STAND_IN, weight=weight)))
    return stand_in.replace(str(_STAND_IN), str(image.pk))
