"""The index entry of an image row."""

import logging
import zlib

from collections_app.index import MAX_INDEXED_TAGS, TRASH_PARTITION, UNKNOWN, Entry, Vector, hash_token
from collections_app.models import Image, Team
from collections_app.models.image import ImageQuerySet
from collections_app.models.wall_clock import count_wall_clock_seconds

log = logging.getLogger(__name__)


def build_entry(image: Image) -> Entry:
    """Return the entry that is stored beside the image's vector. The image needs its collection loaded."""
    return Entry(
        id=image.pk,
        team_id=get_partition_id(image),
        collection_id=image.collection_id,
        uploader_id=image.uploader_id or UNKNOWN,
        taken_at=_count_taken_seconds(image),
        created_at=int(image.created_at.timestamp()),
        width=image.width,
        height=image.height,
        content=int.from_bytes(bytes.fromhex(image.sha256[:16]), "big", signed=True),
        format=hash_token(image.format),
        tags=_hash_tags(image),
    )


def get_partition_id(image: Image) -> int:
    """Return the partition of the image's entry: its team, or TRASH_PARTITION."""
    return TRASH_PARTITION if image.trashed_at else image.collection.team_id


def select_partition(images: ImageQuerySet, partition_id: int) -> ImageQuerySet:
    """Return the images whose entries belong in the partition of a team, or in TRASH_PARTITION."""
    if partition_id == TRASH_PARTITION:
        return images.trashed()
    return images.not_trashed().in_team(Team(pk=partition_id))


def compute_vector_checksum(vector: Vector) -> int:
    """Return the CRC-32 of the vector as little-endian 32-bit floats."""
    return zlib.crc32(vector.astype("<f4").tobytes())


def build_entry_or_none(image: Image) -> Entry | None:
    """Return the entry, or None for an invalid row, for example one whose checksum is not hexadecimal."""
    try:
        return build_entry(image)
    except (ValueError, TypeError, ArithmeticError) as error:
        log.warning("Image %s has values that the index cannot store: %s", image.pk, error)
        return None


def _count_taken_seconds(image: Image) -> int:
    """Return UNKNOWN without a date. The first second of 1970 equals UNKNOWN, so the next second is used for it."""
    return (count_wall_clock_seconds(image.taken_at) or UNKNOWN + 1) if image.taken_at else UNKNOWN


def _hash_tags(image: Image) -> tuple[int, ...]:
    """Administrators can store any JSON as tags; values that are not text are ignored."""
    if not isinstance(image.tags, list) or len(image.tags) > MAX_INDEXED_TAGS:
        raise ValueError("The tags are not a list, or there are too many.")
    return tuple(sorted({hash_token(tag) for tag in image.tags if isinstance(tag, str)}))
