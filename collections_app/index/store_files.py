"""The files of the embedded store, read without its server: damaged files, and the vectors that are readable."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from collections_app.index.types import Damage, StoredVectors

_MANIFESTS = ("manifest.json", "manifest.json.prev")
# The owner writes some files in place, so a file that cannot be read is checked again.
_WRITING_S = 1.0
_Check = Callable[[Path], object]
# faiss raises RuntimeError.
_UNREADABLE = (OSError, ValueError, EOFError, LookupError, TypeError, RuntimeError)


def find_damage(store: Path, *, deep: bool = False) -> Damage | None:
    """Return the first damaged file of a store that may be in use; None if every file can be read.

    `deep` reads all files whole and compares the two copies of the vectors. Otherwise it reads the ends of the data
    files, and the index files.
    """
    found = _find_first(store, deep)
    if found is None:
        return None
    time.sleep(_WRITING_S)
    return _find_first(store, deep)


def list_collections(store: Path) -> list[str]:
    """Return the names of the Milvus collections of a store."""
    return sorted(path.name for path in store.glob("collections/*"))


def iterate_stored_vectors(store: Path, collection: str) -> Iterator[StoredVectors]:
    """Yield the vectors of one Milvus collection from each data file that can be read; skip the others.

    An id may occur several times: deleted and older rows are included.
    """
    for path in sorted((store / "collections" / collection).glob("partitions/*/data/*.parquet")):
        with suppress(*_UNREADABLE):
            yield _read_vectors(path)


def _find_first(store: Path, deep: bool) -> Damage | None:
    if store.exists() and not store.is_dir():
        return Damage(path=store, reason="not a folder: a store of another version of Milvus Lite")
    for name in list_collections(store):
        for path, check in _iterate_checks(store / "collections" / name, deep):
            try:
                check(path)
            except FileNotFoundError:
                continue  # the owner has removed it meanwhile
            except _UNREADABLE as error:
                return Damage(path=path, reason=str(error) or type(error).__name__)
    return None


def _iterate_checks(collection: Path, deep: bool) -> Iterator[tuple[Path, _Check]]:
    yield collection / "schema.json", _check_json
    yield collection / _MANIFESTS[0], _check_manifests
    for path in sorted(collection.glob("partitions/*/d*/*.parquet")):
        yield path, pq.read_table if deep else pq.read_metadata
    for path in sorted(collection.glob("partitions/*/indexes/*.ivf_flat.idx")):
        yield path, _compare_copies if deep else _read_index


def _check_json(path: Path) -> None:
    json.loads(path.read_bytes())


def _check_manifests(path: Path) -> None:
    """Raise ValueError if neither of the two can be read."""
    problems = []
    for name in _MANIFESTS:
        try:
            return _check_json(path.with_name(name))
        except FileNotFoundError:
            continue
        except ValueError as error:
            problems.append(error)
    if problems:
        raise problems[0]
    return None


def _read_index(path: Path) -> Any:
    if not path.exists():
        raise FileNotFoundError(path)
    return faiss.read_index(str(path))


def _compare_copies(path: Path) -> None:
    """Compare the vectors of an index file, which searches read, with those of its data file."""
    index = _read_index(path)
    index.make_direct_map()
    indexed = index.reconstruct_n(0, index.ntotal)
    stored = _read_vectors(path.parent.parent / "data" / f"{path.name.split('.')[0]}.parquet")
    if not np.array_equal(indexed, stored.vectors):
        raise ValueError("its vectors differ from those of the data file")


def _read_vectors(path: Path) -> StoredVectors:
    table = pq.read_table(path, columns=["id", "_seq", "content", "vector"])
    vectors = table["vector"].combine_chunks()
    if not isinstance(vectors, pa.FixedSizeListArray):
        raise ValueError("it holds no vectors")
    values = vectors.flatten().to_numpy(zero_copy_only=False).astype(np.float32, copy=False)
    return StoredVectors(
        ids=table["id"].to_numpy(),
        sequence_numbers=table["_seq"].to_numpy(),
        contents=table["content"].to_numpy(),
        vectors=values.reshape(len(table), -1),
    )
