"""Searches as the site runs them, for tests."""

from collections_app.models import Image, User
from collections_app.services.search.relevance import NO_CUTOFFS
from collections_app.services.search.request import parse_search_request
from collections_app.services.search.results import join_rows, run_search


def find_images(user: User, text: str, **place: str) -> list[Image]:
    """Return everything that a query finds, best first. `place` is `collection` or `team` with an id."""
    request = parse_search_request(user=user, parameters={"q": text, **place})
    assert request.problems == []
    ranked = run_search(request, cutoffs=NO_CUTOFFS).ranked
    return [each.image for each in join_rows(ranked, images=request.scope.images)]


def find_ids(user: User, text: str, **place: str) -> list[int]:
    return [image.pk for image in find_images(user, text, **place)]
