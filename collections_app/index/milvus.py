"""The vectors of one model in Milvus, the same on Milvus Lite, a server and Zilliz Cloud. Made by `open_index`."""

import heapq
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from operator import attrgetter
from operator import index as integer
from typing import TypeVar, Unpack

import numpy as np
from pymilvus import MilvusClient, MilvusException

from collections_app.chunks import iterate_chunks
from collections_app.index.collection import ModelCollection, Row
from collections_app.index.conditions import render_is_in
from collections_app.index.connection import Connection
from collections_app.index.directory import MemoryDirectory, PartitionDirectory
from collections_app.index.failures import is_missing
from collections_app.index.model_collections import ModelCollections, PartitionGroup
from collections_app.index.schema import (
    EMBEDDED,
    SCALARS,
    SERVER,
    SUPERSEDED_VERSIONS,
    parse_entry,
)
from collections_app.index.searching import Search
from collections_app.index.threads import fetch_ahead, run_in_parallel
from collections_app.index.types import Entry, Hit, Places, Record, SearchOptions, Vector, is_unit
from collections_app.index.writing import Writer

# A quarter of what a server accepts in one message (64 MB), with room for the scalars.
_MAX_BATCH_BYTES = 16 * 1024 * 1024
_IDS_PER_CALL = 2000

_Returned = TypeVar("_Returned")


class MilvusIndex:
    """See `VectorIndex`. `consistency` is what searches ask of a server: "Strong" sees every finished write."""

    def __init__(
        self,
        connection: Connection,
        *,
        model_key: str,
        dim: int,
        directory: PartitionDirectory | None = None,
        consistency: str = "Bounded",
    ) -> None:
        self._connection = connection
        self._embedded = connection.endpoint.is_embedded
        self._dim = dim
        self._consistency = consistency
        make = partial(ModelCollections, model_key=model_key, dim=dim, is_embedded=self._embedded)
        self._stored = make(directory=directory or MemoryDirectory())
        self._superseded = [make(directory=MemoryDirectory(), version=version) for version in SUPERSEDED_VERSIONS]
        self._writer = Writer(stored=self._stored, is_embedded=self._embedded)

    def upsert(self, records: Sequence[Record]) -> None:
        latest = {record.entry.id: record for record in records}
        for record in latest.values():
            self._check(record.vector)
            if not is_unit(record.vector):
                raise ValueError("Only unit vectors are stored.")
        rows_per_call = max(1, _MAX_BATCH_BYTES // (4 * self._dim + 16 * len(SCALARS)))
        for batch in iterate_chunks(list(latest.values()), rows_per_call):
            self._write(partial(self._writer.upsert, records=batch))

    def delete(self, ids: Sequence[int]) -> None:
        for chunk in iterate_chunks(sorted({integer(image_id) for image_id in ids}), _IDS_PER_CALL):
            self._write(partial(self._writer.delete, ids=chunk))

    def search(self, vector: Vector, **options: Unpack[SearchOptions]) -> list[Hit]:
        self._check(vector)
        search = Search(vector=vector, **options)
        places = search.places or self.find_places(search.scope_team_ids)

        def run(client: MilvusClient) -> list[Hit]:
            groups = self._stored.find_partitions(client, search.scope_team_ids, places)
            layout = EMBEDDED if self._embedded else SERVER
            return search.run(client, groups, layout=layout, consistency=self._consistency)

        return self._run(run)

    def find_places(self, team_ids: Collection[int]) -> Places:
        return self._stored.find_places(team_ids)

    def get_vectors(self, ids: Sequence[int], *, team_ids: Sequence[int] | None = None) -> dict[int, Vector]:
        found: dict[int, Vector] = {}
        places = Places(numbers=None) if team_ids is None else self.find_places(team_ids)
        for chunk in iterate_chunks(sorted({integer(image_id) for image_id in ids}), _IDS_PER_CALL):
            for stored in (self._stored, *self._superseded):
                missing = [image_id for image_id in chunk if image_id not in found]
                if missing:
                    own = places if stored is self._stored else Places(numbers=None)
                    rows = self._run(partial(_fetch_vectors, stored=stored, ids=missing, team_ids=team_ids, places=own))
                    found |= {int(each["id"]): np.asarray(each["vector"], dtype=np.float32) for each in rows}
        return found

    def iterate_entries(self, *, team_ids: Sequence[int] | None = None) -> Iterator[Entry]:
        for _team_id, entries in self.iterate_teams(self.list_team_ids() if team_ids is None else team_ids):
            yield from entries

    def iterate_teams(self, team_ids: Sequence[int]) -> Iterator[tuple[int, Iterator[Entry]]]:
        for team_id, first_pages in fetch_ahead(self._fetch_first_pages, team_ids, is_embedded=self._embedded):
            entries = [self._iterate_pages(collection, team_id, page) for collection, page in first_pages]
            yield team_id, heapq.merge(*entries, key=attrgetter("id"))

    def count(self, *, team_ids: Sequence[int] | None = None) -> int:
        if team_ids is None:
            return self._run(self._count_all)
        return sum(count for _team_id, count in self.count_each(team_ids))

    def count_each(self, team_ids: Sequence[int]) -> Iterator[tuple[int, int]]:
        def count(team_id: int) -> int:
            return self._run(partial(self._count_team, team_id=team_id))

        return fetch_ahead(count, team_ids, is_embedded=self._embedded)

    def list_team_ids(self) -> list[int]:
        return sorted(self._run(self._stored.list_team_ids))

    def record_partitions(self) -> None:
        self._run(self._stored.record_partitions)

    def drop_empty_partitions(self, team_ids: Collection[int]) -> int:
        return self._write(partial(self._stored.drop_empty_partitions, team_ids=team_ids))

    def drop(self) -> None:
        self._write(self._stored.drop)

    def drop_superseded(self) -> bool:
        def drop_each(client: MilvusClient) -> bool:
            dropped = [each.drop(client) for each in self._superseded]
            return any(dropped)

        return self._write(drop_each)

    def _fetch_first_pages(self, team_id: int) -> list[tuple[ModelCollection, list[Row]]]:
        def fetch(client: MilvusClient) -> list[tuple[ModelCollection, list[Row]]]:
            groups = self._stored.list_partitions(client, [team_id])
            return [(each, each.fetch_page(client, team_id=team_id, after=())) for each, _partitions in groups]

        return self._run(fetch)

    def _iterate_pages(self, collection: ModelCollection, team_id: int, page: list[Row]) -> Iterator[Entry]:
        def fetch(client: MilvusClient) -> list[Row]:
            is_there = collection.open_if_exists(client) and collection.list_partitions(client, [team_id])
            return collection.fetch_page(client, team_id=team_id, after=page) if is_there else []

        while page:
            yield from (parse_entry(stored, team_id) for stored in page)
            page = self._run(fetch)

    def _count_all(self, client: MilvusClient) -> int:
        return sum(collection.count_rows(client) for collection in self._stored.list_existing(client))

    def _count_team(self, client: MilvusClient, team_id: int) -> int:
        return sum(
            collection.count_rows_by_statistics(client, partition)
            if self._embedded
            else collection.count_rows(client, partition)
            for collection, partitions in self._stored.list_partitions(client, [team_id])
            for partition in partitions
        )

    def _write(self, operation: Callable[[MilvusClient], _Returned]) -> _Returned:
        with self._connection.endpoint.lock_writes():
            return self._run(operation)

    def _run(self, operation: Callable[[MilvusClient], _Returned]) -> _Returned:
        def attempt(client: MilvusClient) -> _Returned:
            try:
                return operation(client)
            except MilvusException as error:
                if not is_missing(error):
                    raise
                # A collection or partition was dropped: forget what was cached and try once more.
                for stored in (self._stored, *self._superseded):
                    stored.forget()
                return operation(client)

        return self._connection.run(attempt)

    def _check(self, vector: Vector) -> None:
        if vector.shape != (self._dim,) or not np.isfinite(vector).all():
            raise ValueError(f"A vector of this model has {self._dim} finite numbers.")


def _fetch_vectors(
    client: MilvusClient,
    stored: ModelCollections,
    ids: Sequence[int],
    team_ids: Sequence[int] | None,
    places: Places,
) -> list[Row]:
    """Return the rows with these ids in the partitions of these teams (None: in all)."""
    condition = render_is_in("id", ids)

    def fetch(group: PartitionGroup) -> list[Row]:
        collection, partitions = group
        return collection.fetch_rows(client, condition, ["vector"], partitions)

    groups = stored.list_partitions(client) if team_ids is None else stored.find_partitions(client, team_ids, places)
    return [row for rows in run_in_parallel([partial(fetch, group) for group in groups]) for row in rows]
