"""How entries are laid out in Milvus: names, fields, rows. Used by `collection` and `milvus` alone."""

from dataclasses import dataclass, fields
from hashlib import sha256
from typing import Any

from pymilvus import CollectionSchema, DataType, MilvusClient

from collections_app.index.tags import TagArray, TagField, TagText, read_tags
from collections_app.index.types import Entry, Record

# To be raised with every change of the fields, and the former one added below: another Milvus collection is begun, the
# vectors are taken over from the older one, and a data migration queues every image, so that they are.
VERSION = 2
SUPERSEDED_VERSIONS = (1,)

SCALARS = tuple(field.name for field in fields(Entry) if field.name != "id")
_NUMBERS = tuple(name for name in SCALARS if name != "tags")
_TEAM = "team_"


def collection_name(model_key: str, version: int = VERSION) -> str:
    prefix = "images" if version == 1 else f"images_v{version}"
    return f"{prefix}_{sha256(model_key.encode()).hexdigest()[:16]}"


def partition_name(team_id: int) -> str:
    return f"{_TEAM}{team_id:d}"


def team_of(partition: str) -> int:
    return int(partition.removeprefix(_TEAM))


def is_team(partition: str) -> bool:
    """Tell a team's partition from Milvus' own `_default`."""
    return partition.startswith(_TEAM)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What differs between Milvus Lite and servers."""

    index_type: str
    tags: TagField

    def collection_schema(self, model_key: str, dim: int) -> CollectionSchema:
        schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False, description=model_key)
        schema.add_field("id", DataType.INT64, is_primary=True)
        schema.add_field("vector", DataType.FLOAT_VECTOR, dim=dim)
        for name in _NUMBERS:
            schema.add_field(name, DataType.INT64)
        self.tags.add_to(schema)
        return schema

    def row(self, record: Record) -> dict[str, Any]:
        numbers = {name: getattr(record.entry, name) for name in _NUMBERS}
        tags = self.tags.stored(record.entry.tags)
        return {"id": record.entry.id, "vector": record.vector, **numbers, "tags": tags}


# Exact on Milvus Lite, whose partitions are small; what a server or Zilliz Cloud thinks best there.
EMBEDDED = Layout(index_type="FLAT", tags=TagText())
SERVER = Layout(index_type="AUTOINDEX", tags=TagArray())


def entry(stored: dict[str, Any], partition: str) -> Entry:
    """Return the entry of a row; its team is the one whose partition it was found in, whatever the row says."""
    numbers = {name: int(stored[name]) for name in _NUMBERS}
    return Entry(id=int(stored["id"]), tags=read_tags(stored["tags"]), **{**numbers, "team_id": team_of(partition)})
