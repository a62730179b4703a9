"""Forms for the dates when pictures were taken."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from collections_app.imaging import FIRST_YEAR, TakenDate, get_possible_dates
from collections_app.services.search.periods import UnclearPeriod, parse_day


class DayField(forms.CharField):
    """A full date in any form that a search accepts. A day before photography or in the future is invalid."""

    widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})

    def clean(self, value: Any) -> date | None:
        text = super().clean(value)
        if not text:
            return None
        try:
            day = parse_day(text)
        except UnclearPeriod as error:
            raise forms.ValidationError(str(error)) from error
        earliest, latest = get_possible_dates()
        if not earliest.date() <= day <= latest.date():
            sentence = _("Enter a date from %(year)s until today.")
            raise forms.ValidationError(sentence % {"year": FIRST_YEAR})
        return day


class DateForm(forms.Form):
    """The local date, and perhaps the time, when pictures were taken."""

    taken_on = DayField(label=_("Date taken"), max_length=40)
    taken_time = forms.TimeField(
        label=_("Time taken"),
        required=False,
        widget=forms.TimeInput(format="%H:%M:%S", attrs={"type": "time", "step": 1}),
    )

    def get_taken_date(self) -> TakenDate | None:
        """Return the date of a valid form."""
        day, clock = self.cleaned_data["taken_on"], self.cleaned_data["taken_time"]
        return TakenDate(value=datetime.combine(day, clock or time.min), has_time=clock is not None) if day else None


class ShiftForm(forms.Form):
    """How far to move the dates of pictures. Negative numbers move them to an earlier time."""

    days = forms.IntegerField(required=False, min_value=-100_000, max_value=100_000)
    hours = forms.IntegerField(required=False, min_value=-1000, max_value=1000)
    minutes = forms.IntegerField(required=False, min_value=-1000, max_value=1000)

    def clean(self) -> dict[str, Any]:
        if self.errors:
            raise forms.ValidationError(_("Enter whole numbers of days, hours and minutes."))
        if not self.get_shift():
            raise forms.ValidationError(_("Enter how many days, hours or minutes to move the dates."))
        return self.cleaned_data

    def get_shift(self) -> timedelta:
        return timedelta(**{name: self.cleaned_data.get(name) or 0 for name in self.fields})
