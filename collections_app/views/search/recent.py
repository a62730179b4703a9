"""Search history: recent searches on the search page, clearing them, turning the history on and off."""

from dataclasses import dataclass, field, replace

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from collections_app.models import RecentSearch, SavedSearch
from collections_app.models.ids import parse_id
from collections_app.permissions import SignedInRequest
from collections_app.services.search.recent import (
    DISPLAY_PARAMETERS,
    clear_recent_searches,
    list_recent_searches,
    normalize_query_string,
    remember_search,
    set_search_history,
)
from collections_app.services.search.request import SearchRequest
from collections_app.services.search.suggestions import find_suggestions
from collections_app.views.search.suggestions import SuggestionGroup, build_suggestion_groups


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchHistory:
    """`query` is the query string to save, `opened` the saved search that led here. The lists are for an empty page."""

    query: str = ""
    opened: SavedSearch | None = None
    recent: list[RecentSearch] = field(default_factory=list)
    suggestions: list[SuggestionGroup] = field(default_factory=list)


def build_history(request: SignedInRequest, search: SearchRequest) -> SearchHistory:
    if not search.text:
        found = replace(find_suggestions(user=request.user), recent=())
        return SearchHistory(
            recent=list_recent_searches(request.user), suggestions=build_suggestion_groups(request.user, found)
        )
    saved_id = parse_id(request.GET.get("saved", ""))
    visible = SavedSearch.objects.visible_to(request.user)
    opened = visible.filter(pk=saved_id).first() if saved_id else None
    return SearchHistory(query=normalize_query_string(request.GET), opened=opened)


def record_search_if_typed(request: SignedInRequest) -> None:
    """Record a search that a person opened, but no other view of its results and no prefetch by the browser."""
    if not DISPLAY_PARAMETERS & request.GET.keys() and is_page_visit(request):
        remember_search(user=request.user, parameters=request.GET)


def is_page_visit(request: SignedInRequest) -> bool:
    """Whether a person opens the page. Browsers also prefetch pages that a person may open."""
    return request.method == "GET" and "prefetch" not in request.headers.get("Sec-Purpose", "")


@require_POST
def recent_clear(request: SignedInRequest) -> HttpResponse:
    clear_recent_searches(user=request.user)
    messages.success(request, _("Search history cleared."))
    return redirect("search")


@require_POST
def recent_off(request: SignedInRequest) -> HttpResponse:
    set_search_history(user=request.user, is_on=False)
    messages.success(request, _("Search history cleared and turned off."))
    return redirect("search")


@require_POST
def recent_on(request: SignedInRequest) -> HttpResponse:
    set_search_history(user=request.user, is_on=True)
    messages.success(request, _("Search history turned on. Only you can see it."))
    return redirect("search")
