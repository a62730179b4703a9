"""The vectors of one model in Milvus, the same on Milvus Lite, a server and Zilliz Cloud. Made by `open_index`."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from operator import index as integer
from types import MappingProxyType
from typing import Any, TypeVar, Unpack

import grpc
import numpy as np
from numpy.typing import NDArray
from pymilvus import MilvusClient, MilvusException

from collections_app.index.collection import TIMEOUT_S, ModelCollection, Row
from collections_app.index.conditions import all_of, among, any_of, search_condition
from collections_app.index.connection import Connection
from collections_app.index.failures import is_missing
from collections_app.index.schema import EMBEDDED, SCALARS, SERVER, SUPERSEDED_VERSIONS, parse_entry, parse_team_id
from collections_app.index.types import NO_FILTERS, Entry, Filters, Hit, Record, SearchOptions

MAX_LIMIT = 1000
SEARCH_TIMEOUT_S = 30.0
# A quarter of what a server accepts in one message (64 MB), with room for the scalars.
_MAX_BATCH_BYTES = 16 * 1024 * 1024
_IDS_PER_CALL = 2000
_MIN_CANDIDATES = 128
_NO_COLLECTIONS: Mapping[int, int] = MappingProxyType({})

Result = TypeVar("Result")


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
        rows_per_call = max(1, _MAX_BATCH_BYTES // (4 * self._dim + 16 * len(SCALARS)))
        for batch in _chunks(list(latest.values()), rows_per_call):
            self._write(partial(self._upsert, records=batch))

    def delete(self, ids: Sequence[int]) -> None:
        for chunk in _chunks(sorted({integer(an_id) for an_id in ids}), _IDS_PER_CALL):
            self._write(partial(self._delete, ids=chunk))

    def search(self, vector: NDArray[np.float32], **reach: Unpack[SearchOptions]) -> list[Hit]:
        return _hits(self._run(self._nearest(vector, **reach)))

    def search_ahead(self, vector: NDArray[np.float32], **reach: Unpack[SearchOptions]) -> Callable[[], list[Hit]]:
        nearest = self._nearest(vector, **reach)
        sent = self._run(partial(nearest, wait=False))

        def received() -> list[Hit]:
            try:
                return _hits(sent and sent.result())
            except (MilvusException, grpc.RpcError):  # asking anew mends the connection, or says what is wrong
                return _hits(self._run(nearest))

        return received

    def vectors(self, ids: Sequence[int], *, team_ids: Sequence[int] | None = None) -> dict[int, NDArray[np.float32]]:
        found: dict[int, NDArray[np.float32]] = {}
        for chunk in _chunks(sorted({integer(an_id) for an_id in ids}), _IDS_PER_CALL):
            for collection in (self._stored, *self._superseded):
                missing = [an_id for an_id in chunk if an_id not in found]
                if missing:
                    rows = self._run(partial(_vectors, collection=collection, ids=missing, team_ids=team_ids))
                    found |= {int(stored["id"]): np.asarray(stored["vector"], dtype=np.float32) for stored in rows}
        return found

    def entries(self) -> Iterator[Entry]:
        for partition in self._run(partial(self._partitions, team_ids=None)):
            page: list[Row] = []
            while page := self._run(partial(self._stored.fetch_page, partition=partition, after=page)):
                yield from (parse_entry(stored, partition) for stored in page)

    def count(self) -> int:
        def counted(client: MilvusClient) -> int:
            if not self._stored.open_if_exists(client):
                return 0
            return int(self._stored.fetch_rows(client, "", ["count(*)"])[0]["count(*)"])

        return self._run(counted)

    def team_ids(self) -> list[int]:
        return sorted(map(parse_team_id, self._run(partial(self._partitions, team_ids=None))))

    def drop_empty_partitions(self, team_ids: Collection[int]) -> int:
        def drop_them(client: MilvusClient) -> int:
            partitions = [each for each in self._partitions(client, None) if parse_team_id(each) in team_ids]
            drop = partial(self._stored.drop_partition_if_empty, client, must_release=not self._embedded)
            return sum(map(drop, partitions))

        return self._write(drop_them)

    def drop(self) -> None:
        self._write(self._stored.drop)

    def drop_superseded(self) -> bool:
        def drop_them(client: MilvusClient) -> bool:
            there = [each for each in self._superseded if each.open_if_exists(client)]
            for collection in there:
                collection.drop(client)
            return bool(there)

        return self._write(drop_them)

    def _nearest(
        self,
        vector: NDArray[np.float32],
        *,
        team_ids: Sequence[int] = (),
        collections: Mapping[int, int] = _NO_COLLECTIONS,
        limit: int,
        filters: Filters = NO_FILTERS,
    ) -> Callable[..., Any]:
        """Return what asks a client, and with `wait=False` returns the promise of its answer."""
        if not team_ids and not collections:
            raise ValueError("A search needs at least one team or collection.")
        if not 1 <= limit <= MAX_LIMIT:
            raise ValueError(f"A search returns 1 to {MAX_LIMIT} hits, not {limit}.")
        self._check(vector)
        has_tag = self._layout.tags.build_filter
        condition = search_condition(team_ids=team_ids, collections=collections, filters=filters, has_tag=has_tag)

        def ask(client: MilvusClient, *, wait: bool = True) -> Any:
            partitions = self._partitions(client, {*team_ids, *collections.values()})
            if not partitions:  # Milvus takes an empty list for "all"
                return None
            return client.search(
                self._stored.name,
                [vector],
                filter=condition,
                limit=limit,
                search_params=_search_params(client, limit),
                output_fields=["id"],  # without a wish Milvus Lite reads and sends every field of every hit
                partition_names=partitions,
                consistency_level=self._consistency,
                timeout=SEARCH_TIMEOUT_S,
                _async=not wait,
            )

        return ask

    def _upsert(self, client: MilvusClient, records: Sequence[Record]) -> None:
        self._stored.ensure(client)
        teams: dict[int, list[Record]] = defaultdict(list)
        for record in records:
            teams[record.entry.team_id].append(record)
        if self._embedded:
            # A deletion in Milvus Lite strikes every partition, so it comes first; and unless it is flushed, the next
            # upsert of the same id cancels it, which would bring the old partition's copy back.
            self._evict_strays(client, teams)
            client.flush(self._stored.name, timeout=TIMEOUT_S)
        for team_id, members in teams.items():
            partition = self._stored.ensure_partition(client, team_id)
            rows = [self._layout.build_row(record) for record in members]
            client.upsert(self._stored.name, rows, partition_name=partition, timeout=TIMEOUT_S)
        if self._embedded:
            client.flush(self._stored.name, timeout=TIMEOUT_S)
        else:
            # A server keeps a copy in the old partition. The new one is there before the old one goes.
            self._evict_strays(client, teams)

    def _evict_strays(self, client: MilvusClient, teams: dict[int, list[Record]]) -> None:
        """Delete what these records have in other teams' partitions. Several copies come to light one by one."""
        home = {record.entry.id: team_id for team_id, members in teams.items() for record in members}
        # Milvus Lite reads plain ids fastest; a server must not let the copy at home hide a stray one.
        condition = among("id", home) if self._embedded else _away_from_home(teams)
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
        self._stored.delete_rows(client, self._stored.fetch_rows(client, among("id", ids), ["team_id"]))
        client.flush(self._stored.name, timeout=TIMEOUT_S)

    def _partitions(self, client: MilvusClient, team_ids: Collection[int] | None) -> list[str]:
        return _partitions(self._stored, client, team_ids)

    def _write(self, operation: Callable[[MilvusClient], Result]) -> Result:
        with self._connection.endpoint.lock_writes():
            return self._run(operation)

    def _run(self, operation: Callable[[MilvusClient], Result]) -> Result:
        def attempt(client: MilvusClient) -> Result:
            try:
                return operation(client)
            except MilvusException as error:
                if not is_missing(error):
                    raise
                # Somebody dropped what we remember: look again.
                for collection in (self._stored, *self._superseded):
                    collection.forget()
                return operation(client)

        return self._connection.run(attempt)

    def _check(self, vector: NDArray[np.float32]) -> None:
        if vector.shape != (self._dim,) or not np.isfinite(vector).all():
            raise ValueError(f"A vector of this model has {self._dim} finite numbers.")


def _hits(found: Any) -> list[Hit]:
    hits = [Hit(id=int(row["id"]), score=float(row["distance"])) for row in (found[0] if found else ())]
    return sorted(hits, key=lambda hit: (-hit.score, hit.id))


def _chunks(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def _search_params(client: MilvusClient, limit: int) -> dict[str, Any]:
    """Widen HNSW's list of candidates; by itself a server found 0.97 of the true nearest 10 of 20,000, so all of them.

    Zilliz Cloud chooses for itself, and Milvus Lite compares with every vector.
    """
    return {"params": {"ef": max(_MIN_CANDIDATES, 2 * limit)}} if client.is_self_hosted else {}


def _partitions(collection: ModelCollection, client: MilvusClient, team_ids: Collection[int] | None) -> list[str]:
    return collection.list_partitions(client, team_ids) if collection.open_if_exists(client) else []


def _vectors(
    client: MilvusClient, collection: ModelCollection, ids: Sequence[int], team_ids: Sequence[int] | None
) -> list[Row]:
    partitions = _partitions(collection, client, team_ids)
    return collection.fetch_rows(client, among("id", ids), ["vector"], partitions) if partitions else []


def _away_from_home(teams: dict[int, list[Record]]) -> str:
    """Return the condition for copies of these records that lie in another team's partition."""
    return any_of(
        all_of([f"team_id != {team_id:d}", among("id", [record.entry.id for record in members])])
        for team_id, members in teams.items()
    )
