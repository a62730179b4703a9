"""Addresses of searches, for templates and views."""

from urllib.parse import urlencode

from django import template
from django.urls import reverse

from collections_app.models import Image
from collections_app.services.query_language import Query, like
from collections_app.services.questions import Question

register = template.Library()


def search_address(question: Question, query: Query) -> str:
    """Return the address of another query in the same place."""
    chosen = {"collection": question.collection, "team": question.team}
    places = {name: place.pk for name, place in chosen.items() if place}
    asked = {"q": str(query)} if query.items else {}
    return f"{reverse('search')}?{urlencode({**asked, **places})}"


@register.simple_tag
def like_address(question: Question, image: Image, weight: float) -> str:
    """Return the address of the question with a picture as a further example, for or against."""
    return search_address(question, question.query.with_item(like(image.pk, weight=weight)))
