"""How entries are laid out in Milvus: names, fields, rows. Used by `milvus` alone."""

from collections.abc import Iterable
from dataclasses import fields
from hashlib import sha256
from operator import index as integer
from typing import Any

from pymilvus import CollectionSchema, DataType, MilvusClient

from collections_app.index.contract import Entry, Record

SCALARS = tuple(field.name for field in fields(Entry) if field.name != "id")
_TEAM = "team_"


def collection_name(model_key: str) -> str:
    return f"images_{sha256(model_key.encode()).hexdigest()[:16]}"


def partition_name(team_id: int) -> str:
    return f"{_TEAM}{team_id:d}"


def team_of(partition: str) -> int:
    return int(partition.removeprefix(_TEAM))


def is_team(partition: str) -> bool:
    """Tell a team's partition from Milvus' own `_default`."""
    return partition.startswith(_TEAM)


def collection_schema(model_key: str, dim: int) -> CollectionSchema:
    schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False, description=model_key)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=dim)
    for name in SCALARS:
        schema.add_field(name, DataType.INT64)
    return schema


def among(field: str, values: Iterable[int]) -> str:
    """Return the condition that a field has one of the values. Raises TypeError for what is not an integer."""
    return f"{field} in [{', '.join(str(integer(value)) for value in values)}]"


def row(record: Record) -> dict[str, Any]:
    scalars = {name: getattr(record.entry, name) for name in SCALARS}
    return {"id": record.entry.id, "vector": record.vector, **scalars}


def entry(stored: dict[str, Any], partition: str) -> Entry:
    """Return the entry of a row; its team is the one whose partition it was found in, whatever the row says."""
    scalars = {name: int(stored[name]) for name in SCALARS}
    return Entry(id=int(stored["id"]), **{**scalars, "team_id": team_of(partition)})
