"""Ids, read from text that people and forms send."""

import uuid
from collections.abc import Iterable

# Django's BigAutoField is a signed 64-bit integer.
_MAX_ID = 2**63 - 1
_MAX_DIGITS = len(str(_MAX_ID))


def parse_id(text: str) -> int | None:
    """Return the primary key that the text spells, 1 to 2**63 - 1, or None."""
    # int() refuses very long text with an error, so the length is checked first.
    if len(text) > _MAX_DIGITS or not text.isdecimal():
        return None
    value = int(text)
    return value if 0 < value <= _MAX_ID else None


def parse_ids(texts: Iterable[str]) -> set[int]:
    """Return the ids among the texts and ignore the others."""
    return {value for text in texts if (value := parse_id(text)) is not None}


def parse_uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
