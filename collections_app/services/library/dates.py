"""The dates when pictures were taken: stored from their files, changed by people, and restored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from collections_app.imaging import TakenDate, get_possible_dates
from collections_app.models import Image, IndexJob
from collections_app.models.concurrent_writes import update_each
from collections_app.models.image import ImageQuerySet

_FIELDS = ("taken_at", "taken_offset_minutes", "has_taken_time", "date_edited_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class DateChange:
    """A new date, or a shift of the current one. Without both, the date is cleared."""

    taken: TakenDate | None = None
    shift: timedelta | None = None


# The fields of one picture before a change, as JSON stores them, in the order of _FIELDS.
PreviousDates = dict[int, list[Any]]


def build_date_fields(taken: TakenDate | None) -> dict[str, Any]:
    """Return the fields of an image that store the date."""
    if taken is None:
        return {"taken_at": None, "taken_offset_minutes": None, "has_taken_time": None}
    offset = taken.value.utcoffset()
    return {
        "taken_at": taken.value.replace(tzinfo=None),
        "taken_offset_minutes": None if offset is None else round(offset / timedelta(minutes=1)),
        "has_taken_time": taken.has_time,
    }


@transaction.atomic
def change_dates(*, images: ImageQuerySet, change: DateChange) -> PreviousDates:
    """Change the dates of the images, and return the previous dates of the changed images.

    A shift skips images without a date and images that it would move before photography or into the future. If the
    time of day is unknown, it moves the date by whole days only.
    """
    previous: PreviousDates = {}
    for selected, values in _plan_changes(images, change):
        before = _read_dates(selected)
        Image.objects.filter(pk__in=list(before)).update(**values, date_edited_at=timezone.now())
        previous |= before
    return previous


@transaction.atomic
def restore_dates(*, images: ImageQuerySet, previous: Mapping[int, Sequence[Any]]) -> int:
    """Store the date that `previous` maps to each image id; return how many images were found."""
    ids = images.filter(pk__in=list(previous)).lock_ids()
    update_each(Image, _FIELDS, {pk: _parse_fields(previous[pk]) for pk in ids})
    IndexJob.objects.enqueue(ids)
    return len(ids)


def _plan_changes(rows: ImageQuerySet, change: DateChange) -> list[tuple[ImageQuerySet, dict[str, Any]]]:
    """Return the images that change in the same way, with their new values."""
    if change.shift is None:
        return [(rows, build_date_fields(change.taken))]
    whole_days = timedelta(days=int(change.shift / timedelta(days=1)))
    values: dict[str, Any] = {"taken_at": F("taken_at") + change.shift}
    if whole_days != change.shift:
        values["taken_offset_minutes"] = None  # a wrong hour can mean a wrong time zone
    plan = [(_keep_possible(rows.filter(has_taken_time=True), change.shift), values)]
    if whole_days:
        days = rows.filter(has_taken_time=False)
        plan.append((_keep_possible(days, whole_days), {"taken_at": F("taken_at") + whole_days}))
    return plan


def _keep_possible(rows: ImageQuerySet, shift: timedelta) -> ImageQuerySet:
    earliest, latest = get_possible_dates()
    return rows.filter(taken_at__gte=earliest - shift, taken_at__lte=latest - shift)


def _read_dates(rows: ImageQuerySet) -> PreviousDates:
    return {
        pk: [taken_at and taken_at.isoformat(), offset, has_time, edited_at and edited_at.isoformat()]
        for pk, taken_at, offset, has_time, edited_at in rows.values_list("pk", *_FIELDS)
    }


def _parse_fields(values: Sequence[Any]) -> list[Any]:
    taken_at, offset, has_time, edited_at = values
    moments = [each and datetime.fromisoformat(each) for each in (taken_at, edited_at)]
    return [moments[0], offset, has_time, moments[1]]
