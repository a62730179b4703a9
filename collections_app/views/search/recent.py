"""What the search page shows of kept searches, and what a person does with their recent ones."""

from dataclasses import dataclass, field

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from collections_app.models import RecentSearch, SavedSearch
from collections_app.permissions import SignedInRequest
from collections_app.services.search.recent import (
    SHOWN,
    clear_recent_searches,
    query_of,
    recent_searches,
    remember_search,
    remember_searches,
)
from collections_app.services.search.request import SearchRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """`query` is the address's, to be saved; `opened` the saved search that led here; `recent` is for an empty page."""

    query: str = ""
    opened: SavedSearch | None = None
    recent: list[RecentSearch] = field(default_factory=list)


def keeping_beside(request: SignedInRequest, question: SearchRequest) -> Keeping:
    """Return what stands beside the answer, or in place of one where nothing is asked."""
    if not question.text:
        return Keeping(recent=recent_searches(request.user))
    saved = request.GET.get("saved", "")
    visible = SavedSearch.objects.visible_to(request.user)
    opened = visible.filter(pk=int(saved)).first() if saved.isdecimal() and len(saved) < 19 else None
    return Keeping(query=query_of(request.GET), opened=opened)


def remember_if_typed(request: SignedInRequest) -> None:
    """What a person has asked themselves: not the same shown otherwise, nothing a browser asks ahead of them."""
    if request.htmx or SHOWN & request.GET.keys() or not is_meant(request):
        return
    remember_search(user=request.user, asked=request.GET)


def is_meant(request: SignedInRequest) -> bool:
    """Whether somebody wants to see the page: browsers also load pages that somebody might want."""
    return request.method == "GET" and "prefetch" not in request.headers.get("Sec-Purpose", "")


@require_POST
def recent_clear(request: SignedInRequest) -> HttpResponse:
    clear_recent_searches(user=request.user)
    messages.success(request, _("Your recent searches are forgotten."))
    return redirect("search")


@require_POST
def recent_off(request: SignedInRequest) -> HttpResponse:
    remember_searches(user=request.user, wanted=False)
    messages.success(request, _("Your searches are forgotten, and no more of them are remembered."))
    return redirect("search")


@require_POST
def recent_on(request: SignedInRequest) -> HttpResponse:
    remember_searches(user=request.user, wanted=True)
    messages.success(request, _("Your searches are remembered from now on, for you alone."))
    return redirect("search")
