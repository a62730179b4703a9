"""Filters that show when a picture was taken."""

from collections.abc import Sequence
from datetime import date

from django import template
from django.utils.formats import date_format

from collections_app.models import Image

register = template.Library()


@register.filter
def taken_date(image: Image) -> str:
    """Return the local date at the place and, if it is known, the time with its offset from UTC."""
    if image.taken_at is None:
        return ""
    if not image.has_taken_time:
        return date_format(image.taken_at, "DATE_FORMAT")
    return f"{date_format(image.taken_at, 'DATETIME_FORMAT')}{_format_offset(image.taken_offset_minutes)}"


@register.filter
def month_range(months: Sequence[date]) -> str:
    """Return the first and the last of the months, which are sorted with the latest first."""
    names = [date_format(month, "M Y") for month in (months[-1], months[0])]
    return " \N{EN DASH} ".join(dict.fromkeys(names))


def _format_offset(minutes: int | None) -> str:
    if minutes is None:
        return ""
    hours, rest = divmod(abs(minutes), 60)
    sign = "\N{MINUS SIGN}" if minutes < 0 else "+"
    return f" (UTC{sign}{hours:02}:{rest:02})"
