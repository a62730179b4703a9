"""The trash: list, restore, delete permanently."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy
from django.views.decorators.http import require_POST, require_safe

from collections_app.messages import format_count
from collections_app.models import Collection, Image, ImageTotal, Team, User
from collections_app.models.image import ImageQuerySet
from collections_app.permissions import SignedInRequest
from collections_app.services.library.trash import purge_trash, restore_in_chunks
from collections_app.views.library.answers import answer_action, redirect_to_next
from collections_app.views.library.selection import RESTORED, get_selected_ids, is_all_selected
from collections_app.views.paging import PictureList
from collections_app.views.refusals import refuse_misread

_PURGED = ngettext_lazy("%(number)s picture deleted permanently.", "%(number)s pictures deleted permanently.", "count")
_SKIPPED = ngettext_lazy(
    "%(number)s picture skipped: you don't have permission.",
    "%(number)s pictures skipped: you don't have permission.",
    "count",
)


@require_safe
def trash(request: SignedInRequest) -> HttpResponse:
    restorable = Collection.objects.restorable_by(request.user)
    pictures = PictureList(images=Image.objects.trashed(), collections=restorable, field="trashed_at")
    count = ImageTotal.objects.in_trash_of(request.user).sum_images()
    return render(request, "library/trash.html", {"page": pictures.get_page(request), "count": count})


def _redirect_to_trash(request: HttpRequest) -> HttpResponse:
    return redirect_to_next(request) or redirect("trash")


@require_POST
@refuse_misread(_redirect_to_trash)
def trash_restore(request: SignedInRequest) -> HttpResponse:
    return _apply(request, Image.objects.in_trash_of(request.user), _restore, RESTORED)


@require_POST
@refuse_misread(_redirect_to_trash)
def trash_purge(request: SignedInRequest) -> HttpResponse:
    """Purge only pictures of teams that the person edits as a member; a share does not allow it."""
    purgeable = Image.objects.trashed().filter(collection__team__in=Team.objects.editable_by(request.user))
    return _apply(request, purgeable, _purge, _PURGED)


def _apply(
    request: SignedInRequest, allowed: ImageQuerySet, action: Callable[[ImageQuerySet, User], int], done: Promise
) -> HttpResponse:
    selected, is_all = get_selected_ids(request), is_all_selected(request)
    if not selected and not is_all:
        messages.warning(request, _("Select pictures first."))
        return answer_action(request, _redirect_to_trash(request))
    images = allowed if is_all else allowed.filter(pk__in=selected)
    count = action(images, request.user)
    messages.success(request, format_count(done, count))
    if not is_all and count < len(selected):
        messages.warning(request, format_count(_SKIPPED, len(selected) - count))
    remaining = Image.objects.trashed().filter(pk__in=selected).values_list("pk", flat=True)
    removed = None if is_all else selected.difference(remaining)
    return answer_action(request, _redirect_to_trash(request), removed=removed)


def _restore(images: ImageQuerySet, user: User) -> int:
    return restore_in_chunks(images=images, restorer=user)


def _purge(images: ImageQuerySet, user: User) -> int:
    return purge_trash(images=images, purger=user)
