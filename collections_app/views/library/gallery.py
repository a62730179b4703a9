"""Photos, the first page: all pictures that a person sees, by month; above them collections and saved searches."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from collections_app.models import Collection, SavedSearch
from collections_app.permissions import SignedInRequest
from collections_app.views.library.timeline import build_timeline, render_further_page

SHOWN_COLLECTIONS = 12
SHOWN_SEARCHES = 8


@require_safe
def gallery(request: SignedInRequest) -> HttpResponse:
    visible = Collection.objects.visible_to(request.user)
    timeline = build_timeline(request, visible)
    if timeline.is_continued:
        return render_further_page(request, timeline)
    latest = visible.with_summary().order_by("-created_at", "-pk")
    context = {
        "timeline": timeline,
        "collections": list(latest[: SHOWN_COLLECTIONS + 1]),
        "shown_collections": SHOWN_COLLECTIONS,
        "searches": SavedSearch.objects.visible_to(request.user).own_first(request.user)[:SHOWN_SEARCHES],
        "targets": Collection.objects.editable_by(request.user).select_related("team"),
    }
    return render(request, "library/gallery.html", context)
