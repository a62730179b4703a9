"""Searches kept under a name: saved, opened, shared with a team, and what is new in them."""

from django.db import transaction
from django.utils import timezone

from collections_app.errors import CancelledOut
from collections_app.models import Image, SavedSearch, SearchVisit, Team, User
from collections_app.services.search.request import parse_search_request
from collections_app.services.search.results import answer

# How far down the answer a new picture counts: one far down is no news.
FIRST_HITS = 50


@transaction.atomic
def save_search(*, maker: User, name: str, query: str) -> SavedSearch:
    """Its results are before the maker's eyes: they have seen it."""
    search = SavedSearch.objects.create(maker=maker, name=name, query=query)
    note_visit(search=search, viewer=maker)
    return search


def rename_search(*, search: SavedSearch, name: str) -> None:
    SavedSearch.objects.filter(pk=search.pk).update(name=name)


def delete_search(*, search: SavedSearch) -> None:
    search.delete()


def share_search(*, search: SavedSearch, team: Team | None) -> None:
    """With one team at a time; None: with nobody. The caller has made sure that the maker is in the team."""
    SavedSearch.objects.filter(pk=search.pk).update(team=team)


def note_visit(*, search: SavedSearch, viewer: User) -> None:
    SearchVisit.objects.update_or_create(search=search, viewer=viewer, defaults={"visited_at": timezone.now()})


def count_new(*, search: SavedSearch, viewer: User) -> int | None:
    """Return how many of the first hits came to the site after the viewer's last visit.

    None where that cannot be said: they have not opened it yet, may not see the place that it searches, or its parts
    leave nothing to look for. Raises EncoderError, IndexUnavailable or NotIndexed.
    """
    visit = SearchVisit.objects.filter(search=search, viewer=viewer).first()
    question = parse_search_request(user=viewer, asked=search.asked)
    if visit is None or question.is_lost:
        return None
    try:
        first = [hit.id for hit in answer(question).ranked[:FIRST_HITS]]
    except CancelledOut:
        return None
    return Image.objects.filter(pk__in=first, created_at__gt=visit.visited_at).count()
