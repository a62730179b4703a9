"""PostgreSQL, a bucket and a Milvus server for whole sites; `python -m tests.with_services` starts the first two."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import boto3
import psycopg
import pytest
from django.db import connection
from pymilvus import MilvusClient
from pytest_django import Settings


@contextmanager
def lend_servers(settings: Settings, milvus_uri: str) -> Iterator[dict[str, str]]:
    """Yield the settings of an installation with an empty database, no files and no vectors; delete all of them
    afterwards. Skip without PostgreSQL and a bucket.
    """
    options = settings.STORAGES["default"]["OPTIONS"]
    if connection.vendor != "postgresql" or "bucket_name" not in options:
        pytest.skip("needs PostgreSQL and a bucket: python -m tests.with_services")
    database, name = connection.settings_dict, f"site_{uuid.uuid4().hex[:8]}"
    address = {"host": database["HOST"], "port": database["PORT"], "user": database["USER"]}
    with psycopg.connect(dbname="postgres", autocommit=True, **address) as server:
        server.execute(f'CREATE DATABASE "{name}"')
        try:
            yield {
                "DATABASE_URL": f"postgresql://{address['user']}@{address['host']}:{address['port']}/{name}",
                "STORAGE_URL": f"s3://{options['bucket_name']}/{name}",
                "MILVUS_URI": milvus_uri,
            }
        finally:
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
            bucket = boto3.resource("s3").Bucket(options["bucket_name"])
            bucket.objects.filter(Prefix=f"{name}/").delete()
            _drop_vectors(milvus_uri)


def _drop_vectors(milvus_uri: str) -> None:
    client = MilvusClient(milvus_uri)
    for name in client.list_collections():
        client.drop_collection(name)
    client.close()
