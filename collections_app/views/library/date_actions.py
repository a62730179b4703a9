"""Bulk actions on the dates of selected pictures: set a date, and move dates of a camera whose clock was wrong."""

from django.contrib import messages
from django.http import HttpResponse
from django.utils.translation import ngettext_lazy
from django.views.decorators.http import require_POST

from collections_app.forms import DateForm, ShiftForm
from collections_app.messages import format_count
from collections_app.models import Image
from collections_app.permissions import SignedInRequest
from collections_app.services.library.dates import DateChange, change_dates
from collections_app.views.library.bulk_actions import _get_selected, _redirect_back, _report
from collections_app.views.library.selection import UNDO

_CHANGED = ngettext_lazy("Date of %(number)s picture changed.", "Dates of %(number)s pictures changed.", "count")
_NOT_MOVED = ngettext_lazy(
    "%(number)s picture skipped: its date or time is unknown or would be impossible, or you can only view it.",
    "%(number)s pictures skipped: their date or time is unknown or would be impossible, or you can only view them.",
    "count",
)


@require_POST
def selection_date(request: SignedInRequest) -> HttpResponse:
    form = DateForm(request.POST)
    if not form.is_valid():
        return _refuse(request, form)
    return _change(request, DateChange(taken=form.get_taken_date()))


@require_POST
def selection_shift(request: SignedInRequest) -> HttpResponse:
    form = ShiftForm(request.POST)
    if not form.is_valid():
        return _refuse(request, form)
    return _change(request, DateChange(shift=form.get_shift()))


def _change(request: SignedInRequest, change: DateChange) -> HttpResponse:
    selected = _get_selected(request)
    total = selected.count()
    editable = Image.objects.filter(pk__in=selected.filter(pk__in=Image.objects.editable_by(request.user)))
    previous = change_dates(images=editable, change=change)
    request.session[UNDO] = {"dates": previous}
    sentence, done = format_count(_CHANGED, len(previous)), len(previous)
    if change.shift is None:
        _report(request, sentence, done=done, total=total)
    else:
        _report(request, sentence, done=done, total=total, skipped=_NOT_MOVED)
    return _redirect_back(request)


def _refuse(request: SignedInRequest, form: DateForm | ShiftForm) -> HttpResponse:
    """Say what is wrong. A form-wide message stands for those of its fields."""
    errors = form.non_field_errors() or [error for field in form for error in field.errors]
    messages.error(request, " ".join(map(str, errors)))
    return _redirect_back(request)
