"""Memory of a Milvus server and the time of a search over many small partitions.

`python -m tests.benchmarks.partitions [--teams 10 100] [--vectors 20] [--dim 512] [--limit 1000] [--searches 20]`.
For each number of teams it starts an empty server with Milvus' own intervals, stores `--vectors` vectors for each team,
with at most `--limit` partitions in a Milvus collection, and prints the server's memory, the time of a search over all
teams, and its recall at 10 against brute force.
"""

import argparse
import os
import time

import numpy as np

from collections_app.index import Entry, Record
from collections_app.index.connection import Connection, ServerEndpoint
from collections_app.index.directory import MemoryDirectory
from collections_app.index.milvus import MilvusIndex
from tests.benchmarks.printing import describe_least, print_machine
from tests.benchmarks.resources import find_processes, read_memory_mib
from tests.benchmarks.scale import SERVER_SETTINGS
from tests.index.milvus_server import milvus_server
from tests.picture_rows import Vectors, draw_units

_TEAMS_PER_CALL = 20
_TOP = 10
_GOAL = 0.99
# The server frees some memory after it was filled.
_SETTLE_S = 20.0


def main() -> None:
    options = _read_options()
    print_machine("milvus", "pymilvus", "numpy")
    print(f"{options.vectors} vectors of {options.dim} in each team, at most {options.limit} teams in a collection")
    print(f"{'teams':>7}{'collections':>13}{'filled in':>12}{'memory':>12}{'search':>12}{'recall':>9}")
    recalls = [_measure(options, teams) for teams in options.teams]
    print(f"lowest recall {min(recalls):.4f}; {describe_least(min(recalls), _GOAL)}")


def _read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--teams", type=int, nargs="+", default=[10, 100, 1000])
    for name, default in (("vectors", 20), ("dim", 512), ("limit", 1000), ("searches", 20)):
        parser.add_argument(f"--{name}", type=int, default=default)
    return parser.parse_args()


def _measure(options: argparse.Namespace, teams: int) -> float:
    """Print one line, and return the recall."""
    vectors = draw_units(np.random.default_rng(1), teams * options.vectors, options.dim)
    with milvus_server(settings=SERVER_SETTINGS) as uri:
        connection = Connection(ServerEndpoint(uri=uri))
        index = MilvusIndex(
            connection, model_key="benchmark", dim=options.dim, directory=MemoryDirectory(limit=options.limit)
        )
        started = time.monotonic()
        _fill(index, vectors, options.vectors)
        filled_s = time.monotonic() - started
        time.sleep(_SETTLE_S)
        memory = sum(read_memory_mib("VmRSS", each) for each in find_processes("milvus", parent=os.getpid()))
        search_ms, recall = _search(index, vectors, range(1, teams + 1), options.searches)
        connection.close()
    collections = -(-teams // options.limit) if options.limit else 1
    print(f"{teams:>7}{collections:>13}{filled_s:>10.0f} s{memory:>8.0f} MiB{search_ms:>9.0f} ms{recall:>9.4f}")
    return recall


def _fill(index: MilvusIndex, vectors: Vectors, per_team: int) -> None:
    step = _TEAMS_PER_CALL * per_team
    for start in range(0, len(vectors), step):
        ids = range(start, min(start + step, len(vectors)))
        index.upsert([Record(entry=_make_entry(each, 1 + each // per_team), vector=vectors[each]) for each in ids])


def _make_entry(an_id: int, team_id: int) -> Entry:
    numbers = dict.fromkeys(("uploader_id", "taken_at", "created_at", "width", "height", "content", "format"), 1)
    return Entry(id=an_id, team_id=team_id, collection_id=team_id, tags=(), **numbers)


def _search(index: MilvusIndex, vectors: Vectors, team_ids: range, count: int) -> tuple[float, float]:
    """Return the median time in milliseconds and the recall at 10."""
    right, times_ms = 0, []
    for query in draw_units(np.random.default_rng(2), count, vectors.shape[1]):
        started = time.perf_counter()
        hits = index.search(query, team_ids=team_ids, limit=_TOP)
        times_ms.append(1000 * (time.perf_counter() - started))
        right += len({hit.id for hit in hits}.intersection(np.argsort(-(vectors @ query))[:_TOP].tolist()))
    return float(np.median(times_ms)), right / (count * _TOP)


if __name__ == "__main__":
    main()
