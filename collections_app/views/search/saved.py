"""Saved searches: their list, opening one, and what their makers do with them."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from collections_app.errors import ImageSearchError
from collections_app.forms import SavedSearchForm, SearchNameForm, SearchTeamForm
from collections_app.messages import in_words
from collections_app.models import SavedSearch
from collections_app.permissions import (
    SignedInRequest,
    own_search_or_404,
    sent_fields,
    shared_search_or_404,
    visible_search_or_404,
)
from collections_app.services.search.recent import name_places
from collections_app.services.search.saved import (
    count_new,
    delete_search,
    note_visit,
    rename_search,
    save_search,
    share_search,
)
from collections_app.views.paging import requested_page
from collections_app.views.search.recent import is_meant


@require_safe
def saved_searches(request: SignedInRequest) -> HttpResponse:
    """One's own come first. What is new in each is asked for when it is seen: it takes a search."""
    visible = SavedSearch.objects.visible_to(request.user).with_people(request.user)
    page = requested_page(request, visible.own_first(request.user))
    name_places(page.object_list, request.user)
    return render(request, "search/saved_searches.html", {"page": page})


@require_POST
def search_save(request: SignedInRequest) -> HttpResponse:
    form = SavedSearchForm(request.POST)
    if not form.is_valid():
        return render(request, "search/search_save.html", {"form": form}, status=400)
    search = save_search(maker=request.user, **form.cleaned_data)
    messages.success(request, _("The search is saved as “%(name)s”.") % {"name": search.name})
    return _show(search)


@require_safe
def saved_search(request: SignedInRequest, pk: int) -> HttpResponse:
    search = visible_search_or_404(request.user, pk)
    if is_meant(request):
        note_visit(search=search, viewer=request.user)
    return _show(search)


@require_safe
def search_new(request: SignedInRequest, pk: int) -> HttpResponse:
    """A part of the list for htmx, which shows no answer but a 200; a page of its own otherwise."""
    search = visible_search_or_404(request.user, pk)
    context: dict[str, object] = {"search": search}
    status = 200
    try:
        context["count"] = count_new(search=search, viewer=request.user)
    except ImageSearchError as error:
        context["sentence"], status = in_words(error), 503
    if request.htmx:
        return render(request, "partials/_new_match_count.html", context)
    return render(request, "search/new_matches.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def search_rename(request: SignedInRequest, pk: int) -> HttpResponse:
    search = own_search_or_404(request.user, pk)
    form = SearchNameForm(sent_fields(request), initial={"name": search.name})
    if form.is_valid():
        rename_search(search=search, name=form.cleaned_data["name"])
        return redirect("saved_searches")
    return render(
        request, "search/search_rename.html", {"form": form, "search": search}, status=400 if form.errors else 200
    )


@require_http_methods(["GET", "HEAD", "POST"])
def search_share(request: SignedInRequest, pk: int) -> HttpResponse:
    search = own_search_or_404(request.user, pk)
    form = SearchTeamForm(sent_fields(request), user=request.user, initial={"team": search.team_id})
    if form.is_valid():
        team = form.cleaned_data["team"]
        share_search(search=search, team=team)
        messages.success(request, _("Everybody in %(team)s has “%(name)s” now.") % {"team": team, "name": search})
        return redirect("saved_searches")
    return render(
        request, "search/search_share.html", {"form": form, "search": search}, status=400 if form.errors else 200
    )


@require_POST
def search_unshare(request: SignedInRequest, pk: int) -> HttpResponse:
    """The maker's right, and the owners' of the team it is shared with."""
    search = shared_search_or_404(request.user, pk)
    share_search(search=search, team=None)
    return redirect("saved_searches")


@require_POST
def search_delete(request: SignedInRequest, pk: int) -> HttpResponse:
    search = own_search_or_404(request.user, pk)
    delete_search(search=search)
    messages.success(request, _("“%(name)s” is deleted.") % {"name": search.name})
    return redirect("saved_searches")


def _show(search: SavedSearch) -> HttpResponse:
    return redirect(f"{reverse('search')}?{search.query}&saved={search.pk}")
