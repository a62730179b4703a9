"""The vector index: stores the images' vectors and finds the nearest. pymilvus is loaded on first use."""

import os
import threading
from importlib import import_module
from typing import Any

from collections_app.index.types import (
    MAX_INDEXED_TAGS,
    TRASH_PARTITION,
    UNKNOWN,
    AnyOf,
    Compares,
    Condition,
    Entry,
    HasTag,
    Hit,
    IsBetween,
    IsIn,
    Not,
    Record,
    Vector,
    VectorIndex,
    hash_token,
)

__all__ = [
    "MAX_INDEXED_TAGS",
    "TRASH_PARTITION",
    "UNKNOWN",
    "AnyOf",
    "Compares",
    "Condition",
    "Entry",
    "HasTag",
    "Hit",
    "IsBetween",
    "IsIn",
    "Not",
    "Record",
    "Vector",
    "VectorIndex",
    "close_index",
    "hash_token",
    "open_index",
]

_lock = threading.Lock()
_connections: list[Any] = []
_indexes: dict[tuple[str, int], VectorIndex] = {}
_inherited: list[Any] = []


def open_index(*, model_key: str, dim: int) -> VectorIndex:
    """Return this process's index of one model. It connects to Milvus on the first call of a method."""
    with _lock:
        if not _connections:
            _connections.append(import_module("collections_app.index.connection").make_connection())
        if (model_key, dim) not in _indexes:
            milvus = import_module("collections_app.index.milvus")
            _indexes[model_key, dim] = milvus.MilvusIndex(_connections[0], model_key=model_key, dim=dim)
        return _indexes[model_key, dim]


def close_index() -> None:
    """Disconnect and, if this process owns the embedded store, release it. `open_index` connects again."""
    with _lock:
        _indexes.clear()
        while _connections:
            _connections.pop().close()


def _reset_after_fork() -> None:
    """Keep the parent's connections unused in a forked child, where gRPC objects must not be destroyed."""
    global _lock
    _lock = threading.Lock()
    _inherited.extend([*_connections, *_indexes.values()])
    _connections.clear()
    _indexes.clear()


os.register_at_fork(after_in_child=_reset_after_fork)
