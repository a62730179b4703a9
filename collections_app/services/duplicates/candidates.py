"""The data of images that decides which are duplicates and which one to keep."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from collections_app.imaging import estimate_processing
from collections_app.models import ComparedImage, Image
from collections_app.models.wall_clock import convert_to_wall_clock

KeepPriority = tuple[int, int, datetime, int]
_IMAGE_FIELDS = (
    *("id", "sha256", "perceptual_hash", "width", "height", "byte_size", "format", "processing"),
    *("taken_at", "has_taken_time", "date_edited_at", "created_at"),
)


@dataclass(slots=True, kw_only=True)
class Candidate:
    """An image that may be a duplicate.

    `keeper_id` is the keeper of its group, or its own id if it is a keeper; it is None before the image is compared and
    after its keeper was deleted. `facts` is a checksum of all that decides about the image, apart from its neighbours.
    """

    id: int
    sha256: str
    hash: int | None
    keep_priority: KeepPriority
    byte_size: int
    facts: int | None = None
    group_id: int | None = None
    keeper_id: int | None = None

    @property
    def is_keeper(self) -> bool:
        return self.keeper_id == self.id


def compute_keep_priority(image: Image) -> KeepPriority:
    """Return a sort key; the image to keep comes first: most pixels, then least processed, then earliest."""
    date = image.taken_at or convert_to_wall_clock(image.created_at)
    return -image.width * image.height, _get_processing(image), date, image.pk


def _get_processing(image: Image) -> int:
    """Images that an earlier version stored have no rating."""
    if image.processing is not None:
        return image.processing
    return estimate_processing(image.format, has_taken_time=bool(image.has_taken_time and not image.date_edited_at))


def read_current_candidates(image_ids: Iterable[int], *, team_id: int, lock: bool = False) -> dict[int, Candidate]:
    """Return the images that exist in the team and outside its trash, with their present values.

    `lock`: they cannot be changed before the transaction ends.
    """
    images = Image.objects.not_trashed().filter(pk__in=image_ids, collection__team=team_id).order_by("pk")
    images = images.select_for_update(of=("self",), no_key=True) if lock else images
    candidates = {}
    for image in images.only(*_IMAGE_FIELDS, "vector_checksum"):
        priority = compute_keep_priority(image)
        facts = _compute_checksum((team_id, image.sha256, image.perceptual_hash, image.vector_checksum, priority))
        candidates[image.pk] = Candidate(
            id=image.pk,
            sha256=image.sha256,
            hash=image.perceptual_hash,
            keep_priority=priority,
            byte_size=image.byte_size,
            facts=facts,
        )
    return candidates


def read_compared_candidates(image_ids: Iterable[int], *, team_id: int) -> dict[int, Candidate]:
    """Return those of the images that were compared in this team, with their place in the duplicate groups."""
    rows = ComparedImage.objects.filter(pk__in=image_ids, team=team_id).select_related("image", "group")
    return {
        row.pk: Candidate(
            id=row.pk,
            sha256=row.image.sha256,
            hash=row.perceptual_hash,
            keep_priority=compute_keep_priority(row.image),
            byte_size=row.image.byte_size,
            facts=row.facts,
            group_id=row.group_id,
            keeper_id=row.group.keeper_id if row.group else row.pk,
        )
        for row in rows.only(
            *(f"image__{name}" for name in _IMAGE_FIELDS), "perceptual_hash", "facts", "team", "group__keeper"
        )
    }


def _compute_checksum(values: object) -> int:
    digest = hashlib.blake2b(repr(values).encode(), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)
