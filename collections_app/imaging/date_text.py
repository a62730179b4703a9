"""Dates as cameras, phones and programs write them in metadata."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_tz
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
    zone = parse_offset(text[clock.end() :]) or parse_offset(offset_text)
    return TakenDate(value=value.replace(tzinfo=zone))


def parse_offset(text: str) -> timezone | None:
    """Read an offset from UTC such as +09:00, -0530 or Z at the beginning of the text."""
    found = _OFFSET.match(text)
    if found is None:
        return None
    minutes = int(found["hours"] or 0) * 60 + int(found["minutes"] or 0)
    if minutes > _MAX_OFFSET_MINUTES or int(found["minutes"] or 0) > 59:
        return None
    return timezone(timedelta(minutes=-minutes if found["sign"] in ("-", "\u2212") else minutes))


def get_possible_dates() -> tuple[datetime, datetime]:
    """Return the earliest and the latest wall clock at which a picture can have been taken."""
    return datetime(FIRST_YEAR, 1, 1), datetime.now(UTC).replace(tzinfo=None) + _MAX_FUTURE


def is_plausible_date(value: datetime) -> bool:
    """Whether metadata can be believed: the date is possible, and no zero date."""
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
    hour, second = int(parts["hour"]), int(parts["second"] or 0)
    if half := parts.get("half"):
        hour = hour % 12 + (12 if half in "Pp" else 0)
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
