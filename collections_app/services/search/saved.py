"""Saved searches: saved, opened, shared with a team, and the number of new matches."""

from django.conf import settings
from django.db import transaction
from django.http import QueryDict
from django.utils import timezone

from collections_app.errors import CancelledOut, LimitReached, NotAllowed
from collections_app.errors import gettext_noop as _
from collections_app.models import Image, Membership, SavedSearch, SearchVisit, Team, User
from collections_app.services.search.request import parse_search_request, require_understood
from collections_app.services.search.results import run_search

# A new picture further down the results is not worth a notice.
TOP_RESULTS = 50


@transaction.atomic
def save_search(*, maker: User, name: str, query: str) -> SavedSearch:
    """Save a search and record a visit, so only later matches are new. Raises SearchNotUnderstood or LimitReached."""
    require_understood(parse_search_request(user=maker, parameters=QueryDict(query)))
    most = settings.SAVED_SEARCHES_PER_ACCOUNT
    if most and SavedSearch.objects.filter(maker=maker).count() >= most:
        sentence = _("You have %(most)s saved searches, which is the limit. Delete one first.")
        raise LimitReached(sentence, most=most)
    search = SavedSearch.objects.create(maker=maker, name=name, query=query)
    record_visit(search=search, viewer=maker)
    return search


def rename_search(*, search: SavedSearch, name: str) -> None:
    SavedSearch.objects.filter(pk=search.pk).update(name=name)


def delete_search(*, search: SavedSearch) -> None:
    search.delete()


@transaction.atomic
def share_search(*, search: SavedSearch, team: Team | None) -> None:
    """Share with one team, or with nobody (None). Raises NotAllowed if the maker is not a member of the team."""
    if team:
        list(Team.objects.select_for_update(no_key=True).filter(pk=team.pk).values_list("pk"))
        if not Membership.objects.filter(team=team, user=search.maker_id).exists():
            raise NotAllowed(_("You are no longer in this team, so you can't share with it."))
    SavedSearch.objects.filter(pk=search.pk).update(team=team)


def record_visit(*, search: SavedSearch, viewer: User) -> None:
    SearchVisit.objects.update_or_create(search=search, viewer=viewer, defaults={"visited_at": timezone.now()})


def count_new_matches(*, search: SavedSearch, viewer: User, top: int = TOP_RESULTS) -> int | None:
    """Return how many of the top results were added after the viewer's last visit.

    Return None if the viewer has not opened the search yet, or if its parts cancel each other out. Raises
    SearchNotUnderstood if the search names something that was deleted or that the viewer may not see. Raises
    EncoderError, IndexUnavailable or NotIndexed.
    """
    visit = SearchVisit.objects.filter(search=search, viewer=viewer).first()
    request = parse_search_request(user=viewer, parameters=search.parameters)
    require_understood(request)
    if visit is None:
        return None
    try:
        ids = [each.id for each in run_search(request, wanted=top).ranked[:top]]
    except CancelledOut:
        return None
    return Image.objects.filter(pk__in=ids, created_at__gt=visit.visited_at).count()
