"""Dates in text: as cameras, phones and programs write them in metadata and in the names of files."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_tz
from pathlib import PurePath
from typing import Any

# The oldest surviving photograph dates from 1826; an earlier date comes from a clock that was not set.
FIRST_YEAR = 1826
# A clock may be a day ahead of UTC, and a little wrong.
_MAX_FUTURE = timedelta(days=2)
_MAX_OFFSET_MINUTES = 14 * 60
_MAX_TEXT = 100
# The zero dates of Unix, Macintosh, DOS and OLE: a clock that was never set. The first also appears in local time.
_UNIX_EPOCH = datetime(1970, 1, 1)
_ZERO_DATES = {_UNIX_EPOCH, datetime(1904, 1, 1), datetime(1980, 1, 1), datetime(1899, 12, 30)}

_DAYS = (
    re.compile(r"(?P<year>\d{4})[:\-/._ ] ?(?P<month>\d{1,2})[:\-/._ ] ?(?P<day>\d{1,2})(?!\d)"),
    re.compile(r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})(?=\D|\d{4}|$)"),
    re.compile(r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})(?!\d)"),
)
_CLOCKS = (
    re.compile(
        r"[T\s,_\-]*(?P<hour>\d{1,2})(?P<sign>[:.\-h])(?P<minute>\d{1,2})"
        r"(?:(?P=sign)(?P<second>\d{1,2})(?:[.,:](?P<fraction>\d+))?)?(?!\d)(?:\s*(?P<half>[AP])\.?M)?",
        re.IGNORECASE,
    ),
    re.compile(r"[T\s_\-]*(?P<hour>\d{2})(?P<minute>\d{2})(?P<second>\d{2})?(?:[.,](?P<fraction>\d+))?(?!\d)"),
)
_OFFSET = re.compile(
    r"\s*(?:(?:UTC|GMT)?\s*(?P<sign>[+\-\u2212])(?P<hours>\d{1,2}):?(?P<minutes>\d{2})?(?!\d)|(?:Z|UTC|GMT)(?![a-z]))",
    re.IGNORECASE,
)
_MAIL_ZONE = re.compile(r"(?:GMT|UTC?|Z|[+-]\d{4})\W*$")
# Only digital pictures have their date in the name. Eight digits of an earlier year are more likely another number.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenDate:
    """When a picture was taken: the wall clock at the place.

    `value` is aware if its offset from UTC is known. With `has_time` False only the day is known, and the time is
    midnight.
    """

    value: datetime
    has_time: bool = True


def parse_date_text(text: str, *, offset_text: str = "", fraction: str = "") -> TakenDate | None:
    """Read one value; None if it holds no plausible date.

    An offset or a fraction of a second inside the text wins over `offset_text` and `fraction`.
    """
    text = text[:_MAX_TEXT].split("\x00", 1)[0].strip()
    day = next((found for pattern in _DAYS if (found := pattern.match(text))), None)
    if day is None:
        return _parse_mail_date(text)
    clock = next((found for pattern in _CLOCKS if (found := pattern.match(text, day.end()))), None)
    try:
        value = datetime(int(day["year"]), int(day["month"]), int(day["day"]))
        value = _add_clock(value, clock, fraction) if clock else value
    except (ValueError, OverflowError):
        return None
    if not is_plausible_date(value):
        return None
    if clock is None:
        return TakenDate(value=value, has_time=False)
    zone = _parse_offset(text[clock.end() :]) or _parse_offset(offset_text)
    return TakenDate(value=value.replace(tzinfo=zone))


def read_date_in_name(name: str) -> TakenDate | None:
    """Return the first plausible date in a file's name.

    Other numbers, such as a phone number or a count of milliseconds, are not dates.
    """
    stem = _EXTENSION.sub("", PurePath(name.replace("\\", "/")).name)
    for pattern in _NAMED_DAYS:
        for found in pattern.finditer(stem):
            day = _parse_named_day(found)
            if day is not None:
                return _add_named_time(day, stem[found.end() :])
    return None


def get_possible_dates() -> tuple[datetime, datetime]:
    """Return the earliest and the latest wall clock at which a picture can have been taken."""
    return datetime(FIRST_YEAR, 1, 1), datetime.now(UTC).replace(tzinfo=None) + _MAX_FUTURE


def is_plausible_date(value: datetime) -> bool:
    """Return whether a picture can have been taken then. Zero dates come from clocks that were never set."""
    value = value.replace(tzinfo=None)
    earliest, latest = get_possible_dates()
    return earliest <= value <= latest and not _is_zero_date(value)


def decode_text(value: Any) -> str:
    """Return a metadata value as text; empty for anything else than text or bytes."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", errors="replace")
    return value.strip(" \x00\t\r\n") if isinstance(value, str) else ""


def _add_clock(day: datetime, clock: re.Match[str], fraction: str) -> datetime:
    """Raises ValueError for an impossible time. Some phones write 24 for the hour after midnight."""
    parts = clock.groupdict()
    hour, second = _read_hour(parts), int(parts["second"] or 0)
    digits = parts["fraction"] or (fraction.strip() if parts["second"] else "")
    microsecond = int(f"{digits[:6]:0<6}") if digits.isdecimal() else 0
    return day.replace(
        hour=0 if hour == 24 else hour, minute=int(parts["minute"]), second=min(second, 59), microsecond=microsecond
    )


def _is_zero_date(value: datetime) -> bool:
    value = value.replace(microsecond=0)
    from_epoch = abs(value - _UNIX_EPOCH)
    is_local_epoch = from_epoch <= timedelta(hours=14) and from_epoch % timedelta(minutes=30) == timedelta(0)
    return value in _ZERO_DATES or is_local_epoch


def _parse_offset(text: str) -> timezone | None:
    """Read an offset from UTC such as +09:00, -0530 or Z at the beginning of the text."""
    found = _OFFSET.match(text)
    if found is None:
        return None
    minutes = int(found["hours"] or 0) * 60 + int(found["minutes"] or 0)
    if minutes > _MAX_OFFSET_MINUTES or int(found["minutes"] or 0) > 59:
        return None
    return timezone(timedelta(minutes=-minutes if found["sign"] in ("-", "\u2212") else minutes))


def _parse_mail_date(text: str) -> TakenDate | None:
    """Read the form that PNG recommends, "Mon, 06 May 2013 07:08:09 GMT", and that of C, "Mon May  6 07:08:09 2013"."""
    try:
        parts = parsedate_tz(text)
        value = datetime(*parts[:6]) if parts else None
    except (ValueError, TypeError, LookupError, OverflowError):
        return None
    if parts is None or value is None or not is_plausible_date(value):
        return None
    seconds = parts[9] or 0
    if not _MAIL_ZONE.search(text) or abs(seconds) > _MAX_OFFSET_MINUTES * 60:
        return TakenDate(value=value)
    return TakenDate(value=value.replace(tzinfo=timezone(timedelta(seconds=seconds))))


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
        fraction = int(parts.get("fraction") or 0)
        try:
            value = day.replace(
                hour=_read_hour(parts),
                minute=int(parts["minute"]),
                second=int(parts.get("second") or 0),
                microsecond=fraction * 1000,
            )
        except ValueError:
            continue
        return TakenDate(value=value) if is_plausible_date(value) else TakenDate(value=day, has_time=False)
    return TakenDate(value=day, has_time=False)


def _read_hour(parts: Mapping[str, str | None]) -> int:
    """Return the hour from 0 to 24; `half` is the beginning of AM or PM."""
    hour, half = int(parts["hour"] or 0), parts.get("half")
    return hour % 12 + (12 if half in ("P", "p") else 0) if half else hour
