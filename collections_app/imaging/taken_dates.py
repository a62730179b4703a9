"""When a picture was taken, by its metadata."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from PIL import ExifTags

from .date_text import TakenDate, decode_text, is_plausible_date, parse_date_text
from .errors import DECODE_ERRORS
from .metadata import Metadata

_Base, _GPS = ExifTags.Base, ExifTags.GPS
_XMP_TAKEN = ("exif:DateTimeOriginal", "photoshop:DateCreated", "xmp:CreateDate", "xap:CreateDate")
_XMP_DIGITIZED = ("exif:DateTimeDigitized",)
_XMP_CHANGED = ("xmp:ModifyDate", "xap:ModifyDate", "tiff:DateTime")
_PNG_TAKEN = ("exif:datetimeoriginal", "creation time", "create-date", "creationtime", "date:create")
# Date and time: when the picture was taken, and when it was digitized.
_IPTC_TAKEN = (((2, 55), (2, 60)), ((2, 62), (2, 63)))
# Offsets that are in use: multiples of half an hour, and Nepal, Eucla and Chatham.
_QUARTER_OFFSETS = (345, 525, 765, 825)
# A position may have been found some minutes before the picture was taken.
_MAX_FIX_AGE = timedelta(minutes=5)


def find_taken_date(metadata: Metadata) -> TakenDate | None:
    """Return the first plausible date among the metadata; None if there is none. Never raises for broken metadata.

    The order is: DateTimeOriginal, DateTimeDigitized, XMP, IPTC, PNG texts, GPS, DateTime (the last change).
    """
    found: TakenDate | None = None
    for source in _SOURCES:
        for each in _list_dates(source, metadata):
            if each.has_time and (found is None or each.value.date() == found.value.date()):
                return _add_offset_of_position(each, metadata)
            found = found or each
    return found


def _list_dates(source: Callable[[Metadata], Iterator[TakenDate | None]], metadata: Metadata) -> list[TakenDate]:
    try:
        return [each for each in source(metadata) if each]
    except DECODE_ERRORS:
        return []


def _read_exif_taken(metadata: Metadata) -> Iterator[TakenDate | None]:
    yield _read_exif(metadata, _Base.DateTimeOriginal, _Base.OffsetTimeOriginal, _Base.SubsecTimeOriginal)


def _read_exif_digitized(metadata: Metadata) -> Iterator[TakenDate | None]:
    yield _read_exif(metadata, _Base.DateTimeDigitized, _Base.OffsetTimeDigitized, _Base.SubsecTimeDigitized)


def _read_exif(metadata: Metadata, date_tag: int, offset_tag: int, fraction_tag: int) -> TakenDate | None:
    """Some programs write the tags of the camera among those of the file."""

    def get(tag: int) -> str:
        return decode_text(metadata.photo.get(tag)) or decode_text(metadata.main.get(tag))

    offset_text = get(offset_tag)
    if not offset_text and get(date_tag) == get(_Base.DateTime):
        offset_text = get(_Base.OffsetTime)
    return parse_date_text(get(date_tag), offset_text=offset_text, fraction=get(fraction_tag))


def _read_xmp_taken(metadata: Metadata) -> Iterator[TakenDate | None]:
    for name in (*_XMP_TAKEN, *_XMP_DIGITIZED):
        yield parse_date_text(_find_in_xmp(metadata.xmp, name))


def _read_iptc(metadata: Metadata) -> Iterator[TakenDate | None]:
    for day, time in _IPTC_TAKEN:
        text = f"{_get_iptc(metadata.iptc, day)} {_get_iptc(metadata.iptc, time)}"
        yield parse_date_text(text) or parse_date_text(text.split(" ")[0])


def _read_png_texts(metadata: Metadata) -> Iterator[TakenDate | None]:
    for keyword in _PNG_TAKEN:
        yield parse_date_text(metadata.texts.get(keyword, ""))


def _read_position(metadata: Metadata) -> Iterator[TakenDate | None]:
    moment = _read_moment_of_position(metadata.gps)
    yield TakenDate(value=moment) if moment else parse_date_text(_find_in_xmp(metadata.xmp, "exif:GPSTimeStamp"))


def _read_changed(metadata: Metadata) -> Iterator[TakenDate | None]:
    yield _read_exif(metadata, _Base.DateTime, _Base.OffsetTime, _Base.SubsecTime)
    for name in _XMP_CHANGED:
        yield parse_date_text(_find_in_xmp(metadata.xmp, name))


_SOURCES = (
    *(_read_exif_taken, _read_exif_digitized, _read_xmp_taken, _read_iptc),
    *(_read_png_texts, _read_position, _read_changed),
)


def _find_in_xmp(xmp: str, name: str) -> str:
    """Return the property as an attribute or an element. Searching the text accepts XMP that is not valid XML."""
    found = re.search(rf"""\b{name}\s*(?:=\s*(?:"([^"]*)"|'([^']*)')|>\s*([^<]*)<)""", xmp)
    return next((group for group in found.groups() if group), "") if found else ""


def _get_iptc(iptc: Mapping[tuple[int, int], Any], dataset: tuple[int, int]) -> str:
    value = iptc.get(dataset)
    return decode_text(value[0] if isinstance(value, list) and value else value)


def _read_moment_of_position(gps: Mapping[int, Any]) -> datetime | None:
    """Return the time of the satellites, which is in UTC."""
    try:
        parts = [float(each) for each in gps[_GPS.GPSTimeStamp]]
        day = parse_date_text(decode_text(gps.get(_GPS.GPSDateStamp)))
        if day is None or len(parts) != 3:
            return None
        clock = timedelta(hours=parts[0], minutes=parts[1], seconds=parts[2])
        moment = day.value.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=UTC) + clock
    except DECODE_ERRORS:
        return None
    return moment if timedelta(0) <= clock < timedelta(days=1) and is_plausible_date(moment) else None


def _add_offset_of_position(taken: TakenDate, metadata: Metadata) -> TakenDate:
    """Derive an unknown offset from the difference between the camera's clock and the satellites'."""
    moment = _read_moment_of_position(metadata.gps) if taken.value.tzinfo is None else None
    if moment is None:
        return taken
    difference = taken.value - moment.replace(tzinfo=None)
    minutes = min(
        (*range(-720, 841, 30), *_QUARTER_OFFSETS), key=lambda each: abs(difference - timedelta(minutes=each))
    )
    if abs(difference - timedelta(minutes=minutes)) > _MAX_FIX_AGE:
        return taken
    return TakenDate(value=taken.value.replace(tzinfo=timezone(timedelta(minutes=minutes))))
