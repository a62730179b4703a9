"""The Milvus collection that the first version of the schema made, for the tests of upgrades."""

from collections.abc import Mapping
from typing import Any

from pymilvus import DataType, MilvusClient

from collections_app.index.schema import make_collection_name, make_partition_name

_FIELDS = ("team_id", "collection_id", "uploader_id", "taken_at", "created_at", "width", "height", "content")


def store_as_version_1(client: MilvusClient, *, model_key: str, team_id: int, vectors: Mapping[int, Any]) -> None:
    name, partition = make_collection_name(model_key, version=1), make_partition_name(team_id)
    schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=len(next(iter(vectors.values()))))
    for field in _FIELDS:
        schema.add_field(field, DataType.INT64)
    client.create_collection(name, schema=schema, consistency_level="Strong")
    parameters = client.prepare_index_params()
    parameters.add_index("vector", index_type="FLAT", metric_type="COSINE")
    client.create_index(name, parameters)
    client.create_partition(name, partition)
    rows = [{"id": an_id, "vector": vector, **dict.fromkeys(_FIELDS, 1)} for an_id, vector in vectors.items()]
    client.insert(name, rows, partition_name=partition)
