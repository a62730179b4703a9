"""The state of the site for the dashboard of the administration: queue, teams, checks of the index and versions.

Totals that triggers keep are read, so the number of pictures does not matter.
"""

import functools
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import metadata
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection
from django.db.models import Count, Q, QuerySet, Sum
from django.utils.translation import gettext as _

from collections_app.models import ImageTotal, IndexingPause, IndexJob, IndexState, Team
from collections_app.services.indexing.kept_models import find_latest_name
from collections_app.services.library.quotas import resolve_max_bytes

TEAMS_SHOWN = 50
_REASONS_SHOWN = 10
# Their versions are read from the installed packages, so that none of them is imported.
_PACKAGES = ("Django", "pymilvus", "milvus-lite", "torch", "transformers", "pillow")


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureReason:
    error: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueState:
    """`oldest` is when the job that has waited longest was queued. `reasons` are the most frequent ones."""

    waiting: int
    failed: int
    oldest: datetime | None
    reasons: Sequence[FailureReason]
    pause: IndexingPause | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageState:
    """How many images a search can find, of those outside the trash, and what all take up. 0 `max_bytes`: no limit."""

    searchable: int = 0
    failed: int = 0
    total: int = 0
    stored_bytes: int = 0
    max_bytes: int = 0

    @property
    def waiting(self) -> int:
        return self.total - self.searchable - self.failed

    @property
    def percent(self) -> int:
        """The searchable part, rounded down, so that 100 means all."""
        return 100 * self.searchable // self.total if self.total else 100


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamState:
    team: Team
    images: ImageState


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamPage:
    """Some teams in the order of their ids. `next_id` is the team that the next page follows, or None."""

    teams: Sequence[TeamState]
    next_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    name: str
    value: str


def read_queue_state() -> QueueState:
    """The queue of a rebuild may be long: its number is read from an index, and the oldest job by its id."""
    waiting = IndexJob.objects.waiting()
    reasons = IndexJob.objects.failed().values_list("error").annotate(count=Count("pk")).order_by("-count", "error")
    found = list(reasons)
    return QueueState(
        waiting=waiting.count(),
        failed=sum(count for _reason, count in found),
        oldest=waiting.find_oldest(),
        reasons=[FailureReason(error=error, count=count) for error, count in found[:_REASONS_SHOWN]],
        pause=IndexingPause.objects.select_related("paused_by").first(),
    )


def measure_site() -> ImageState:
    """Return the sums over all teams."""
    return ImageState(**ImageTotal.objects.aggregate(**_sum_states()))


def read_team_page(*, after_id: int = 0, is_incomplete: bool = False) -> TeamPage:
    """Return the teams that follow a team; with `is_incomplete` only those with waiting or failed images."""
    teams = Team.objects.filter(pk__gt=after_id).order_by("pk")
    if is_incomplete:
        teams = teams.filter(pk__in=_list_incomplete_team_ids())
    found = list(teams[: TEAMS_SHOWN + 1])
    shown = found[:TEAMS_SHOWN]
    totals = ImageTotal.objects.filter(collection__team__in=[team.pk for team in shown]).order_by()
    grouped: Any = totals.values("collection__team").annotate(**_sum_states())
    sums = {row.pop("collection__team"): row for row in grouped}
    states = [
        TeamState(team=team, images=ImageState(max_bytes=resolve_max_bytes(team.max_bytes), **sums.get(team.pk, {})))
        for team in shown
    ]
    return TeamPage(teams=states, next_id=shown[-1].pk if len(found) > TEAMS_SHOWN else None)


@functools.cache
def list_versions() -> Sequence[Version]:
    packages = [Version(name=name, value=_get_version(name)) for name in _PACKAGES]
    return [
        Version(name="imagesearch", value=settings.PRODUCT_VERSION),
        Version(name="Python", value=platform.python_version()),
        *packages,
    ]


def list_modes() -> Sequence[Version]:
    """Return which services the site uses. No address contains a password or a token."""
    host = urlsplit(settings.MILVUS_URI).hostname
    bucket = settings.STORAGES["default"]["OPTIONS"].get("bucket_name")
    server, folder = _("Milvus server at %(host)s") % {"host": host}, settings.DATA_DIR / "uploads"
    return [
        Version(name=_("Database"), value=_describe_database()),
        Version(name=_("Index"), value=server if host else "Milvus Lite"),
        Version(name=_("Pictures"), value=_("bucket %(name)s") % {"name": bucket} if bucket else str(folder)),
        Version(name=_("Model"), value=find_latest_name()),
    ]


def _list_incomplete_team_ids() -> "QuerySet[ImageTotal, Any]":
    """Two ranges of an index of the totals: most teams have no row in them."""
    incomplete = ImageTotal.objects.not_trashed().unindexed()
    sums = incomplete.order_by().values("collection__team").annotate(sum=Sum("image_count"))
    return sums.filter(sum__gt=0).values("collection__team")


def _get_version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def _describe_database() -> str:
    return f"{connection.display_name} {'.'.join(map(str, connection.get_database_version()))}"


def _sum_states() -> dict[str, Sum]:
    """Return the aggregates for the fields of ImageState."""
    shown = Q(is_trashed=False)
    return {
        "searchable": Sum("image_count", filter=shown & Q(index_state=IndexState.INDEXED), default=0),
        "failed": Sum("image_count", filter=shown & Q(index_state=IndexState.FAILED), default=0),
        "total": Sum("image_count", filter=shown, default=0),
        "stored_bytes": Sum("byte_size", default=0),
    }
