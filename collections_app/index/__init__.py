"""The vector index: which pictures lie near a vector. Services call `open_index`; pymilvus is loaded on first use."""

import os
import threading
from importlib import import_module
from typing import Any

from collections_app.index.types import (
    MOST_TAGS,
    NO_FILTERS,
    NO_TEAM,
    UNKNOWN,
    Entry,
    Filters,
    Hit,
    Record,
    VectorIndex,
)
from collections_app.index.words import hash_token

__all__ = [
    "MOST_TAGS",
    "NO_FILTERS",
    "NO_TEAM",
    "UNKNOWN",
    "Entry",
    "Filters",
    "Hit",
    "Record",
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
    """Return this process's index of one model, made on first use; Milvus is contacted by its methods, not here."""
    with _lock:
        if not _connections:
            _connections.append(import_module("collections_app.index.connection").connection_from_settings())
        if (model_key, dim) not in _indexes:
            milvus = import_module("collections_app.index.milvus")
            _indexes[model_key, dim] = milvus.MilvusIndex(_connections[0], model_key=model_key, dim=dim)
        return _indexes[model_key, dim]


def close_index() -> None:
    """Disconnect and, where this process serves the embedded store, hand it over. The next `open_index` starts anew."""
    with _lock:
        _indexes.clear()
        while _connections:
            _connections.pop().close()


def _forget_after_fork() -> None:
    """Leave the parent's connection alone: it is kept, unused, since gRPC objects must not be destroyed in a child."""
    global _lock
    _lock = threading.Lock()
    _inherited.extend([*_connections, *_indexes.values()])
    _connections.clear()
    _indexes.clear()


os.register_at_fork(after_in_child=_forget_after_fork)
