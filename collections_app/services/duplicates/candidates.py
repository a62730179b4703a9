"""The data of images that decides which are duplicates and which one to keep."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from collections_app.chunks import iterate_chunks
from collections_app.models import Image, Team
from collections_app.models.wall_clock import convert_to_wall_clock

_CHUNK_SIZE = 5000


class HashedImage(NamedTuple):
    """The fields that are read of every image of a team."""

    id: int
    sha256: str
    hash: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An image that may be a duplicate. `taken_or_created_at` is a local time."""

    id: int
    sha256: str
    hash: int | None
    pixels: int
    byte_size: int
    taken_or_created_at: datetime

    @property
    def keep_priority(self) -> tuple[int, int, datetime, int]:
        """A sort key; the image to keep comes first: most pixels, then largest file, then earliest."""
        return -self.pixels, -self.byte_size, self.taken_or_created_at, self.id


def read_hashed_images(team: Team) -> list[HashedImage]:
    rows = Image.objects.not_trashed().in_team(team).order_by("pk").values_list("pk", "sha256", "perceptual_hash")
    return [HashedImage(*row) for row in rows.iterator(chunk_size=_CHUNK_SIZE)]


def read_candidates(ids: Sequence[int]) -> Iterator[Candidate]:
    """Yield the images that still exist."""
    fields = ("pk", "sha256", "perceptual_hash", "width", "height", "byte_size", "taken_at", "created_at")
    for chunk in iterate_chunks(ids, _CHUNK_SIZE):
        rows = Image.objects.not_trashed().filter(pk__in=chunk)
        for pk, sha256, value, width, height, byte_size, taken_at, created_at in rows.values_list(*fields):
            yield Candidate(
                id=pk,
                sha256=sha256,
                hash=value,
                pixels=width * height,
                byte_size=byte_size,
                taken_or_created_at=taken_at or convert_to_wall_clock(created_at),
            )
