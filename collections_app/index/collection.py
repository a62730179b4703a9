"""One Milvus collection of a model and its partitions, one per team. Used by `model_collections`."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from pymilvus import MilvusClient, MilvusException

from collections_app.errors import IndexUnavailable
from collections_app.errors import gettext_noop as _
from collections_app.index.schema import (
    SCALARS,
    VERSION,
    Layout,
    is_team_partition,
    make_collection_name,
    make_partition_name,
)

# Of writes, and of listing everything.
TIMEOUT_S = 120.0
# Of reads that a request may wait for.
READ_TIMEOUT_S = 10.0
# Of changes of partitions, during which the directory is locked. Writers of SQLite wait 20 s for each other.
_PARTITION_TIMEOUT_S = 15.0
# The largest page that Milvus' query window allows.
_PAGE_ROWS = 16_384
# pymilvus' query iterator sends this, so that a page has the first ids. The iterator itself is not used: it first asks
# for a row of the whole collection, for which Milvus Lite reads and sorts all of it.
_ORDERED_BY_ID = {"iterator": "True"}

Row = dict[str, Any]


class ModelCollection:
    """Caches what exists, never what is missing: another process may create it at any moment."""

    def __init__(self, *, model_key: str, dim: int, layout: Layout, version: int = VERSION, number: int = 1) -> None:
        self.name = make_collection_name(model_key, version, number)
        self._model_key = model_key
        self._dim = dim
        self._layout = layout
        # Of a superseded version only the vectors are read.
        self._fields = {"id", "vector", *(SCALARS if version == VERSION else ())}
        self._checked_by: MilvusClient | None = None
        self._partitions: frozenset[str] = frozenset()

    def forget(self) -> None:
        self._checked_by = None
        self._partitions = frozenset()

    def is_open(self, client: MilvusClient) -> bool:
        """Return whether this process has opened the collection. Asks nobody."""
        return self._checked_by is client

    def has_seen(self, team_ids: Iterable[int]) -> bool:
        """Return whether all these teams had a partition when this process last looked. Asks nobody."""
        return self._partitions.issuperset(map(make_partition_name, team_ids))

    def open_if_exists(self, client: MilvusClient) -> bool:
        """Return whether the collection can be read. The process that creates it adds the index before any row."""
        if self.is_open(client):
            return True
        if not self.is_present(client) or not client.list_indexes(self.name, timeout=READ_TIMEOUT_S):
            return False
        self._load(client)
        return True

    def ensure(self, client: MilvusClient) -> None:
        """Open the collection; create it if it is missing."""
        if self.open_if_exists(client):
            return
        if not self.is_present(client):
            with _allow_concurrent_creation(lambda: self.is_present(client)):
                schema = self._layout.build_schema(self._model_key, self._dim)
                client.create_collection(self.name, schema=schema, consistency_level="Strong", timeout=TIMEOUT_S)
        if not client.list_indexes(self.name, timeout=READ_TIMEOUT_S):
            parameters = client.prepare_index_params()
            layout = self._layout
            # pymilvus sends the entries of `params` one by one, and Milvus Lite reads an entry of that name.
            nested = {"params": layout.index_params} if layout.index_params else {}
            parameters.add_index("vector", index_type=layout.index_type, metric_type=layout.metric, params=nested)
            client.create_index(self.name, parameters, timeout=TIMEOUT_S)
        self._load(client)

    def list_partitions(self, client: MilvusClient, team_ids: Iterable[int] | None = None) -> list[str]:
        """Return the existing partitions of these teams (None: all teams), sorted by name."""
        if team_ids is None:
            self._refresh_partitions(client)
            return sorted(self._partitions)
        wanted = {make_partition_name(team_id) for team_id in team_ids}
        if not wanted <= self._partitions:
            self._refresh_partitions(client)
        return sorted(wanted & self._partitions)

    def ensure_partition(self, client: MilvusClient, team_id: int) -> str:
        name = make_partition_name(team_id)
        if not self.list_partitions(client, [team_id]):
            with _allow_concurrent_creation(lambda: client.has_partition(self.name, name, timeout=READ_TIMEOUT_S)):
                client.create_partition(self.name, name, timeout=_PARTITION_TIMEOUT_S)
        return name

    def fetch_rows(
        self, client: MilvusClient, expression: str, fields: list[str], partitions: Sequence[str] = ()
    ) -> list[Row]:
        """Return the rows of these partitions (none given: all) that match the expression, every write included."""
        return list(
            client.query(
                self.name,
                filter=expression,
                output_fields=fields,
                partition_names=list(partitions) or None,
                consistency_level="Strong",
                timeout=READ_TIMEOUT_S,
            )
        )

    def count_rows(self, client: MilvusClient, *partitions: str) -> int:
        """Return how many rows these partitions hold (none given: all). Milvus Lite counts all in any case."""
        return int(self.fetch_rows(client, "", ["count(*)"], partitions)[0]["count(*)"])

    def count_rows_by_statistics(self, client: MilvusClient, partition: str) -> int:
        """Return how many rows a partition holds. Exact on Milvus Lite only: a server counts deleted rows too."""
        return int(client.get_partition_stats(self.name, partition, timeout=READ_TIMEOUT_S)["row_count"])

    def fetch_page(self, client: MilvusClient, *, team_id: int, after: Sequence[Row]) -> list[Row]:
        """Return the rows of a partition, by id, that follow the page `after`; an empty list at the end."""
        return list(
            client.query(
                self.name,
                filter=f"id > {after[-1]['id']}" if after else "",
                limit=_PAGE_ROWS,
                output_fields=["id", *SCALARS],
                partition_names=[make_partition_name(team_id)],
                consistency_level="Strong",
                timeout=TIMEOUT_S,
                **_ORDERED_BY_ID,
            )
        )

    def upsert_rows(self, client: MilvusClient, team_id: int, rows: list[Row]) -> None:
        client.upsert(self.name, rows, partition_name=make_partition_name(team_id), timeout=TIMEOUT_S)

    def delete_rows(self, client: MilvusClient, rows: Iterable[Row]) -> None:
        """Delete rows, each in its partition. They need `id` and `team_id`."""
        ids: dict[int, list[int]] = defaultdict(list)
        for row in rows:
            ids[row["team_id"]].append(row["id"])
        for team_id, members in ids.items():
            partition = make_partition_name(team_id)
            client.delete(self.name, ids=members, partition_name=partition, timeout=TIMEOUT_S)

    def is_partition_empty(self, client: MilvusClient, partition: str) -> bool:
        return not client.query(
            self.name,
            filter="",
            limit=1,
            output_fields=["id"],
            partition_names=[partition],
            consistency_level="Strong",
            timeout=TIMEOUT_S,
        )

    def drop_partition(self, client: MilvusClient, partition: str, *, must_release: bool) -> None:
        """A server drops only a partition that was released first (`must_release`)."""
        if must_release:
            client.release_partitions(self.name, [partition], timeout=_PARTITION_TIMEOUT_S)
        client.drop_partition(self.name, partition, timeout=_PARTITION_TIMEOUT_S)
        self._partitions -= {partition}

    def is_present(self, client: MilvusClient) -> bool:
        return bool(client.has_collection(self.name, timeout=READ_TIMEOUT_S))

    def drop(self, client: MilvusClient) -> None:
        client.drop_collection(self.name, timeout=TIMEOUT_S)
        self.forget()

    def _load(self, client: MilvusClient) -> None:
        """Check the fields and load the collection: Milvus cannot search one that is not loaded."""
        described = client.describe_collection(self.name, timeout=READ_TIMEOUT_S)["fields"]
        fields = {field["name"]: field for field in described}
        if not self._fields <= fields.keys() or "dim" not in fields["vector"].get("params", {}):
            sentence = _("The Milvus collection %(name)s has other fields than this program needs. Remove it.")
            raise IndexUnavailable(sentence, name=self.name)
        dim = int(fields["vector"]["params"]["dim"])
        if dim != self._dim:
            sentence = _("The index holds vectors of %(held)s numbers, but this model makes %(made)s.")
            raise IndexUnavailable(sentence, held=dim, made=self._dim)
        client.load_collection(self.name, timeout=TIMEOUT_S)
        self._checked_by = client

    def _refresh_partitions(self, client: MilvusClient) -> None:
        names = client.list_partitions(self.name, timeout=READ_TIMEOUT_S)
        self._partitions = frozenset(filter(is_team_partition, names))


@contextmanager
def _allow_concurrent_creation(exists: Callable[[], bool]) -> Iterator[None]:
    """Ignore the error of a creation if another process has created the same thing at the same time."""
    try:
        yield
    except MilvusException:
        if not exists():
            raise
