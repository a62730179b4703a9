"""The vector index: stores the images' vectors and finds the most similar. pymilvus is loaded on first use."""

import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from django.conf import settings

from collections_app.index.directory import PartitionDirectory
from collections_app.index.file_locks import is_locked
from collections_app.index.types import (
    MAX_INDEXED_TAGS,
    TRASH_PARTITION,
    UNKNOWN,
    AnyOf,
    Compares,
    Condition,
    Damage,
    Entry,
    HasTag,
    Hit,
    IsBetween,
    IsIn,
    Not,
    Places,
    Record,
    StoredVectors,
    Vector,
    VectorIndex,
    hash_token,
    is_unit,
)

__all__ = [
    "MAX_INDEXED_TAGS",
    "TRASH_PARTITION",
    "UNKNOWN",
    "AnyOf",
    "Compares",
    "Condition",
    "Damage",
    "Entry",
    "HasTag",
    "Hit",
    "IsBetween",
    "IsIn",
    "Not",
    "PartitionDirectory",
    "Places",
    "Record",
    "StoredVectors",
    "Vector",
    "VectorIndex",
    "check_index",
    "close_index",
    "find_store_damage",
    "get_store_owner",
    "hash_token",
    "is_unit",
    "measure_store",
    "open_index",
    "read_stored_vectors",
    "set_store_aside",
]

_lock = threading.Lock()
_connections: list[Any] = []
_indexes: dict[tuple[str, int], VectorIndex] = {}
_inherited: list[Any] = []


def open_index(*, model_key: str, dim: int, directory: PartitionDirectory | None = None) -> VectorIndex:
    """Return this process's index of one model. It connects to Milvus on the first call of a method.

    `directory` is the one of the first call for a model. Without it, one Milvus collection holds all partitions.
    """
    with _lock:
        connection = _get_connection()
        if (model_key, dim) not in _indexes:
            milvus = import_module("collections_app.index.milvus")
            _indexes[model_key, dim] = milvus.MilvusIndex(connection, model_key=model_key, dim=dim, directory=directory)
        return _indexes[model_key, dim]


def check_index(*, timeout_s: float) -> None:
    """Raise IndexUnavailable unless Milvus, or the owner of the embedded store, answers. Needs no model."""
    with _lock:
        connection = _get_connection()
    connection.run(lambda client: client.list_collections(timeout=timeout_s))


def close_index() -> None:
    """Disconnect and, if this process owns the embedded store, release it. `open_index` connects again."""
    with _lock:
        _indexes.clear()
        while _connections:
            _connections.pop().close()


def find_store_damage(*, deep: bool = False) -> Damage | None:
    """Return a damaged file of the embedded store; None if there is none, or if a Milvus server is used.

    `deep` reads whole files and compares the two copies of the vectors.
    """
    if settings.MILVUS_URI:
        return None
    found: Damage | None = import_module("collections_app.index.store_files").find_damage(_get_data_dir(), deep=deep)
    return found


def get_store_owner() -> int:
    """Return the id of the process that owns the embedded store; 0 if there is none, or if a Milvus server is used."""
    path = Path(settings.EMBEDDED_STORE_DIR) / "owner.lock"
    if settings.MILVUS_URI or not is_locked(path):
        return 0
    return int(path.read_text() or 0)


def measure_store() -> int:
    """Return the bytes of the embedded store's files; 0 with a Milvus server."""
    if settings.MILVUS_URI:
        return 0
    total = 0
    for folder, _, names in os.walk(_get_data_dir()):
        for name in names:
            with suppress(FileNotFoundError):  # Milvus Lite merges files meanwhile
                total += os.lstat(Path(folder) / name).st_size
    return total


def set_store_aside() -> Path | None:
    """Rename the files of the embedded store and return where they are now. Every process starts a new store.

    Nothing is deleted. Returns None if there are no files. Raises IndexUnavailable if another process keeps the store
    open.
    """
    close_index()
    embedded_store = import_module("collections_app.index.embedded_store")
    with embedded_store.EmbeddedStore(settings.EMBEDDED_STORE_DIR).hold_released():
        if not _get_data_dir().exists():
            return None
        aside = settings.EMBEDDED_STORE_DIR / f"damaged-{datetime.now():%Y%m%d-%H%M%S-%f}"
        return _get_data_dir().rename(aside)


def read_stored_vectors(store: Path | None = None, *, model_key: str) -> Iterator[StoredVectors]:
    """Yield the vectors of one model from the files of the embedded store, or of one that was set aside."""
    schema = import_module("collections_app.index.schema")
    store_files = import_module("collections_app.index.store_files")
    folder = store or _get_data_dir()
    for version in (*schema.SUPERSEDED_VERSIONS, schema.VERSION):
        for name in store_files.list_collections(folder):
            if schema.parse_collection_number(name, model_key, version):
                yield from store_files.iterate_stored_vectors(folder, name)


def _get_connection() -> Any:
    """Return this process's connection. The caller holds the lock."""
    if not _connections:
        _connections.append(import_module("collections_app.index.connection").make_connection())
    return _connections[0]


def _get_data_dir() -> Path:
    return Path(settings.EMBEDDED_STORE_DIR) / "store.db"


def _reset_after_fork() -> None:
    """Keep the parent's connections unused in a forked child, where gRPC objects must not be destroyed."""
    global _lock
    _lock = threading.Lock()
    _inherited.extend([*_connections, *_indexes.values()])
    _connections.clear()
    _indexes.clear()


os.register_at_fork(after_in_child=_reset_after_fork)
