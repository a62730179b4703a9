"""The one translation of a row into what the index holds of it."""

import logging

from collections_app.index import MOST_TAGS, NO_TEAM, UNKNOWN, Entry, hash_token
from collections_app.models import Image

log = logging.getLogger(__name__)


def index_entry(image: Image) -> Entry:
    """Return what the index holds of a row beside its vector. Needs the collection loaded."""
    return Entry(
        id=image.pk,
        team_id=NO_TEAM if image.trashed_at else image.collection.team_id,
        collection_id=image.collection_id,
        uploader_id=image.uploader_id or UNKNOWN,
        taken_at=int(image.taken_at.timestamp()) if image.taken_at else UNKNOWN,
        created_at=int(image.created_at.timestamp()),
        width=image.width,
        height=image.height,
        content=int.from_bytes(bytes.fromhex(image.sha256[:16]), "big", signed=True),
        format=hash_token(image.format),
        tags=_tags(image),
    )


def entry_or_none(image: Image) -> Entry | None:
    """Return the entry; None for a row that cannot have one, such as one whose checksum is no hexadecimal number."""
    try:
        return index_entry(image)
    except (ValueError, TypeError, ArithmeticError) as error:
        log.warning("Image %s holds what the index cannot: %s", image.pk, error)
        return None


def _tags(image: Image) -> tuple[int, ...]:
    """The administration lets people write any JSON there: what is no text is no tag."""
    if not isinstance(image.tags, list) or len(image.tags) > MOST_TAGS:
        raise ValueError("The tags are no list, or too many.")
    return tuple(sorted({hash_token(tag) for tag in image.tags if isinstance(tag, str)}))
