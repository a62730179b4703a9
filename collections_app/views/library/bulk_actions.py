"""Bulk actions on selected pictures. Each picture is checked in SQL; a message names those that are skipped."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect, StreamingHttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy
from django.views.decorators.http import require_POST

from collections_app.date_forms import DateForm, ShiftForm
from collections_app.errors import (
    SearchNotUnderstood,
    StorageUnavailable,
    TooManyDownloads,
)
from collections_app.forms import MAX_TAGS, AddTagsForm
from collections_app.messages import describe_error, format_count
from collections_app.models import BulkAction
from collections_app.models.ids import parse_uuid
from collections_app.permissions import SignedInRequest
from collections_app.refusals import Refusal, render_refusal
from collections_app.services.library.bulk_changes import (
    change_dates_in_bulk,
    tag_in_bulk,
    trash_in_bulk,
    undo_bulk_action,
)
from collections_app.services.library.dates import DateChange
from collections_app.services.library.started_stream import StartedStream
from collections_app.services.library.zip_download import stream_zip
from collections_app.services.library.zip_slots import hold_zip_slot
from collections_app.views.library.answers import (
    NOT_EDITED,
    answer_action,
    answer_selection,
    get_selected,
    redirect_to_selection,
    report_action,
    warn_of_no_selection,
)
from collections_app.views.library.selection import RESTORED, TRASHED, UNDO
from collections_app.views.refusals import build_outage, refuse_misread, render_misread

_ZIP_RETRY_S = 60
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


@require_POST
@refuse_misread(redirect_to_selection)
def selection_trash(request: SignedInRequest) -> HttpResponse:
    ids = _get_selected_ids(request)
    result = trash_in_bulk(image_ids=ids, user=request.user)
    report_action(request, format_count(TRASHED, result.count), result=result, ids=ids)
    return answer_selection(request, removed=result.image_ids)


@require_POST
@refuse_misread(redirect_to_selection)
def selection_tag(request: SignedInRequest) -> HttpResponse:
    form = AddTagsForm(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(map(str, form["tags"].errors)))
        return answer_selection(request)
    ids = _get_selected_ids(request)
    result = tag_in_bulk(image_ids=ids, tags=form.cleaned_data["tags"], max_tags=MAX_TAGS, user=request.user)
    sentence = format_count(_TAGGED, result.count)
    report_action(request, sentence, result=result, ids=ids, skipped=_NOT_TAGGED)
    return answer_selection(request)


@require_POST
@refuse_misread(redirect_to_selection)
def selection_date(request: SignedInRequest) -> HttpResponse:
    """Give all selected pictures the same date."""
    form = DateForm(request.POST)
    if not form.is_valid():
        return _show_date_errors(request, form)
    return _change_dates(request, DateChange(taken=form.get_taken_date()), skipped=NOT_EDITED)


@require_POST
@refuse_misread(redirect_to_selection)
def selection_shift(request: SignedInRequest) -> HttpResponse:
    """Shift the dates of pictures from a camera whose clock was wrong."""
    form = ShiftForm(request.POST)
    if not form.is_valid():
        return _show_date_errors(request, form)
    return _change_dates(request, DateChange(shift=form.get_shift()), skipped=_NOT_SHIFTED)


@require_POST
def selection_download(request: SignedInRequest) -> HttpResponseBase:
    try:
        ids = list(get_selected(request).latest_first().values_list("pk", flat=True))
    except SearchNotUnderstood as error:
        return render_misread(request, error)
    if not ids:
        return warn_of_no_selection(request)
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
    """Undo the bulk action `action`, or the last one of the session, for pictures that the person may still change."""
    last = request.session.pop(UNDO, {})
    action_id = parse_uuid(request.POST.get("action") or last.get("action", ""))
    result = undo_bulk_action(action_id=action_id, user=request.user) if action_id else None
    if result is None:
        messages.warning(request, _("There is nothing to undo."))
    elif result.error:
        request.session[UNDO] = last
        messages.error(request, describe_error(result.error))
    else:
        messages.success(request, format_count(_UNDONE[result.kind], result.count))
    back = HttpResponseRedirect(last["back"]) if "back" in last else redirect_to_selection(request)
    return answer_action(request, back, restored=result.count if result else 0)


def _get_selected_ids(request: SignedInRequest) -> list[int]:
    return list(get_selected(request).values_list("pk", flat=True))


def _change_dates(request: SignedInRequest, change: DateChange, *, skipped: Promise) -> HttpResponse:
    ids = _get_selected_ids(request)
    result = change_dates_in_bulk(image_ids=ids, change=change, user=request.user)
    report_action(request, format_count(_DATES_CHANGED, result.count), result=result, ids=ids, skipped=skipped)
    return answer_selection(request)


def _show_date_errors(request: SignedInRequest, form: DateForm | ShiftForm) -> HttpResponse:
    """Show the message of the whole form, or those of its fields if there is none."""
    errors = form.non_field_errors() or [error for field in form for error in field.errors]
    messages.error(request, " ".join(map(str, errors)))
    return answer_selection(request)


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
