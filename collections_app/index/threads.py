"""Calls of a Milvus server that wait together. Nothing here uses the database: its connections belong to a thread."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from collections_app.chunks import iterate_chunks

# How many teams a server is read for at once.
_TEAMS_AHEAD = 8
# How many Milvus collections are searched at once.
_MAX_PARALLEL = 16

_Returned = TypeVar("_Returned")


def run_in_parallel(calls: Sequence[Callable[[], _Returned]]) -> list[_Returned]:
    """Return what the calls return, in their order. A single call runs in this thread."""
    if len(calls) < 2:
        return [call() for call in calls]
    with ThreadPoolExecutor(min(len(calls), _MAX_PARALLEL)) as pool:
        return list(pool.map(lambda call: call(), calls))


def fetch_ahead(
    fetch: Callable[[int], _Returned], team_ids: Sequence[int], *, is_embedded: bool
) -> Iterator[tuple[int, _Returned]]:
    """Yield each team with what `fetch` returns for it.

    A server answers a read that includes every write with its next time tick, some 0.2 to 0.6 s later: several reads
    wait for it together. Milvus Lite answers at once, one call at a time.
    """
    if is_embedded:
        yield from ((team_id, fetch(team_id)) for team_id in team_ids)
        return
    with ThreadPoolExecutor(_TEAMS_AHEAD) as pool:
        for chunk in iterate_chunks(list(team_ids), _TEAMS_AHEAD):
            yield from zip(chunk, pool.map(fetch, chunk), strict=True)
