"""Favourites: the page, and adding and removing one picture or a selection."""

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import ngettext_lazy
from django.views.decorators.http import require_POST, require_safe

from collections_app.errors import LimitReached
from collections_app.messages import describe_error, format_count
from collections_app.models import Favourite, User
from collections_app.models.favourite import FavouriteQuerySet
from collections_app.models.ids import parse_id
from collections_app.permissions import SignedInRequest, get_visible_image
from collections_app.services.library.favourites import add_favourites, set_favourite
from collections_app.views.library.answers import (
    answer_selection,
    get_selected,
    redirect_to_selection,
    warn_of_no_selection,
)
from collections_app.views.paging import FOLLOWS, PAGE_SIZE, PRECEDES, PicturePage
from collections_app.views.refusals import refuse_misread

_ADDED = ngettext_lazy("%(number)s picture added to favourites.", "%(number)s pictures added to favourites.", "count")
_STATES = {"yes": True, "no": False}


@require_safe
def favourites(request: SignedInRequest) -> HttpResponse:
    """The address contains the id of the favourite that the page follows or precedes, which may be deleted."""
    page = _get_page(
        request.user,
        follows=parse_id(request.GET.get(FOLLOWS, "")),
        precedes=parse_id(request.GET.get(PRECEDES, "")),
    )
    return render(request, "library/favourites.html", {"page": page})


@require_POST
def image_favourite(request: SignedInRequest, pk: int) -> HttpResponse:
    """Answer htmx with the changed button; redirect other clients to the picture.

    The form says which state is wanted, so that a double click changes nothing more.
    """
    image = get_visible_image(request.user, pk)
    is_favourite = _STATES.get(request.POST.get("is_favourite", ""))
    if is_favourite is None:
        raise BadRequest("The field is_favourite must be yes or no.")
    try:
        set_favourite(user=request.user, image=image, is_favourite=is_favourite)
    except LimitReached as error:
        messages.error(request, describe_error(error))
        return _refresh(request, pk)
    if request.htmx:
        return render(request, "partials/_favourite_button.html", {"image": image, "is_favourite": is_favourite})
    return redirect("image", pk)


@require_POST
@refuse_misread(redirect_to_selection)
def selection_favourite(request: SignedInRequest) -> HttpResponse:
    """Everybody who sees the pictures may do this."""
    images = get_selected(request)
    if not images.exists():
        return warn_of_no_selection(request)
    try:
        messages.success(request, format_count(_ADDED, add_favourites(user=request.user, images=images)))
    except LimitReached as error:
        messages.error(request, describe_error(error))
    return answer_selection(request)


def _get_page(user: User, *, follows: int | None, precedes: int | None) -> PicturePage:
    mine = Favourite.objects.visible_to(user)
    if precedes:
        newer = list(_read(mine.filter(pk__gt=precedes).order_by("pk")))
        if len(newer) > PAGE_SIZE:
            shown = newer[:PAGE_SIZE][::-1]
            return _build_page(shown, newer=shown[0].pk, older=shown[-1].pk)
    rows = list(_read(mine.filter(pk__lt=follows).latest_first())) if follows else []
    is_first = not rows
    rows = rows or list(_read(mine.latest_first()))
    shown, has_older = rows[:PAGE_SIZE], len(rows) > PAGE_SIZE
    return _build_page(shown, newer=None if is_first else shown[0].pk, older=shown[-1].pk if has_older else None)


def _read(favourites: FavouriteQuerySet) -> FavouriteQuerySet:
    """Return one favourite more than a page shows, if there are as many."""
    return favourites.select_related("image__collection__team")[: PAGE_SIZE + 1]


def _build_page(shown: list[Favourite], *, newer: int | None, older: int | None) -> PicturePage:
    return PicturePage(object_list=[each.image for each in shown], newer=newer, older=older)


def _refresh(request: SignedInRequest, pk: int) -> HttpResponse:
    """Let the page show the message."""
    return HttpResponse(headers={"HX-Refresh": "true"}) if request.htmx else redirect("image", pk)
