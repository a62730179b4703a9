"""Wall-clock times: local times without a time zone, as a clock at the place showed them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import models
from django.utils import timezone

_EPOCH = datetime(1970, 1, 1)


class WallClockField(models.DateTimeField):  # type: ignore[type-arg]
    """Stores and returns naive datetimes. It drops the offset of an aware one and keeps the wall-clock time.

    The column stores the wall-clock time as UTC. All databases then compare and shift it in the same way, and a change
    of the site's time zone does not change it.
    """

    def get_prep_value(self, value: Any) -> Any:
        value = self.to_python(value)
        return super().get_prep_value(value.replace(tzinfo=UTC) if value else None)

    def from_db_value(self, value: datetime | None, *_: Any) -> datetime | None:
        return value and value.replace(tzinfo=None)


def convert_to_wall_clock(moment: datetime) -> datetime:
    """Return what a clock in the site's time zone shows at this moment."""
    return timezone.localtime(moment).replace(tzinfo=None)


def count_wall_clock_seconds(value: datetime) -> int:
    """Return the seconds since 1970 of a wall-clock time, read as UTC. The index stores this number."""
    return (value.replace(tzinfo=None) - _EPOCH) // timedelta(seconds=1)
