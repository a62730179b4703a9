"""Dates in the names that phones, cameras and programs give to files."""

import re
from datetime import datetime
from pathlib import PurePath

from .date_text import TakenDate, is_plausible_date

# Digital pictures with their date in the name; earlier digits in a row are more likely a number.
_FIRST_YEAR_WITHOUT_SIGNS = 1990
_EXTENSION = re.compile(r"\.[A-Za-z]\w{1,4}$")
_NAMED_DAYS = (
    # 2013-05-06, 2013_05_06, 2013.05.06
    re.compile(r"(?<!\d)(?P<year>\d{4})(?P<sign>[-_.])(?P<month>\d{2})(?P=sign)(?P<day>\d{2})(?!\d)"),
    # 20130506, alone or before a time
    re.compile(r"(?<!\d)(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})(?=[^0-9A-Za-z]|[Tt]?\d{6}(?!\d{4})|$)"),
)
# Before the time: a sign, or a short word of a language between blanks, such as "at", "um", "à", "в".
_GAP = r"(?:[-_. T]|\s+\w{1,4}\s+|,\s*)?"
_NAMED_TIMES = (
    # 070809, and with thousandths 040506789
    re.compile(_GAP + r"(?P<hour>\d{2})(?P<minute>\d{2})(?P<second>\d{2})(?P<fraction>\d{3})?(?!\d)", re.IGNORECASE),
    # 07.08.09, 07-08-09, 3.04.05 PM
    re.compile(
        _GAP + r"(?P<hour>\d{1,2})(?P<sign>[-_.:h])(?P<minute>\d{2})[-_.:m](?P<second>\d{2})"
        r"(?:[-_.](?P<fraction>\d{3}))?(?!\d)(?:\s*(?P<half>[ap])\.?m)?",
        re.IGNORECASE,
    ),
    # 07.08, 3.04 PM
    re.compile(
        _GAP + r"(?P<hour>\d{1,2})(?P<sign>[.:h])(?P<minute>\d{2})(?!\d)(?:\s*(?P<half>[ap])\.?m)?", re.IGNORECASE
    ),
)


def read_date_in_name(name: str) -> TakenDate | None:
    """Return the first plausible date in a file's name.

    Numbers that only look like one, such as a phone number or a count of milliseconds, are no dates.
    """
    stem = _EXTENSION.sub("", PurePath(name.replace("\\", "/")).name)
    for pattern in _NAMED_DAYS:
        for found in pattern.finditer(stem):
            day = _parse_named_day(found)
            if day is not None:
                return _add_named_time(day, stem[found.end() :])
    return None


def _parse_named_day(found: re.Match[str]) -> datetime | None:
    try:
        day = datetime(int(found["year"]), int(found["month"]), int(found["day"]))
    except ValueError:
        return None
    has_signs = "sign" in found.groupdict()
    if not is_plausible_date(day) or not (has_signs or day.year >= _FIRST_YEAR_WITHOUT_SIGNS):
        return None
    return day


def _add_named_time(day: datetime, rest: str) -> TakenDate:
    for pattern in _NAMED_TIMES:
        found = pattern.match(rest)
        if found is None:
            continue
        parts = found.groupdict()
        hour = int(parts["hour"])
        if half := parts.get("half"):
            hour = hour % 12 + (12 if half in "Pp" else 0)
        fraction = int(parts.get("fraction") or 0)
        try:
            value = day.replace(
                hour=hour,
                minute=int(parts["minute"]),
                second=int(parts.get("second") or 0),
                microsecond=fraction * 1000,
            )
        except ValueError:
            continue
        return TakenDate(value=value) if is_plausible_date(value) else TakenDate(value=day, has_time=False)
    return TakenDate(value=day, has_time=False)
