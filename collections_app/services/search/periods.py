"""Parsing of years, months and days as people write them. The results are spans of local time."""

import re
from dataclasses import dataclass
from datetime import MAXYEAR, date, datetime, timedelta
from functools import cache

from django.conf import settings
from django.utils import timezone, translation
from django.utils.dates import MONTHS, MONTHS_3, MONTHS_ALT
from django.utils.translation import gettext as _

# The year first, with the same sign twice: 2025, 2025-06, 2025.06.30.
_YEAR_FIRST = re.compile(r"(?P<year>\d{4})(?:(?P<sign>[-./])(?P<month>\d{1,2})(?:(?P=sign)(?P<day>\d{1,2}))?)?")
# The day first: 30.06.2025, 30.6.25. No language writes the month before dots.
_DAY_FIRST = re.compile(r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4}|\d{2})")
# Languages disagree about which number is the day: 30/06/2025, 6/30/2025.
_SLASHES = re.compile(r"(?P<first>\d{1,2})[/-](?P<second>\d{1,2})[/-](?P<year>\d{4})")
_MONTH_YEAR = re.compile(r"(?P<month>\d{1,2})[./-](?P<year>\d{4})")
# 30 June 2025, June 30, 2025, June 2025; some languages write one more letter for "year".
_NAMED = re.compile(
    r"(?:(?P<day>\d{1,2})\.?\s+)?(?P<name>[^\W\d_]+)\.?\s+(?:(?P<later_day>\d{1,2}),?\s+)?(?P<year>\d{4})(?:\s*\w\.?)?"
)


class UnclearPeriod(ValueError):
    """The text is not a date, or can mean several dates. The message is a translated sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A year, a month or a day: from `start` to just before `end`, local times."""

    start: datetime
    end: datetime


def parse_period(text: str) -> Period:
    """Read a year, a month or a day. Raises UnclearPeriod."""
    text = " ".join(text.split())
    try:
        return _build_period(*_read_numbers(text))
    except UnclearPeriod:
        raise
    except (ValueError, OverflowError) as error:
        sentence = _("“%(value)s” isn't a date. Write 2025, 2025-06 or 2025-06-30.")
        raise UnclearPeriod(sentence % {"value": text}) from error


def parse_day(text: str) -> date:
    """Read a full date. Raises UnclearPeriod."""
    period = parse_period(text)
    if period.end - period.start > timedelta(days=1):
        raise UnclearPeriod(_("“%(value)s” isn't a full date. Write a day, such as 2025-06-30.") % {"value": text})
    return period.start.date()


def _read_numbers(text: str) -> tuple[int, int | None, int | None]:
    """Return year, month and day. Raises ValueError."""
    if found := _YEAR_FIRST.fullmatch(text) or _DAY_FIRST.fullmatch(text) or _MONTH_YEAR.fullmatch(text):
        parts = found.groupdict()
        return _expand_year(parts["year"]), _parse_number(parts["month"]), _parse_number(parts.get("day"))
    if found := _SLASHES.fullmatch(text):
        return _read_slashes(text, int(found["year"]), int(found["first"]), int(found["second"]))
    if found := _NAMED.fullmatch(text):
        month = _list_months().get(found["name"].casefold())
        if month and not (found["day"] and found["later_day"]):
            return int(found["year"]), month, _parse_number(found["day"] or found["later_day"])
    raise ValueError(text)


def _read_slashes(text: str, year: int, first: int, second: int) -> tuple[int, int, int]:
    """Raises UnclearPeriod if both numbers can be the month."""
    if first != second and first <= 12 and second <= 12:
        sentence = _("“%(value)s” can mean two dates. Write %(first)s or %(second)s.")
        readings = {"first": f"{year}-{first:02}-{second:02}", "second": f"{year}-{second:02}-{first:02}"}
        raise UnclearPeriod(sentence % {"value": text, **readings})
    return (year, second, first) if first > 12 else (year, first, second)


def _build_period(year: int, month: int | None, day: int | None) -> Period:
    start = datetime(year, month or 1, day or 1)
    if year == MAXYEAR:  # the end can be later than the latest datetime
        return Period(start=start, end=datetime.max)
    if day:
        return Period(start=start, end=start + timedelta(days=1))
    if month:
        return Period(start=start, end=(start + timedelta(days=31)).replace(day=1))
    return Period(start=start, end=datetime(year + 1, 1, 1))


def _expand_year(text: str) -> int:
    """Return the year. Two digits mean the latest such year that is not in the future."""
    if len(text) == 4:
        return int(text)
    this_year = timezone.localdate().year
    year = this_year // 100 * 100 + int(text)
    return year if year <= this_year else year - 100


def _parse_number(text: str | None) -> int | None:
    return None if text is None else int(text)


@cache
def _list_months() -> dict[str, int]:
    """Return the numbers of the months by their full and short names in all languages of the site.

    A search then has the same meaning for people with another language who open its address.
    """
    names: dict[str, int] = {}
    for code, _name in settings.LANGUAGES:
        with translation.override(code):
            for months in (MONTHS_3, MONTHS_ALT, MONTHS):
                names |= {str(name).casefold().rstrip("."): number for number, name in months.items()}
    return names
