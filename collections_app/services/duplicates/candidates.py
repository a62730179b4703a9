"""What decides, of a picture, whether it is a duplicate and which one is kept. Read by the search for duplicates."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db.models.functions import Coalesce

from collections_app.models import Image, Team

_CHUNK = 5000


class HashedImage(NamedTuple):
    """The little that is read of every picture of a team."""

    id: int
    sha256: str
    hash: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """What decides of a picture: whether it is a duplicate, and which one is kept."""

    id: int
    sha256: str
    hash: int | None
    pixels: int
    byte_size: int
    since: datetime

    @property
    def keep_priority(self) -> tuple[int, int, float, int]:
        """Sorts the one to keep first: most pixels, then the largest file, then the earliest."""
        return -self.pixels, -self.byte_size, self.since.timestamp(), self.id


def read_hashed_images(team: Team) -> list[HashedImage]:
    rows = Image.objects.not_trashed().in_team(team).order_by("pk").values_list("pk", "sha256", "perceptual_hash")
    return [HashedImage(*row) for row in rows.iterator(chunk_size=_CHUNK)]


def read_candidates(ids: Sequence[int]) -> Iterator[Candidate]:
    """Those that are no more are left out."""
    fields = ("pk", "sha256", "perceptual_hash", "width", "height", "byte_size")
    for start in range(0, len(ids), _CHUNK):
        rows = Image.objects.not_trashed().filter(pk__in=ids[start : start + _CHUNK])
        for pk, sha256, value, width, height, byte_size, since in rows.values_list(
            *fields, Coalesce("taken_at", "created_at")
        ):
            yield Candidate(id=pk, sha256=sha256, hash=value, pixels=width * height, byte_size=byte_size, since=since)
