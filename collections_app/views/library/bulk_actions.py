"""Bulk actions on selected pictures. Each picture is checked in SQL; a message counts those that are skipped."""

import uuid
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy
from django.views.decorators.http import require_POST

from collections_app.date_forms import DateForm, ShiftForm
from collections_app.errors import ImageSearchError, SearchNotUnderstood, StorageUnavailable, TooManyDownloads
from collections_app.forms import MAX_TAGS, AddTagsForm
from collections_app.messages import describe_error, format_count
from collections_app.models import BulkAction, Collection, Image
from collections_app.models.ids import parse_id
from collections_app.models.image import ImageQuerySet
from collections_app.permissions import SignedInRequest
from collections_app.refusals import Refusal, render_refusal
from collections_app.services.library.bulk_changes import (
    BulkResult,
    change_dates_in_bulk,
    move_in_bulk,
    tag_in_bulk,
    trash_in_bulk,
    undo_bulk_action,
)
from collections_app.services.library.dates import DateChange
from collections_app.services.library.started_stream import StartedStream
from collections_app.services.library.zip_download import stream_zip
from collections_app.services.library.zip_slots import hold_zip_slot
from collections_app.views.library.selection import RESTORED, TRASHED, UNDO, read_selection
from collections_app.views.refusals import build_outage, refuse_misread, render_misread

_ZIP_RETRY_S = 60
_MOVED = ngettext_lazy(
    "%(number)s picture moved to “%(target)s”.", "%(number)s pictures moved to “%(target)s”.", "count"
)
_TAGGED = ngettext_lazy("%(number)s picture tagged.", "%(number)s pictures tagged.", "count")
_UNTAGGED = ngettext_lazy("Tags removed from %(number)s picture.", "Tags removed from %(number)s pictures.", "count")
_MOVED_BACK = ngettext_lazy("Move undone for %(number)s picture.", "Move undone for %(number)s pictures.", "count")
_DATES_CHANGED = ngettext_lazy("Date of %(number)s picture changed.", "Dates of %(number)s pictures changed.", "count")
_DATES_RESTORED = ngettext_lazy(
    "Former date of %(number)s picture restored.", "Former dates of %(number)s pictures restored.", "count"
)
_UNDONE = {
    BulkAction.TRASH: RESTORED,
    BulkAction.MOVE: _MOVED_BACK,
    BulkAction.TAG: _UNTAGGED,
    BulkAction.DATE: _DATES_RESTORED,
}
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
_NOT_SHIFTED = ngettext_lazy(
    "%(number)s picture skipped: its date or time is unknown or would be impossible, or you can only view it.",
    "%(number)s pictures skipped: their date or time is unknown or would be impossible, or you can only view them.",
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
    ids = _get_selected_ids(request)
    result = trash_in_bulk(image_ids=ids, user=request.user)
    _report(request, format_count(TRASHED, result.count), result=result, total=len(ids))
    return _redirect_back(request)


@require_POST
@refuse_misread(_redirect_back)
def selection_move(request: SignedInRequest) -> HttpResponse:
    """Only members who edit may move pictures out of a collection; the target may be one they edit by a share."""
    target = _find_collection(request, "target")
    if target is None:
        messages.error(request, _("Select a collection to move the pictures to."))
        return _redirect_back(request)
    ids = list(_get_selected(request).exclude(collection=target).values_list("pk", flat=True))
    result = move_in_bulk(image_ids=ids, target=target, user=request.user)
    _report(request, format_count(_MOVED, result.count, target=target), result=result, total=len(ids))
    return _redirect_back(request)


@require_POST
@refuse_misread(_redirect_back)
def selection_tag(request: SignedInRequest) -> HttpResponse:
    form = AddTagsForm(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(map(str, form["tags"].errors)))
        return _redirect_back(request)
    ids = _get_selected_ids(request)
    result = tag_in_bulk(image_ids=ids, tags=form.cleaned_data["tags"], max_tags=MAX_TAGS, user=request.user)
    sentence = format_count(_TAGGED, result.count)
    _report(request, sentence, result=result, total=len(ids), skipped=_NOT_TAGGED)
    return _redirect_back(request)


@require_POST
@refuse_misread(_redirect_back)
def selection_date(request: SignedInRequest) -> HttpResponse:
    """Give all selected pictures the same date."""
    form = DateForm(request.POST)
    if not form.is_valid():
        return _show_date_errors(request, form)
    return _change_dates(request, DateChange(taken=form.get_taken_date()), skipped=_NOT_EDITED)


@require_POST
@refuse_misread(_redirect_back)
def selection_shift(request: SignedInRequest) -> HttpResponse:
    """Shift the dates of pictures from a camera whose clock was wrong."""
    form = ShiftForm(request.POST)
    if not form.is_valid():
        return _show_date_errors(request, form)
    return _change_dates(request, DateChange(shift=form.get_shift()), skipped=_NOT_SHIFTED)


@require_POST
def selection_download(request: SignedInRequest) -> HttpResponseBase:
    try:
        ids = list(_get_selected(request).latest_first().values_list("pk", flat=True))
    except SearchNotUnderstood as error:
        return render_misread(request, error)
    if not ids:
        messages.warning(request, _("Select pictures first."))
        return _redirect_back(request)
    try:
        chunks = StartedStream(hold_zip_slot(stream_zip(image_ids=ids, user=request.user), account_id=request.user.pk))
    except TooManyDownloads as error:
        return _render_too_many(request, error)
    except StorageUnavailable as error:
        return render_refusal(request, build_outage(describe_error(error)), has_navigation=True)
    response = StreamingHttpResponse(chunks, content_type="application/zip")
    response["Content-Disposition"] = 'attachment; filename="pictures.zip"'
    response["Cache-Control"] = "private, no-store"
    return response


@require_POST
def selection_undo(request: SignedInRequest) -> HttpResponse:
    """Undo the last bulk action of the session, for the pictures that the person may still change."""
    last = request.session.pop(UNDO, {})
    action_id = last.get("action")
    result = undo_bulk_action(action_id=uuid.UUID(action_id), user=request.user) if action_id else None
    if result is None:
        messages.warning(request, _("There is nothing to undo."))
    elif result.error:
        request.session[UNDO] = last
        messages.error(request, describe_error(result.error))
    else:
        messages.success(request, format_count(_UNDONE[result.kind], result.count))
    return redirect(last["back"]) if "back" in last else _redirect_back(request)


def _get_selected_ids(request: SignedInRequest) -> list[int]:
    return list(_get_selected(request).values_list("pk", flat=True))


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


def _change_dates(request: SignedInRequest, change: DateChange, *, skipped: Promise) -> HttpResponse:
    ids = _get_selected_ids(request)
    result = change_dates_in_bulk(image_ids=ids, change=change, user=request.user)
    _report(request, format_count(_DATES_CHANGED, result.count), result=result, total=len(ids), skipped=skipped)
    return _redirect_back(request)


def _show_date_errors(request: SignedInRequest, form: DateForm | ShiftForm) -> HttpResponse:
    """Show the message of the whole form, or those of its fields if there is none."""
    errors = form.non_field_errors() or [error for field in form for error in field.errors]
    messages.error(request, " ".join(map(str, errors)))
    return _redirect_back(request)


def _render_too_many(request: SignedInRequest, error: TooManyDownloads) -> HttpResponse:
    refusal = Refusal(
        status=429 if error.is_own_limit else 503,
        code="too_many_downloads",
        heading=_("Too many downloads at once"),
        sentence=describe_error(error),
    )
    response = render_refusal(request, refusal, has_navigation=True)
    response["Retry-After"] = str(_ZIP_RETRY_S)
    return response


def _report(
    request: SignedInRequest, sentence: str, *, result: BulkResult, total: int, skipped: Promise = _NOT_EDITED
) -> None:
    """Show how many pictures were changed, why the others were not, and a button to undo."""
    if result.count:
        request.session[UNDO] = {"action": str(result.action_id)}
        messages.success(request, sentence, extra_tags="undo")
    if result.error:
        messages.error(request, describe_error(result.error))
    elif total > result.count:
        messages.warning(request, format_count(skipped, total - result.count))
    elif not total:
        messages.warning(request, _("Select pictures first."))
