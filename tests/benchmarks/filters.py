"""Filters inside the search: recall and time, beside the search without filters in the same run.

`python -m tests.benchmarks.filters [--vectors 50000] [--dim 512] [--queries 50] [--seed 1]`. All vectors lie in one
team; three tags are given to 0.01 %, 1 % and 50 % of them. Every search returns 10 and is compared with brute force
over exactly those that meet the filters. Prints what was run, on what, and the figures; with MILVUS_URI set, that
server is measured instead of the embedded store.
"""

import argparse
import os
import random
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from collections_app.index import Entry, HasTag, Record, VectorIndex, hash_token
from collections_app.index.connection import Connection, ServerEndpoint
from collections_app.index.embedded_store import EmbeddedStore
from collections_app.index.milvus import MilvusIndex
from tests.benchmarks.printing import describe_least, print_machine
from tests.picture_rows import Vectors, draw_units

_CHUNK = 2000
_TOP = 10
_TEAM = 1
_SHARES = {"0.01 %": 0.0001, "1 %": 0.01, "50 %": 0.5}
_GOAL = 0.99


def main() -> None:
    options = _options()
    vectors = draw_units(np.random.default_rng(options.seed), options.vectors, options.dim)
    tagged = _tagged(options)
    uri = os.environ.get("MILVUS_URI", "")
    with tempfile.TemporaryDirectory(prefix="imagesearch-bench-") as scratch:
        connection = Connection(ServerEndpoint(uri=uri) if uri else EmbeddedStore(Path(scratch) / "index"))
        index = MilvusIndex(connection, model_key=f"benchmark {time.time()}", dim=options.dim, consistency="Strong")
        try:
            _fill(index, vectors, tagged)
            _print_setting(options, uri)
            queries = draw_units(np.random.default_rng(options.seed + 1), options.queries, options.dim)
            recalls = [_measure(index, vectors, queries, name, members) for name, members in tagged.items()]
        finally:
            index.drop()
            connection.close()
    print(f"lowest recall {min(recalls):.4f}; {describe_least(min(recalls), _GOAL)}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("vectors", 50_000), ("dim", 512), ("queries", 50), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    return parser.parse_args()


def _print_setting(options: argparse.Namespace, uri: str) -> None:
    print_machine("pymilvus", "milvus-lite", "numpy", "pyarrow")
    print(f"index: {uri or 'Milvus Lite'}, {options.vectors} vectors of {options.dim}, {options.queries} queries each")
    print(f"{'searched':<24}{'entries':>9}{'recall at 10':>14}{'median':>11}{'95th percentile':>17}")


def _tagged(options: argparse.Namespace) -> dict[str, list[int]]:
    """Return the ids that each search may find; "everything" is the one without a filter."""
    chance = random.Random(options.seed)
    ids = range(options.vectors)
    chosen = {name: sorted(chance.sample(ids, max(1, round(share * len(ids))))) for name, share in _SHARES.items()}
    return {"everything": list(ids), **chosen}


def _fill(index: VectorIndex, vectors: Vectors, tagged: dict[str, list[int]]) -> None:
    tags: dict[int, list[int]] = {}
    for name in _SHARES:
        for an_id in tagged[name]:
            tags.setdefault(an_id, []).append(hash_token(name))
    for start, end in pairwise([*range(0, len(vectors), _CHUNK), len(vectors)]):
        entries = (_entry(an_id, tags.get(an_id, [])) for an_id in range(start, end))
        index.upsert([Record(entry=entry, vector=vectors[entry.id]) for entry in entries])


def _entry(an_id: int, tags: list[int]) -> Entry:
    """Beside the tags that matter, ten that everything has: real pictures have several."""
    everywhere = [hash_token(f"tag {number}") for number in range(10)]
    facts: dict[str, Any] = {"collection_id": 1, "uploader_id": 1, "taken_at": an_id, "created_at": an_id + 1}
    size = {"width": 640 + an_id % 7, "height": 643, "content": an_id, "format": hash_token("JPEG")}
    return Entry(id=an_id, team_id=_TEAM, tags=tuple(sorted(tags + everywhere)), **facts, **size)


def _measure(index: VectorIndex, vectors: Vectors, queries: Vectors, name: str, members: list[int]) -> float:
    """Print one line, and return the recall."""
    conditions = [HasTag(name)] if name in _SHARES else []
    index.search(queries[0], team_ids=[_TEAM], limit=_TOP, conditions=conditions)
    right, wanted, times_ms = 0, 0, []
    for query in queries:
        best = {members[place] for place in np.argsort(-(vectors[members] @ query))[:_TOP]}
        started = time.perf_counter()
        hits = index.search(query, team_ids=[_TEAM], limit=_TOP, conditions=conditions)
        times_ms.append(1000 * (time.perf_counter() - started))
        right, wanted = right + len(best & {hit.id for hit in hits}), wanted + len(best)
    label = f"tag of {name}" if name in _SHARES else name
    median, high = np.percentile(times_ms, (50, 95))
    print(f"{label:<24}{len(members):>9}{right / wanted:>14.4f}{median:>8.1f} ms{high:>14.1f} ms")
    return right / wanted


if __name__ == "__main__":
    main()
