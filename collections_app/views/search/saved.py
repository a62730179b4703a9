"""Saved searches: the list, opening, renaming, sharing and deleting."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from collections_app.errors import ImageSearchError, LimitReached, NotAllowed, SearchNotUnderstood
from collections_app.forms import SavedSearchForm, SearchNameForm, ShareSearchForm, get_bound_data
from collections_app.messages import describe_error
from collections_app.models import SavedSearch
from collections_app.permissions import (
    SignedInRequest,
    get_own_search,
    get_search_to_unshare,
    get_visible_search,
)
from collections_app.services.search.recent import add_scope_names
from collections_app.services.search.saved import (
    count_new_matches,
    delete_search,
    record_visit,
    rename_search,
    save_search,
    share_search,
)
from collections_app.views.paging import paginate
from collections_app.views.search.recent import is_page_visit


@require_safe
def saved_searches(request: SignedInRequest) -> HttpResponse:
    """The user's own searches come first. The page loads the number of new matches later: it takes a search."""
    visible = SavedSearch.objects.visible_to(request.user).with_unshare_permission(request.user)
    page = paginate(request, visible.own_first(request.user))
    add_scope_names(page.object_list, request.user)
    return render(request, "search/saved_searches.html", {"page": page})


@require_POST
def search_save(request: SignedInRequest) -> HttpResponse:
    form = SavedSearchForm(request.POST)
    if not form.is_valid():
        return render(request, "search/search_save.html", {"form": form}, status=400)
    try:
        search = save_search(maker=request.user, **form.cleaned_data)
    except (LimitReached, SearchNotUnderstood) as error:
        form.add_error(None, describe_error(error))
        return render(request, "search/search_save.html", {"form": form}, status=400)
    messages.success(request, _("Search saved as “%(name)s”.") % {"name": search.name})
    return _redirect_to_results(search)


@require_safe
def saved_search(request: SignedInRequest, pk: int) -> HttpResponse:
    search = get_visible_search(request.user, pk)
    if is_page_visit(request):
        record_visit(search=search, viewer=request.user)
    return _redirect_to_results(search)


@require_safe
def search_new(request: SignedInRequest, pk: int) -> HttpResponse:
    """Answer htmx with a part of a page, always as a 200: with `short` the number alone. Answer others with a page."""
    search = get_visible_search(request.user, pk)
    context: dict[str, object] = {"search": search, "is_short": "short" in request.GET}
    status = 200
    try:
        context["count"] = count_new_matches(search=search, viewer=request.user)
    except ImageSearchError as error:
        context["sentence"] = describe_error(error)
        status = 400 if isinstance(error, SearchNotUnderstood) else 503
    if request.htmx:
        return render(request, "search/_new_match_count.html", context)
    return render(request, "search/new_matches.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def search_rename(request: SignedInRequest, pk: int) -> HttpResponse:
    search = get_own_search(request.user, pk)
    form = SearchNameForm(get_bound_data(request), initial={"name": search.name})
    if form.is_valid():
        rename_search(search=search, name=form.cleaned_data["name"])
        return redirect("saved_searches")
    return render(
        request, "search/search_rename.html", {"form": form, "search": search}, status=400 if form.errors else 200
    )


@require_http_methods(["GET", "HEAD", "POST"])
def search_share(request: SignedInRequest, pk: int) -> HttpResponse:
    search = get_own_search(request.user, pk)
    form = ShareSearchForm(get_bound_data(request), user=request.user, initial={"team": search.team_id})
    if form.is_valid():
        team = form.cleaned_data["team"]
        try:
            share_search(search=search, team=team)
            messages.success(request, _("“%(name)s” shared with %(team)s.") % {"team": team, "name": search})
        except NotAllowed as error:
            messages.error(request, describe_error(error))
        return redirect("saved_searches")
    return render(
        request, "search/search_share.html", {"form": form, "search": search}, status=400 if form.errors else 200
    )


@require_POST
def search_unshare(request: SignedInRequest, pk: int) -> HttpResponse:
    """Allowed to the maker and to the owners of the team."""
    search = get_search_to_unshare(request.user, pk)
    share_search(search=search, team=None)
    return redirect("saved_searches")


@require_POST
def search_delete(request: SignedInRequest, pk: int) -> HttpResponse:
    search = get_own_search(request.user, pk)
    delete_search(search=search)
    messages.success(request, _("“%(name)s” deleted.") % {"name": search.name})
    return redirect("saved_searches")


def _redirect_to_results(search: SavedSearch) -> HttpResponse:
    return redirect(f"{reverse('search')}?{search.query}&saved={search.pk}")
