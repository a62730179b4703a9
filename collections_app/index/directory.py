"""The directory of partitions: in which Milvus collection of a model each team's partition is.

Milvus limits the partitions of a collection, so a model may have several. The index is a layer below the database; its
caller passes a directory to `open_index`.
"""

import threading
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

# The number of the Milvus collection that each model has. A team without a place in the directory is looked for there.
FIRST = 1


class PartitionDirectory(Protocol):
    """The places of one model: numbers of Milvus collections by team. Shared by all processes; thread-safe.

    A partition is created and dropped only while the directory is locked. An interrupted creation may leave a partition
    without a place; the next `place` records it.
    """

    @property
    def limit(self) -> int:
        """The most partitions that a Milvus collection may have; 0: no limit, so that one holds all."""

    def find(self, team_ids: Collection[int]) -> Mapping[int, int]:
        """Return the places of those teams that have one. Searches call this, at most once each."""

    def list_team_ids(self) -> set[int]:
        """Return the teams that have a place."""

    def lock(self) -> AbstractContextManager[None]:
        """Exclude other processes and threads from the following methods, which may only be called inside."""

    def place(self, team_ids: Iterable[int], existing: Mapping[int, int]) -> Mapping[int, int]:
        """Return the places of these teams. A team without one gets it in the first collection with room.

        `existing`: the partitions that Milvus has. Those without a place get the one where they are.
        """

    def release(self, team_id: int) -> None:
        """Free the place of a team."""

    def clear(self) -> None:
        """Free all places."""


class MemoryDirectory:
    """A directory for one process, without a database."""

    def __init__(self, *, limit: int = 0) -> None:
        self._limit = limit
        self._places: dict[int, int] = {}
        self._lock = threading.RLock()

    @property
    def limit(self) -> int:
        return self._limit

    def find(self, team_ids: Collection[int]) -> Mapping[int, int]:
        return {team_id: self._places[team_id] for team_id in team_ids if team_id in self._places}

    def list_team_ids(self) -> set[int]:
        return set(self._places)

    @contextmanager
    def lock(self) -> Iterator[None]:
        with self._lock:
            yield

    def place(self, team_ids: Iterable[int], existing: Mapping[int, int]) -> Mapping[int, int]:
        self._places = {**existing, **self._places}
        numbers = place_teams(team_ids, taken=self._places, limit=self._limit)
        self._places.update(numbers)
        return numbers

    def release(self, team_id: int) -> None:
        self._places.pop(team_id, None)

    def clear(self) -> None:
        self._places.clear()


def place_teams(team_ids: Iterable[int], *, taken: Mapping[int, int], limit: int) -> dict[int, int]:
    """Return the place of each team: its own in `taken`, else the first collection with fewer than `limit` teams."""
    counts = Counter(taken.values())
    places: dict[int, int] = {}
    for team_id in dict.fromkeys(team_ids):
        number = taken.get(team_id, FIRST)
        if team_id not in taken:
            while limit and counts[number] >= limit:
                number += 1
            counts[number] += 1
        places[team_id] = number
    return places
