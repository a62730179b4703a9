"""The exact index types of Milvus Lite beside numpy on the same vectors. The last one is the one in use.

`python -m tests.benchmarks.exact_search [--vectors 100000] [--dim 512] [--queries 20] [--seed 1]`. All vectors lie in
one team; another process owns the store. The collection gets each index in turn and is searched without the
application's layer: for 10, 200 and 1,000 hits, inside half of the entries, and 50 times at once. Prints what was run,
on what, medians, the owner's processor time for each search, its memory and the recall.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pymilvus import MilvusClient

from collections_app.index import Entry, Record
from collections_app.index.connection import Connection
from collections_app.index.embedded_store import EmbeddedStore
from collections_app.index.milvus import MilvusIndex
from collections_app.index.schema import EMBEDDED, make_collection_name, make_partition_name
from tests.benchmarks.printing import print_machine
from tests.benchmarks.resources import read_memory_mib, read_processor_s, reset_peak_memory
from tests.picture_rows import Vectors, draw_units

_MODEL_KEY = "benchmark"
_NAME = make_collection_name(_MODEL_KEY)
_TEAM = 1
_CHUNK = 5000
_AT_ONCE = 50
_KINDS = {
    "FLAT, COSINE": ("FLAT", "COSINE", {}),
    "FLAT, IP": ("FLAT", "IP", {}),
    f"{EMBEDDED.index_type}, {EMBEDDED.metric}": (EMBEDDED.index_type, EMBEDDED.metric, dict(EMBEDDED.index_params)),
}


def main() -> None:
    options = _options()
    if options.own:
        _own(options.own)
        return
    vectors = draw_units(np.random.default_rng(options.seed), options.vectors, options.dim)
    queries = draw_units(np.random.default_rng(options.seed + 1), options.queries, options.dim)
    _print_setting(options)
    _measure("numpy", "1,000 hits", partial(_rank, vectors), queries, os.getpid())
    with tempfile.TemporaryDirectory(prefix="imagesearch-bench-") as scratch:
        directory = Path(scratch) / "index"
        _fill(directory, vectors)
        owner = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.exact_search", "--own", str(directory)], stdin=subprocess.PIPE
        )
        connection = Connection(EmbeddedStore(directory))
        try:
            _wait_until_served(directory)
            for name, kind in _KINDS.items():
                connection.run(partial(_build_index, kind=kind))
                connection.run(partial(_measure_kind, name=name, owner=owner.pid, vectors=vectors, queries=queries))
        finally:
            connection.close()
            owner.communicate()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("vectors", 100_000), ("dim", 512), ("queries", 20), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--own", type=Path, help="own the store in this directory until the input ends")
    return parser.parse_args()


def _print_setting(options: argparse.Namespace) -> None:
    print_machine("pymilvus", "milvus-lite", "faiss-cpu", "numpy")
    print(f"{options.vectors:,} vectors of {options.dim} in one team, {options.queries} queries; medians")
    print(f"{'index':<16}{'search':<24}{'time':>16}{'processor':>13}")


def _fill(directory: Path, vectors: Vectors) -> None:
    connection = Connection(EmbeddedStore(directory))
    index = MilvusIndex(connection, model_key=_MODEL_KEY, dim=vectors.shape[1])
    for start, end in pairwise([*range(0, len(vectors), _CHUNK), len(vectors)]):
        index.upsert([Record(entry=_make_entry(an_id), vector=vectors[an_id]) for an_id in range(start, end)])
    connection.close()


def _make_entry(an_id: int) -> Entry:
    facts: dict[str, Any] = {"collection_id": 1, "uploader_id": 1, "taken_at": an_id + 1, "created_at": an_id + 1}
    size = {"width": 640, "height": 480, "content": an_id, "format": 1}
    return Entry(id=an_id, team_id=_TEAM, tags=(), **facts, **size)


def _own(directory: Path) -> None:
    store = EmbeddedStore(directory)
    store.connect()
    sys.stdin.read()
    store.close()


def _wait_until_served(directory: Path) -> None:
    while not (directory / "milvus.sock").exists():
        time.sleep(0.1)


def _build_index(client: MilvusClient, *, kind: tuple[str, str, dict[str, int]]) -> None:
    index_type, metric, params = kind
    client.release_collection(_NAME)
    client.drop_index(_NAME, "vector")
    parameters = client.prepare_index_params()
    nested = {"params": params} if params else {}
    parameters.add_index("vector", index_type=index_type, metric_type=metric, params=nested)
    client.create_index(_NAME, parameters)
    client.load_collection(_NAME)


def _measure_kind(client: MilvusClient, *, name: str, owner: int, vectors: Vectors, queries: Vectors) -> None:
    search = partial(_search, client)
    reset_peak_memory(owner)
    before_mib = read_memory_mib("VmRSS", owner)
    for limit in (10, 200, 1000):
        _measure(name, f"{limit:,} hits", partial(search, limit=limit), queries, owner)
    half = f"taken_at > {len(vectors) // 2}"
    _measure(name, "200 hits in one half", partial(search, limit=200, condition=half), queries, owner)
    started, used_s = time.perf_counter(), read_processor_s(owner)
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        list(threads.map(partial(search, limit=200), (queries[n % len(queries)] for n in range(_AT_ONCE))))
    taken_s, used_s = time.perf_counter() - started, read_processor_s(owner) - used_s
    rate = f"{_AT_ONCE / taken_s:.1f} searches/s"
    print(f"{name:<16}{f'{_AT_ONCE} at once, 200 hits':<24}{rate:>16}{1000 * used_s / _AT_ONCE:>10.0f} ms", flush=True)
    best = [set(_rank(vectors, query)[:200].tolist()) for query in queries[:5]]
    found = [{hit["id"] for hit in search(query, limit=200)} for query in queries[:5]]
    recall = np.mean([len(some & others) / 200 for some, others in zip(best, found, strict=True)])
    peak_mib = read_memory_mib("VmHWM", owner) - before_mib
    print(f"{name:<16}recall at 200: {recall:.4f}; searches took up to {peak_mib:,.0f} MiB of memory", flush=True)


def _search(client: MilvusClient, query: Vectors, *, limit: int, condition: str = "") -> Any:
    (hits,) = client.search(
        _NAME,
        [query],
        filter=condition,
        limit=limit,
        output_fields=["id"],
        partition_names=[make_partition_name(_TEAM)],
        timeout=300,
    )
    return hits


def _rank(vectors: Vectors, query: Vectors) -> NDArray[np.int64]:
    scores = vectors @ query
    best = np.argpartition(-scores, 1000)[:1000]
    ranked: NDArray[np.int64] = best[np.argsort(-scores[best])]
    return ranked


def _measure(name: str, searched: str, search: Callable[[Vectors], object], queries: Vectors, process: int) -> None:
    times_s, before_s = [], read_processor_s(process)
    for query in queries:
        started = time.perf_counter()
        search(query)
        times_s.append(time.perf_counter() - started)
    used_ms = 1000 * (read_processor_s(process) - before_s) / len(queries)
    print(f"{name:<16}{searched:<24}{1000 * np.median(times_s):>13.1f} ms{used_ms:>10.0f} ms", flush=True)


if __name__ == "__main__":
    main()
