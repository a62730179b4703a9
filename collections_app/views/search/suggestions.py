"""The suggestions of the search box: a list for the script of the box, and links on the empty search page."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from collections_app.models import User
from collections_app.permissions import SignedInRequest
from collections_app.services.search.suggestions import (
    SuggestedCollection,
    SuggestedTerm,
    Suggestions,
    find_suggestions,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestedLink:
    """`text` is what the script writes into the search box instead of following the link; "" if it follows it."""

    label: str
    address: str
    detail: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestionGroup:
    key: str
    heading: str
    links: Sequence[SuggestedLink]


@require_safe
def suggestions(request: SignedInRequest) -> HttpResponse:
    """Answer the script with a part of a page."""
    found = find_suggestions(user=request.user, text=request.GET.get("q", ""))
    context = {"groups": build_suggestion_groups(request.user, found), "count": found.count}
    return render(request, "search/_suggestions.html", context)


def build_suggestion_groups(user: User, found: Suggestions) -> list[SuggestionGroup]:
    """Return the groups that are not empty."""
    groups = (
        ("recent", _("Recent searches"), _link_recent_searches(found)),
        ("saved", _("Saved searches"), _link_saved_searches(found)),
        ("collections", _("Collections"), (_link_collection(user, each) for each in found.collections)),
        ("people", _("People"), map(_link_term, found.people)),
        ("tags", _("Tags"), map(_link_term, found.tags)),
    )
    built = [SuggestionGroup(key=key, heading=heading, links=list(links)) for key, heading, links in groups]
    return [group for group in built if group.links]


def _link_recent_searches(found: Suggestions) -> Iterator[SuggestedLink]:
    for search in found.recent:
        detail = _("in %(name)s") % {"name": search.scope_name} if search.scope_name else ""
        yield SuggestedLink(label=search.text, detail=detail, address=f"{reverse('search')}?{search.query}")


def _link_saved_searches(found: Suggestions) -> Iterator[SuggestedLink]:
    for search in found.saved:
        yield SuggestedLink(label=search.name, address=reverse("saved_search", args=[search.pk]))


def _link_collection(user: User, found: SuggestedCollection) -> SuggestedLink:
    collection = found.collection
    detail = "" if collection.personal_of == user.pk else collection.team_name
    if not found.text:
        return SuggestedLink(label=collection.name, detail=detail, address=reverse("collection", args=[collection.pk]))
    label = _("Search in %(name)s") % {"name": collection.name}
    return SuggestedLink(label=label, detail=detail, address=_build_search_address(found.text), text=found.text)


def _link_term(term: SuggestedTerm) -> SuggestedLink:
    return SuggestedLink(label=term.name, address=_build_search_address(term.text), text=term.text)


def _build_search_address(text: str) -> str:
    return f"{reverse('search')}?{urlencode({'q': text})}"
