"""The trash: what one may restore, and delete for good."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import ngettext_lazy
from django.views.decorators.http import require_POST, require_safe

from collections_app.messages import counted
from collections_app.models import Image, Team
from collections_app.models.image import ImageQuerySet
from collections_app.permissions import SignedInRequest
from collections_app.services.library.trash import purge_trash, restore_images
from collections_app.views.paging import requested_page

MAX_CHOSEN = 1000
_RESTORED = ngettext_lazy("%(number)s picture restored.", "%(number)s pictures restored.", "count")
_PURGED = ngettext_lazy("%(number)s picture deleted for good.", "%(number)s pictures deleted for good.", "count")
_LEFT_ALONE = ngettext_lazy(
    "%(number)s picture was left alone: you may not do this.",
    "%(number)s pictures were left alone: you may not do this.",
    "count",
)


@require_safe
def trash(request: SignedInRequest) -> HttpResponse:
    trashed = Image.objects.in_trash_of(request.user).with_collection().order_by("-trashed_at", "-pk")
    return render(request, "library/trash.html", {"page": requested_page(request, trashed)})


@require_POST
def trash_restore(request: SignedInRequest) -> HttpResponse:
    return _apply(request, Image.objects.in_trash_of(request.user), _restore, _RESTORED)


@require_POST
def trash_purge(request: SignedInRequest) -> HttpResponse:
    """Only what lies in teams that one edits as a member: a share lets nobody destroy."""
    purgeable = Image.objects.trashed().filter(collection__team__in=Team.objects.editable_by(request.user))
    return _apply(request, purgeable, _purge, _PURGED)


def _apply(
    request: HttpRequest, allowed: ImageQuerySet, action: Callable[[ImageQuerySet], int], done: Promise
) -> HttpResponse:
    chosen = chosen_ids(request)
    images = allowed if "all" in request.POST else allowed.filter(pk__in=chosen)
    count = action(images)
    messages.success(request, counted(done, count))
    if "all" not in request.POST and count < len(chosen):
        messages.warning(request, counted(_LEFT_ALONE, len(chosen) - count))
    return redirect("trash")


def chosen_ids(request: HttpRequest, field: str = "image") -> set[int]:
    """Return the ids that a form has sent; whatever is no id is nobody's picture."""
    sent = request.POST.getlist(field)[:MAX_CHOSEN]
    return {int(value) for value in sent if value.isdecimal() and len(value) < 19}


def _restore(images: ImageQuerySet) -> int:
    return restore_images(images=images)


def _purge(images: ImageQuerySet) -> int:
    return purge_trash(images=images)
