"""Quotas: the storage that a team uses, and its limits. Pictures in the trash count."""

from collections import Counter
from dataclasses import dataclass
from enum import Enum

from django.conf import settings

from collections_app.errors import QuotaExceeded
from collections_app.errors import gettext_noop as _
from collections_app.models import ImageTotal, Team

_GIB = 2**30
# From this share of a quota on, it is nearly reached.
_NEAR = 0.9


class QuotaState(Enum):
    """How much of its quota, of bytes or of pictures, a team uses."""

    NONE = "none"
    FREE = "free"
    NEAR = "near"
    FULL = "full"


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """The storage that a team uses, and its limits; 0 means no limit."""

    byte_size: int
    images: int
    max_bytes: int
    max_images: int

    def has_room_for(self, *, byte_size: int, images: int) -> bool:
        fits = not self.max_bytes or self.byte_size + byte_size <= self.max_bytes
        return fits and (not self.max_images or self.images + images <= self.max_images)

    @property
    def quota_state(self) -> QuotaState:
        limits = ((self.byte_size, self.max_bytes), (self.images, self.max_images))
        shares = [used / limit for used, limit in limits if limit]
        if not shares:
            return QuotaState.NONE
        if max(shares) >= 1:
            return QuotaState.FULL
        return QuotaState.NEAR if max(shares) >= _NEAR else QuotaState.FREE


def measure_usage(team: Team) -> Usage:
    images, byte_size = ImageTotal.objects.in_team(team).measure()
    max_bytes, max_images = _get_limits(team)
    return Usage(byte_size=byte_size, images=images, max_bytes=max_bytes, max_images=max_images)


def check_quota(*, team: Team, byte_size: int, images: int = 1) -> None:
    """Raise QuotaExceeded if the team has no room. The caller locks the team until the rows are written."""
    if not any(_get_limits(team)):
        return
    if not measure_usage(team).has_room_for(byte_size=byte_size, images=images):
        sentence = _("“%(team)s” has no storage left. Delete pictures permanently, or ask an administrator.")
        raise QuotaExceeded(sentence, team=team.name)


def count_teams_by_quota() -> "Counter[QuotaState]":
    """Count all teams, in two statements over teams and stored totals."""
    used = {each["team"]: each for each in ImageTotal.objects.by_team()}
    counts = Counter[QuotaState]()
    for team in Team.objects.only("max_bytes", "max_images"):
        sums = used.get(team.pk, {"bytes": 0, "images": 0})
        max_bytes, max_images = _get_limits(team)
        usage = Usage(byte_size=sums["bytes"], images=sums["images"], max_bytes=max_bytes, max_images=max_images)
        counts[usage.quota_state] += 1
    return counts


def resolve_max_bytes(max_bytes: int | None) -> int:
    """Return the limit of a team with this limit of its own; 0 means no limit."""
    return int(settings.TEAM_MAX_GB * _GIB) if max_bytes is None else max_bytes


def _get_limits(team: Team) -> tuple[int, int]:
    max_bytes = resolve_max_bytes(team.max_bytes)
    max_images = settings.TEAM_MAX_IMAGES if team.max_images is None else team.max_images
    return max_bytes, max_images
