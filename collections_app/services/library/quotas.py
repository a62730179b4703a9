"""Quotas: the storage that a team uses, and its limits. Pictures in the trash count."""

from dataclasses import dataclass

from django.conf import settings

from collections_app.errors import QuotaExceeded
from collections_app.errors import gettext_noop as _
from collections_app.models import ImageTotal, Team

_GIB = 2**30


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


def resolve_max_bytes(max_bytes: int | None) -> int:
    """Return the limit of a team with this limit of its own; 0 means no limit."""
    return int(settings.TEAM_MAX_GB * _GIB) if max_bytes is None else max_bytes


def _get_limits(team: Team) -> tuple[int, int]:
    max_bytes = resolve_max_bytes(team.max_bytes)
    max_images = settings.TEAM_MAX_IMAGES if team.max_images is None else team.max_images
    return max_bytes, max_images
