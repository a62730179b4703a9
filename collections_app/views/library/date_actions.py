"""Bulk actions on the dates of selected pictures: set a date, and move dates of a camera whose clock was wrong."""

from django.contrib import messages
from django.http import HttpResponse
from django.utils.translation import ngettext_lazy
from django.views.decorators.http import require_POST

from collections_app.forms import DateForm, ShiftForm
from collections_app.messages import format_count
from collections_app.permissions import SignedInRequest
from collections_app.services.library.bulk_changes import change_dates_in_bulk
from collections_app.services.library.dates import DateChange
from collections_app.views.library.bulk_actions import _NOT_EDITED, _get_selected_ids, _redirect_back, _report
from collections_app.views.refusals import refuse_misread

_CHANGED = ngettext_lazy("Date of %(number)s picture changed.", "Dates of %(number)s pictures changed.", "count")
_NOT_MOVED = ngettext_lazy(
    "%(number)s picture skipped: its date or time is unknown or would be impossible, or you can only view it.",
    "%(number)s pictures skipped: their date or time is unknown or would be impossible, or you can only view them.",
    "count",
)


@require_POST
@refuse_misread(_redirect_back)
def selection_date(request: SignedInRequest) -> HttpResponse:
    form = DateForm(request.POST)
    if not form.is_valid():
        return _refuse(request, form)
    return _change(request, DateChange(taken=form.get_taken_date()))


@require_POST
@refuse_misread(_redirect_back)
def selection_shift(request: SignedInRequest) -> HttpResponse:
    form = ShiftForm(request.POST)
    if not form.is_valid():
        return _refuse(request, form)
    return _change(request, DateChange(shift=form.get_shift()))


def _change(request: SignedInRequest, change: DateChange) -> HttpResponse:
    ids = _get_selected_ids(request)
    result = change_dates_in_bulk(image_ids=ids, change=change, user=request.user)
    skipped = _NOT_EDITED if change.shift is None else _NOT_MOVED
    _report(request, format_count(_CHANGED, result.count), result=result, total=len(ids), skipped=skipped)
    return _redirect_back(request)


def _refuse(request: SignedInRequest, form: DateForm | ShiftForm) -> HttpResponse:
    """Say what is wrong. A form-wide message stands for those of its fields."""
    errors = form.non_field_errors() or [error for field in form for error in field.errors]
    messages.error(request, " ".join(map(str, errors)))
    return _redirect_back(request)
