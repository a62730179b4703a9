"""Bulk actions on selected pictures. Each picture is checked in SQL; a message counts those that are skipped."""

from collections import defaultdict
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy
from django.views.decorators.http import require_POST

from collections_app.errors import ImageSearchError, SearchNotUnderstood
from collections_app.forms import MAX_TAGS, AddTagsForm
from collections_app.messages import describe_error, format_count
from collections_app.models import Collection, Image
from collections_app.models.ids import parse_id
from collections_app.models.image import ImageQuerySet
from collections_app.permissions import SignedInRequest
from collections_app.services.library.images import move_images, set_tags, tag_images
from collections_app.services.library.trash import restore_images, trash_images
from collections_app.services.library.zip_download import stream_zip
from collections_app.views.library.selection import RESTORED, TRASHED, UNDO, read_selection
from collections_app.views.misread_forms import refuse_misread, render_refusal

_MOVED = ngettext_lazy(
    "%(number)s picture moved to “%(target)s”.", "%(number)s pictures moved to “%(target)s”.", "count"
)
_TAGGED = ngettext_lazy("%(number)s picture tagged.", "%(number)s pictures tagged.", "count")
_UNTAGGED = ngettext_lazy("Tags removed from %(number)s picture.", "Tags removed from %(number)s pictures.", "count")
_MOVED_BACK = ngettext_lazy("Move undone for %(number)s picture.", "Move undone for %(number)s pictures.", "count")
_NOT_EDITED = ngettext_lazy(
    "%(number)s picture skipped: you can only view it.",
    "%(number)s pictures skipped: you can only view them.",
    "count",
)
_NOT_TAGGED = ngettext_lazy(
    "%(number)s picture skipped: it has these tags or too many tags, or you can only view it.",
    "%(number)s pictures skipped: they have these tags or too many tags, or you can only view them.",
    "count",
)


def _redirect_back(request: SignedInRequest) -> HttpResponse:
    if request.POST.get("q"):
        fields = {name: request.POST[name] for name in ("q", "collection", "team") if name in request.POST}
        return redirect(f"{reverse('search')}?{urlencode(fields)}")
    collection = _find_collection(request, "collection", editable=False)
    return redirect("collection", collection.pk) if collection else redirect("gallery")


@require_POST
@refuse_misread(_redirect_back)
def selection_trash(request: SignedInRequest) -> HttpResponse:
    selected = _get_selected(request)
    ids = list(selected.filter(pk__in=Image.objects.editable_by(request.user)).values_list("pk", flat=True))
    count = trash_images(images=Image.objects.filter(pk__in=ids), trasher=request.user)
    request.session[UNDO] = {"restore": ids}
    _report(request, format_count(TRASHED, count), done=count, total=selected.count() + count)
    return _redirect_back(request)


@require_POST
@refuse_misread(_redirect_back)
def selection_move(request: SignedInRequest) -> HttpResponse:
    """Only members who edit may move pictures out of a collection; the target may be one they edit by a share."""
    target = _find_collection(request, "target")
    if target is None:
        messages.error(request, _("Select a collection to move the pictures to."))
        return _redirect_back(request)
    selected = _get_selected(request).exclude(collection=target)
    total = selected.count()
    movable = selected.filter(collection__in=Collection.objects.managed_by(request.user))
    origins = dict(movable.values_list("pk", "collection_id"))
    if not _move(request, list(origins), target):
        return _redirect_back(request)
    request.session[UNDO] = {"move": origins}
    _report(request, format_count(_MOVED, len(origins), target=target), done=len(origins), total=total)
    return _redirect_back(request)


@require_POST
@refuse_misread(_redirect_back)
def selection_tag(request: SignedInRequest) -> HttpResponse:
    form = AddTagsForm(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(map(str, form["tags"].errors)))
        return _redirect_back(request)
    selected = _get_selected(request)
    total = selected.count()
    editable = Image.objects.filter(pk__in=selected.filter(pk__in=Image.objects.editable_by(request.user)))
    previous = tag_images(images=editable, tags=form.cleaned_data["tags"], max_tags=MAX_TAGS)
    request.session[UNDO] = {"tags": previous}
    _report(request, format_count(_TAGGED, len(previous)), done=len(previous), total=total, skipped=_NOT_TAGGED)
    return _redirect_back(request)


@require_POST
def selection_download(request: SignedInRequest) -> HttpResponseBase:
    try:
        ids = list(_get_selected(request).latest_first().values_list("pk", flat=True))
    except SearchNotUnderstood as error:
        return render_refusal(request, describe_error(error))
    if not ids:
        messages.warning(request, _("Select pictures first."))
        return _redirect_back(request)
    response = StreamingHttpResponse(stream_zip(image_ids=ids, user=request.user), content_type="application/zip")
    response["Content-Disposition"] = 'attachment; filename="pictures.zip"'
    response["Cache-Control"] = "private, no-store"
    return response


@require_POST
def selection_undo(request: SignedInRequest) -> HttpResponse:
    """Undo the last bulk action of the session, for the pictures that the person may still change."""
    last = request.session.pop(UNDO, {})
    if ids := last.get("restore"):
        count = restore_images(images=Image.objects.in_trash_of(request.user).filter(pk__in=ids))
        messages.success(request, format_count(RESTORED, count))
    elif tags := last.get("tags"):
        by_id = {int(image_id): previous for image_id, previous in tags.items()}
        count = set_tags(images=Image.objects.editable_by(request.user), tags=by_id)
        messages.success(request, format_count(_UNTAGGED, count))
    elif origins := last.get("move"):
        messages.success(request, format_count(_MOVED_BACK, _move_back(request, origins)))
    else:
        messages.warning(request, _("There is nothing to undo."))
    return redirect(last["back"]) if "back" in last else _redirect_back(request)


def _get_selected(request: SignedInRequest) -> ImageQuerySet:
    """Return the pictures that the form selects; a search that fails selects nothing and shows the error.

    Raises SearchNotUnderstood.
    """
    try:
        return read_selection(request)
    except SearchNotUnderstood:
        raise
    except ImageSearchError as error:
        messages.error(request, describe_error(error))
        return Image.objects.none()


def _find_collection(request: SignedInRequest, field: str, *, editable: bool = True) -> Collection | None:
    allowed = Collection.objects.editable_by(request.user) if editable else Collection.objects.visible_to(request.user)
    pk = parse_id(request.POST.get(field, ""))
    return allowed.filter(pk=pk).first() if pk else None


def _move(request: SignedInRequest, ids: list[int], target: Collection) -> bool:
    try:
        move_images(images=Image.objects.filter(pk__in=ids), target=target)
    except ImageSearchError as error:
        messages.error(request, describe_error(error))
        return False
    return True


def _move_back(request: SignedInRequest, origins: dict[str, int]) -> int:
    """Move the pictures back to their collections; return how many. The session stores the keys as text."""
    groups: dict[int, list[int]] = defaultdict(list)
    for image_id, origin in origins.items():
        groups[origin].append(int(image_id))
    count = 0
    managed = Collection.objects.managed_by(request.user)
    for origin, image_ids in groups.items():
        target = Collection.objects.editable_by(request.user).filter(pk=origin).first()
        movable = Image.objects.not_trashed().filter(collection__in=managed, pk__in=image_ids)
        ids = list(movable.values_list("pk", flat=True))
        count += len(ids) if target and _move(request, ids, target) else 0
    return count


def _report(request: SignedInRequest, sentence: str, *, done: int, total: int, skipped: Promise = _NOT_EDITED) -> None:
    if done:
        messages.success(request, sentence, extra_tags="undo")
    if total > done:
        messages.warning(request, format_count(skipped, total - done))
    elif not done:
        messages.warning(request, _("Select pictures first."))
