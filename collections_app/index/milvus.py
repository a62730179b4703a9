"""The vectors of one model in Milvus, the same on Milvus Lite, a server and Zilliz Cloud. Made by `open_index`."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from operator import index as integer
from types import MappingProxyType
from typing import Any, TypeVar, Unpack

import numpy as np
from pymilvus import MilvusClient, MilvusException

from collections_app.chunks import iterate_chunks
from collections_app.index.collection import TIMEOUT_S, ModelCollection, Row
from collections_app.index.conditions import join_all, join_any, render_is_in, render_search_filter
from collections_app.index.connection import Connection
from collections_app.index.failures import is_missing
from collections_app.index.schema import (
    EMBEDDED,
    SCALARS,
    SERVER,
    SUPERSEDED_VERSIONS,
    make_partition_name,
    parse_entry,
    parse_team_id,
)
from collections_app.index.types import Condition, Entry, Hit, Record, SearchOptions, Vector, is_unit

MAX_LIMIT = 1000
SEARCH_TIMEOUT_S = 10.0
# A quarter of what a server accepts in one message (64 MB), with room for the scalars.
_MAX_BATCH_BYTES = 16 * 1024 * 1024
_IDS_PER_CALL = 2000
_MIN_CANDIDATES = 400
# How many teams a server is read for at once.
_TEAMS_AHEAD = 8
_NO_COLLECTIONS: Mapping[int, int] = MappingProxyType({})

_Returned = TypeVar("_Returned")


class MilvusIndex:
    """See `VectorIndex`. `consistency` is what searches ask of a server: "Strong" sees every finished write."""

    def __init__(self, connection: Connection, *, model_key: str, dim: int, consistency: str = "Bounded") -> None:
        self._connection = connection
        self._embedded = connection.endpoint.is_embedded
        self._dim = dim
        self._consistency = consistency
        self._layout = EMBEDDED if self._embedded else SERVER
        collection = partial(ModelCollection, model_key=model_key, dim=dim, layout=self._layout)
        self._stored = collection()
        self._superseded = [collection(version=version) for version in SUPERSEDED_VERSIONS]

    def upsert(self, records: Sequence[Record]) -> None:
        latest = {record.entry.id: record for record in records}
        for record in latest.values():
            self._check(record.vector)
            if not is_unit(record.vector):
                raise ValueError("Only unit vectors are stored.")
        rows_per_call = max(1, _MAX_BATCH_BYTES // (4 * self._dim + 16 * len(SCALARS)))
        for batch in iterate_chunks(list(latest.values()), rows_per_call):
            self._write(partial(self._upsert, records=batch))

    def delete(self, ids: Sequence[int]) -> None:
        for chunk in iterate_chunks(sorted({integer(image_id) for image_id in ids}), _IDS_PER_CALL):
            self._write(partial(self._delete, ids=chunk))

    def search(self, vector: Vector, **options: Unpack[SearchOptions]) -> list[Hit]:
        found = self._run(partial(self._search, vector=vector, **options))
        hits = [Hit(id=int(row["id"]), score=_limit_score(row["distance"])) for row in (found[0] if found else ())]
        return sorted(hits, key=lambda hit: (-hit.score, hit.id))

    def get_vectors(self, ids: Sequence[int], *, team_ids: Sequence[int] | None = None) -> dict[int, Vector]:
        found: dict[int, Vector] = {}
        for chunk in iterate_chunks(sorted({integer(image_id) for image_id in ids}), _IDS_PER_CALL):
            for collection in (self._stored, *self._superseded):
                missing = [image_id for image_id in chunk if image_id not in found]
                if missing:
                    rows = self._run(partial(_fetch_vectors, collection=collection, ids=missing, team_ids=team_ids))
                    found |= {int(stored["id"]): np.asarray(stored["vector"], dtype=np.float32) for stored in rows}
        return found

    def iterate_entries(self, *, team_ids: Sequence[int] | None = None) -> Iterator[Entry]:
        for _team_id, entries in self.iterate_teams(self.list_team_ids() if team_ids is None else team_ids):
            yield from entries

    def iterate_teams(self, team_ids: Sequence[int]) -> Iterator[tuple[int, Iterator[Entry]]]:
        first_pages = self._fetch_ahead(self._fetch_page, team_ids)
        yield from ((team_id, self._iterate_pages(team_id, page)) for team_id, page in first_pages)

    def count(self, *, team_ids: Sequence[int] | None = None) -> int:
        if team_ids is None:
            return self._run(partial(self._count, team_id=None))
        return sum(count for _team_id, count in self.count_each(team_ids))

    def count_each(self, team_ids: Sequence[int]) -> Iterator[tuple[int, int]]:
        return self._fetch_ahead(lambda team_id: self._run(partial(self._count, team_id=team_id)), team_ids)

    def list_team_ids(self) -> list[int]:
        return sorted(map(parse_team_id, self._run(partial(self._list_partitions, team_ids=None))))

    def drop_empty_partitions(self, team_ids: Collection[int]) -> int:
        def drop_each(client: MilvusClient) -> int:
            partitions = [each for each in self._list_partitions(client, None) if parse_team_id(each) in team_ids]
            drop = partial(self._stored.drop_partition_if_empty, client, must_release=not self._embedded)
            return sum(map(drop, partitions))

        return self._write(drop_each)

    def drop(self) -> None:
        self._write(self._stored.drop)

    def drop_superseded(self) -> bool:
        def drop_each(client: MilvusClient) -> bool:
            existing = [each for each in self._superseded if each.open_if_exists(client)]
            for collection in existing:
                collection.drop(client)
            return bool(existing)

        return self._write(drop_each)

    def _search(
        self,
        client: MilvusClient,
        *,
        vector: Vector,
        team_ids: Sequence[int] = (),
        collections: Mapping[int, int] = _NO_COLLECTIONS,
        limit: int,
        conditions: Sequence[Condition] = (),
        sample_every: int = 1,
    ) -> Any:
        if not team_ids and not collections:
            raise ValueError("A search needs at least one team or collection.")
        if not 1 <= limit <= MAX_LIMIT:
            raise ValueError(f"A search returns 1 to {MAX_LIMIT} hits, not {limit}.")
        self._check(vector)
        length = float(np.linalg.norm(vector))
        partitions = self._list_partitions(client, {*team_ids, *collections.values()})
        if not partitions:  # Milvus takes an empty list for "all"
            return None
        return client.search(
            self._stored.name,
            [vector / length if length else vector],
            filter=render_search_filter(
                team_ids=team_ids,
                collections=collections,
                conditions=conditions,
                sample_every=sample_every,
                render_tag=self._layout.tags.build_filter,
            ),
            limit=limit,
            search_params=_get_search_params(client, limit),
            output_fields=["id"],  # by default Milvus Lite reads and sends every field of every hit
            partition_names=partitions,
            consistency_level=self._consistency,
            timeout=SEARCH_TIMEOUT_S,
        )

    def _fetch_ahead(
        self, fetch: Callable[[int], _Returned], team_ids: Sequence[int]
    ) -> Iterator[tuple[int, _Returned]]:
        """Yield each team with what `fetch` returns for it.

        A server answers a read that includes every write with its next time tick, some 0.2 to 0.6 s later: several
        reads wait for it together. Milvus Lite answers at once, one call at a time.
        """
        if self._embedded:
            yield from ((team_id, fetch(team_id)) for team_id in team_ids)
            return
        with ThreadPoolExecutor(_TEAMS_AHEAD) as pool:
            for chunk in iterate_chunks(list(team_ids), _TEAMS_AHEAD):
                yield from zip(chunk, pool.map(fetch, chunk), strict=True)

    def _iterate_pages(self, team_id: int, page: list[Row]) -> Iterator[Entry]:
        partition = make_partition_name(team_id)
        while page:
            yield from (parse_entry(stored, partition) for stored in page)
            page = self._fetch_page(team_id, after=page)

    def _fetch_page(self, team_id: int, after: Sequence[Row] = ()) -> list[Row]:
        def fetch(client: MilvusClient) -> list[Row]:
            partitions = self._list_partitions(client, [team_id])
            return self._stored.fetch_page(client, partition=partitions[0], after=after) if partitions else []

        return self._run(fetch)

    def _count(self, client: MilvusClient, team_id: int | None) -> int:
        """Count the entries of a team (None: of all)."""
        if not self._stored.open_if_exists(client):
            return 0
        if team_id is None:
            return self._stored.count_rows(client)
        count_rows = self._stored.count_rows_by_statistics if self._embedded else self._stored.count_rows
        return sum(count_rows(client, each) for each in self._stored.list_partitions(client, [team_id]))

    def _upsert(self, client: MilvusClient, records: Sequence[Record]) -> None:
        self._stored.ensure(client)
        teams: dict[int, list[Record]] = defaultdict(list)
        for record in records:
            teams[record.entry.team_id].append(record)
        if self._embedded:
            # Milvus Lite deletes an id from every partition, so deletion comes first. Unless it is flushed, the next
            # upsert of the same id cancels it, which would bring the old partition's copy back.
            self._delete_strays(client, teams)
            client.flush(self._stored.name, timeout=TIMEOUT_S)
        for team_id, members in teams.items():
            partition = self._stored.ensure_partition(client, team_id)
            rows = [self._layout.build_row(record) for record in members]
            client.upsert(self._stored.name, rows, partition_name=partition, timeout=TIMEOUT_S)
        if self._embedded:
            client.flush(self._stored.name, timeout=TIMEOUT_S)
        else:
            # A server keeps a copy in the old partition. The new one is there before the old one goes.
            self._delete_strays(client, teams)

    def _delete_strays(self, client: MilvusClient, teams: dict[int, list[Record]]) -> None:
        """Delete the copies of these records in other teams' partitions.

        A query may return one copy at a time, so it is repeated.
        """
        home = {record.entry.id: team_id for team_id, members in teams.items() for record in members}
        # Milvus Lite reads plain ids fastest; a server must not let the copy at home hide a stray one.
        condition = render_is_in("id", home) if self._embedded else _render_strays(teams)
        copies = partial(self._stored.fetch_rows, client, condition, ["team_id"])
        while strays := [copy for copy in copies() if copy["team_id"] != home[copy["id"]]]:
            self._stored.delete_rows(client, strays)

    def _delete(self, client: MilvusClient, ids: Sequence[int]) -> None:
        if not self._stored.open_if_exists(client):
            return
        if not self._embedded:
            client.delete(self._stored.name, ids=list(ids), timeout=TIMEOUT_S)
            return
        # Named partitions: an unnamed deletion writes a file into every one, 10 times slower with 1,000 teams.
        self._stored.delete_rows(client, self._stored.fetch_rows(client, render_is_in("id", ids), ["team_id"]))
        client.flush(self._stored.name, timeout=TIMEOUT_S)

    def _list_partitions(self, client: MilvusClient, team_ids: Collection[int] | None) -> list[str]:
        return _list_partitions(self._stored, client, team_ids)

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
                # The collection was dropped: forget what was cached and try once more.
                for collection in (self._stored, *self._superseded):
                    collection.forget()
                return operation(client)

        return self._connection.run(attempt)

    def _check(self, vector: Vector) -> None:
        if vector.shape != (self._dim,) or not np.isfinite(vector).all():
            raise ValueError(f"A vector of this model has {self._dim} finite numbers.")


def _limit_score(score: float) -> float:
    """Remove the rounding errors of a cosine."""
    return min(max(float(score), -1.0), 1.0)


def _get_search_params(client: MilvusClient, limit: int) -> dict[str, Any]:
    """Widen HNSW's list of candidates (`ef`). Of 600,000 vectors, recall at 10 was 0.986 with 128 and 1.0 with 400.

    Zilliz Cloud chooses its own value, and Milvus Lite compares with every vector.
    """
    return {"params": {"ef": max(_MIN_CANDIDATES, 2 * limit)}} if client.is_self_hosted else {}


def _list_partitions(collection: ModelCollection, client: MilvusClient, team_ids: Collection[int] | None) -> list[str]:
    return collection.list_partitions(client, team_ids) if collection.open_if_exists(client) else []


def _fetch_vectors(
    client: MilvusClient, collection: ModelCollection, ids: Sequence[int], team_ids: Sequence[int] | None
) -> list[Row]:
    partitions = _list_partitions(collection, client, team_ids)
    return collection.fetch_rows(client, render_is_in("id", ids), ["vector"], partitions) if partitions else []


def _render_strays(teams: dict[int, list[Record]]) -> str:
    """Return the condition for copies of these records that lie in another team's partition."""
    return join_any(
        join_all([f"team_id != {team_id:d}", render_is_in("id", [record.entry.id for record in members])])
        for team_id, members in teams.items()
    )
