"""The layout of entries in Milvus: names, fields, rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from hashlib import sha256
from typing import Any, Protocol

from pymilvus import CollectionSchema, DataType, MilvusClient

from collections_app.index.types import Entry, Record

# Raise it with every change of the fields and add the previous one below: a new Milvus collection is started, the
# vectors are copied from the older one, and a data migration must queue every image for that.
VERSION = 2
SUPERSEDED_VERSIONS = (1,)

SCALARS = tuple(field.name for field in fields(Entry) if field.name != "id")
_NUMBERS = tuple(name for name in SCALARS if name != "tags")
_TEAM = "team_"
_MAX_TAG_TEXT_BYTES = 65_535
_MAX_TAG_ARRAY = 4096


class TagField(Protocol):
    """How tags are stored and filtered: Milvus Lite and servers need different fields."""

    def add_to(self, schema: CollectionSchema) -> None: ...

    def pack(self, tags: Sequence[int]) -> Any: ...

    def build_filter(self, tag: int) -> str:
        """Return the Milvus expression for rows that have the tag."""


class TagText:
    """Sixteen hexadecimal digits per tag, separated by spaces.

    For Milvus Lite: its `like` is vectorised, while filtering an array turns every row, vector included, into Python
    objects (several seconds for 50,000 rows).
    """

    def add_to(self, schema: CollectionSchema) -> None:
        schema.add_field("tags", DataType.VARCHAR, max_length=_MAX_TAG_TEXT_BYTES)

    def pack(self, tags: Sequence[int]) -> str:
        return " ".join(f"{tag:016x}" for tag in tags)

    def build_filter(self, tag: int) -> str:
        return f'tags like "%{tag:016x}%"'


class TagArray:
    """An array of integers. For servers: before 2.4 their `like` matches prefixes only."""

    def add_to(self, schema: CollectionSchema) -> None:
        schema.add_field("tags", DataType.ARRAY, element_type=DataType.INT64, max_capacity=_MAX_TAG_ARRAY)

    def pack(self, tags: Sequence[int]) -> list[int]:
        return list(tags)

    def build_filter(self, tag: int) -> str:
        return f"array_contains(tags, {tag:d})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The differences between Milvus Lite and servers. `index_params` belong to the index of the vectors."""

    index_type: str
    metric: str
    index_params: Mapping[str, int]
    tags: TagField

    def build_schema(self, model_key: str, dim: int) -> CollectionSchema:
        schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False, description=model_key)
        schema.add_field("id", DataType.INT64, is_primary=True)
        schema.add_field("vector", DataType.FLOAT_VECTOR, dim=dim)
        for name in _NUMBERS:
            schema.add_field(name, DataType.INT64)
        self.tags.add_to(schema)
        return schema

    def build_row(self, record: Record) -> dict[str, Any]:
        numbers = {name: getattr(record.entry, name) for name in _NUMBERS}
        tags = self.tags.pack(record.entry.tags)
        return {"id": record.entry.id, "vector": record.vector, **numbers, "tags": tags}


# Milvus Lite searches exactly: all vectors are in one list, so none is skipped. Its FLAT copies the vectors for each
# search and takes three times as long, with COSINE six times. The owner of the store builds the index again if its
# parameters have changed; vectors and entries stay. A server or Zilliz Cloud selects its own index type.
EMBEDDED = Layout(index_type="IVF_FLAT", metric="IP", index_params={"nlist": 1}, tags=TagText())
SERVER = Layout(index_type="AUTOINDEX", metric="COSINE", index_params={}, tags=TagArray())


def make_collection_name(model_key: str, version: int = VERSION, number: int = 1) -> str:
    """Return the name of a model's Milvus collection with this number. The first one's ends without it."""
    prefix = "images" if version == 1 else f"images_v{version}"
    name = f"{prefix}_{sha256(model_key.encode()).hexdigest()[:16]}"
    return name if number == 1 else f"{name}_{number:d}"


def parse_collection_number(name: str, model_key: str, version: int = VERSION) -> int:
    """Return the number in the name of a Milvus collection; 0 if it belongs to another model or version."""
    first = make_collection_name(model_key, version)
    suffix = name.removeprefix(f"{first}_")
    return 1 if name == first else int(suffix) if suffix != name and suffix.isdecimal() else 0


def make_partition_name(team_id: int) -> str:
    return f"{_TEAM}{team_id:d}"


def parse_team_id(partition: str) -> int:
    return int(partition.removeprefix(_TEAM))


def is_team_partition(partition: str) -> bool:
    """Return whether the partition is a team's, not Milvus' own `_default`."""
    return partition.startswith(_TEAM)


def parse_entry(row: dict[str, Any], team_id: int) -> Entry:
    """Return the entry of a row. `team_id` is that of the partition where it was found, not the one in the row."""
    numbers = {name: int(row[name]) for name in _NUMBERS}
    return Entry(id=int(row["id"]), tags=_unpack_tags(row["tags"]), **{**numbers, "team_id": team_id})


def _unpack_tags(stored: Any) -> tuple[int, ...]:
    return tuple(int(tag, 16) for tag in stored.split()) if isinstance(stored, str) else tuple(map(int, stored))
