"""The data of images that decides which are duplicates and which one to keep."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from collections_app.models import ComparedImage, Image
from collections_app.models.wall_clock import convert_to_wall_clock

KeepPriority = tuple[int, int, datetime, int]
_IMAGE_FIELDS = ("id", "sha256", "perceptual_hash", "width", "height", "byte_size", "taken_at", "created_at")


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
    facts: int | None = None
    group_id: int | None = None
    keeper_id: int | None = None

    @property
    def is_keeper(self) -> bool:
        return self.keeper_id == self.id


def compute_keep_priority(image: Image) -> KeepPriority:
    """Return a sort key; the image to keep comes first: most pixels, then largest file, then earliest."""
    date = image.taken_at or convert_to_wall_clock(image.created_at)
    return -image.width * image.height, -image.byte_size, date, image.pk


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
            id=image.pk, sha256=image.sha256, hash=image.perceptual_hash, keep_priority=priority, facts=facts
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
