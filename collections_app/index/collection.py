"""The Milvus collection of one model and its partitions, one per team: found, made, remembered. Used by `milvus`."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from pymilvus import MilvusClient, MilvusException

from collections_app.errors import IndexUnavailable
from collections_app.errors import gettext_noop as _
from collections_app.index.schema import SCALARS, VERSION, Layout, collection_name, is_team, partition_name

TIMEOUT_S = 120.0
# The largest page that Milvus' query window allows.
_PAGE_ROWS = 16_384

Row = dict[str, Any]


class ModelCollection:
    """Remembers what exists, never what does not: another process may make it at any moment."""

    def __init__(self, *, model_key: str, dim: int, layout: Layout, version: int = VERSION) -> None:
        self.name = collection_name(model_key, version)
        self._model_key = model_key
        self._dim = dim
        self._layout = layout
        self._checked_by: MilvusClient | None = None
        self._partitions: frozenset[str] = frozenset()

    def forget(self) -> None:
        self._checked_by = None
        self._partitions = frozenset()

    def is_there(self, client: MilvusClient) -> bool:
        """Tell whether there can be anything to read. Its maker adds the index before the first row is written."""
        if self._checked_by is client:
            return True
        if not client.has_collection(self.name, timeout=TIMEOUT_S) or not client.list_indexes(self.name):
            return False
        self._open(client)
        return True

    def ensure(self, client: MilvusClient) -> None:
        if self.is_there(client):
            return
        if not client.has_collection(self.name, timeout=TIMEOUT_S):
            with _unless_made_meanwhile(lambda: client.has_collection(self.name)):
                # Strong by default, because a query iterator takes no other wish than the collection's.
                schema = self._layout.collection_schema(self._model_key, self._dim)
                client.create_collection(self.name, schema=schema, consistency_level="Strong", timeout=TIMEOUT_S)
        if not client.list_indexes(self.name):
            parameters = client.prepare_index_params()
            parameters.add_index("vector", index_type=self._layout.index_type, metric_type="COSINE")
            client.create_index(self.name, parameters, timeout=TIMEOUT_S)
        self._open(client)

    def partitions(self, client: MilvusClient, team_ids: Iterable[int] | None = None) -> list[str]:
        """Return the partitions that these teams have (None: all teams), sorted by name."""
        if team_ids is None:
            self._list(client)
            return sorted(self._partitions)
        wanted = {partition_name(team_id) for team_id in team_ids}
        if not wanted <= self._partitions:
            self._list(client)
        return sorted(wanted & self._partitions)

    def ensure_partition(self, client: MilvusClient, team_id: int) -> str:
        name = partition_name(team_id)
        if not self.partitions(client, [team_id]):
            with _unless_made_meanwhile(lambda: client.has_partition(self.name, name)):
                client.create_partition(self.name, name, timeout=TIMEOUT_S)
        return name

    def query(
        self, client: MilvusClient, condition: str, fields: list[str], partitions: Sequence[str] = ()
    ) -> list[Row]:
        """Return the rows that meet the condition, in these partitions (none named: in all), every write included."""
        return list(
            client.query(
                self.name,
                filter=condition,
                output_fields=fields,
                partition_names=list(partitions) or None,
                consistency_level="Strong",
                timeout=TIMEOUT_S,
            )
        )

    def page(self, client: MilvusClient, *, partition: str, after: Sequence[Row]) -> list[Row]:
        """Return the rows of a partition that follow this page, by id; none at the end.

        Each page has an iterator of its own, so that it can be asked for again on a new connection.
        """
        pages = client.query_iterator(
            self.name,
            batch_size=_PAGE_ROWS,
            filter=f"id > {after[-1]['id']}" if after else "",
            output_fields=["id", *SCALARS],
            partition_names=[partition],
            timeout=TIMEOUT_S,
        )
        try:
            return list(pages.next())
        finally:
            pages.close()

    def delete_rows(self, client: MilvusClient, rows: Iterable[Row]) -> None:
        """Delete rows that a query has returned with `team_id`, each in its partition."""
        ids: dict[int, list[int]] = defaultdict(list)
        for row in rows:
            ids[row["team_id"]].append(row["id"])
        for team_id, members in ids.items():
            partition = partition_name(team_id)
            client.delete(self.name, ids=members, partition_name=partition, timeout=TIMEOUT_S)

    def drop_partition_if_empty(self, client: MilvusClient, partition: str, *, loaded: bool) -> bool:
        """`loaded`: partitions are loaded one by one, as on a server, which drops only what has been released."""
        there = client.query(
            self.name,
            filter="",
            limit=1,
            output_fields=["id"],
            partition_names=[partition],
            consistency_level="Strong",
            timeout=TIMEOUT_S,
        )
        if there:
            return False
        if loaded:
            client.release_partitions(self.name, [partition], timeout=TIMEOUT_S)
        client.drop_partition(self.name, partition, timeout=TIMEOUT_S)
        self._partitions -= {partition}
        return True

    def drop(self, client: MilvusClient) -> None:
        client.drop_collection(self.name, timeout=TIMEOUT_S)
        self.forget()

    def _open(self, client: MilvusClient) -> None:
        """Check the dimension and load: a collection that is not loaded answers nothing."""
        fields = client.describe_collection(self.name, timeout=TIMEOUT_S)["fields"]
        dim = next(int(field["params"]["dim"]) for field in fields if field["name"] == "vector")
        if dim != self._dim:
            sentence = _("The index holds vectors of %(held)s numbers, but this model makes %(made)s.")
            raise IndexUnavailable(sentence, held=dim, made=self._dim)
        client.load_collection(self.name, timeout=TIMEOUT_S)
        self._checked_by = client

    def _list(self, client: MilvusClient) -> None:
        names = client.list_partitions(self.name, timeout=TIMEOUT_S)
        self._partitions = frozenset(filter(is_team, names))


@contextmanager
def _unless_made_meanwhile(is_there: Callable[[], bool]) -> Iterator[None]:
    """Swallow the refusal to make what another process has made in the same moment."""
    try:
        yield
    except MilvusException:
        if not is_there():
            raise
