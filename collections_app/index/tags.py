"""How tags are stored and asked for, which Milvus Lite and a server cannot do alike. Used by `schema`."""

from collections.abc import Sequence
from typing import Any, Protocol

from pymilvus import CollectionSchema, DataType

_MAX_TEXT_BYTES = 65_535
_MAX_ARRAY = 4096


class TagField(Protocol):
    def add_to(self, schema: CollectionSchema) -> None: ...

    def stored(self, tags: Sequence[int]) -> Any: ...

    def holds(self, tag: int) -> str:
        """Return the condition that a tag is there."""


class TagText:
    """Sixteen hexadecimal digits each, separated by blanks.

    For Milvus Lite: it has a vectorised `like`, whereas for an array it turns every row, vector included, into Python
    objects, 50,000 rows in several seconds.
    """

    def add_to(self, schema: CollectionSchema) -> None:
        schema.add_field("tags", DataType.VARCHAR, max_length=_MAX_TEXT_BYTES)

    def stored(self, tags: Sequence[int]) -> str:
        return " ".join(f"{tag:016x}" for tag in tags)

    def holds(self, tag: int) -> str:
        return f'tags like "%{tag:016x}%"'


class TagArray:
    """An array of integers. For servers: before 2.4 their `like` finds nothing but beginnings."""

    def add_to(self, schema: CollectionSchema) -> None:
        schema.add_field("tags", DataType.ARRAY, element_type=DataType.INT64, max_capacity=_MAX_ARRAY)

    def stored(self, tags: Sequence[int]) -> list[int]:
        return list(tags)

    def holds(self, tag: int) -> str:
        return f"array_contains(tags, {tag:d})"


def read_tags(stored: Any) -> tuple[int, ...]:
    """Return the tags of a row, whichever way they were stored."""
    return tuple(int(tag, 16) for tag in stored.split()) if isinstance(stored, str) else tuple(map(int, stored))
