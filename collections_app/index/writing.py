"""Writes to the Milvus collections of one model. They can be repeated after an interruption. Used by `milvus`."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from pymilvus import MilvusClient

from collections_app.index.collection import TIMEOUT_S, ModelCollection
from collections_app.index.conditions import join_all, join_any, render_is_in
from collections_app.index.model_collections import ModelCollections
from collections_app.index.schema import EMBEDDED, SERVER
from collections_app.index.threads import run_in_parallel
from collections_app.index.types import Record

_Teams = Mapping[int, Sequence[Record]]
_Homes = Mapping[int, ModelCollection]


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    stored: ModelCollections
    is_embedded: bool

    def upsert(self, client: MilvusClient, *, records: Sequence[Record]) -> None:
        teams: dict[int, list[Record]] = defaultdict(list)
        for record in records:
            teams[record.entry.team_id].append(record)
        homes = self.stored.ensure_partitions(client, teams)
        if self.is_embedded:
            # Milvus Lite deletes an id from every partition, so deletion comes first. Unless it is flushed, the next
            # upsert of the same id cancels it, which would bring the old partition's copy back.
            self._delete_strays(client, teams, homes)
            self._flush(client, homes)
        layout = EMBEDDED if self.is_embedded else SERVER
        for team_id, members in teams.items():
            homes[team_id].upsert_rows(client, team_id, [layout.build_row(record) for record in members])
        if self.is_embedded:
            self._flush(client, homes)
        else:
            # A server keeps a copy in the old partition. The new one is there before the old one goes.
            self._delete_strays(client, teams, homes)

    def delete(self, client: MilvusClient, *, ids: Sequence[int]) -> None:
        for collection in self.stored.list_existing(client):
            if not self.is_embedded:
                client.delete(collection.name, ids=list(ids), timeout=TIMEOUT_S)
                continue
            # Named partitions: an unnamed deletion writes a file into every one, 10 times slower with 1,000 teams.
            collection.delete_rows(client, collection.fetch_rows(client, render_is_in("id", ids), ["team_id"]))
            client.flush(collection.name, timeout=TIMEOUT_S)

    def _delete_strays(self, client: MilvusClient, teams: _Teams, homes: _Homes) -> None:
        """Delete the copies of these records in other teams' partitions, in every collection."""
        delete = partial(self._delete_strays_in, client, teams=teams, homes=homes)
        existing = self.stored.list_existing(client)
        if self.is_embedded:
            for collection in existing:
                delete(collection)
        else:
            run_in_parallel([partial(delete, collection) for collection in existing])

    def _delete_strays_in(
        self, client: MilvusClient, collection: ModelCollection, *, teams: _Teams, homes: _Homes
    ) -> None:
        """A query may return one copy at a time, so it is repeated."""
        at_home = {team_id: members for team_id, members in teams.items() if homes[team_id] is collection}
        home = {record.entry.id: team_id for team_id, members in at_home.items() for record in members}
        ids = [record.entry.id for members in teams.values() for record in members]
        # Milvus Lite reads plain ids fastest; a server must not let the copy at home hide a stray one.
        condition = render_is_in("id", ids) if self.is_embedded else _render_strays(teams, homes, collection)
        copies = partial(collection.fetch_rows, client, condition, ["team_id"])
        while strays := [copy for copy in copies() if copy["team_id"] != home.get(copy["id"])]:
            collection.delete_rows(client, strays)
            if self.is_embedded and not at_home:
                client.flush(collection.name, timeout=TIMEOUT_S)

    def _flush(self, client: MilvusClient, homes: _Homes) -> None:
        for name in sorted({collection.name for collection in homes.values()}):
            client.flush(name, timeout=TIMEOUT_S)


def _render_strays(teams: _Teams, homes: _Homes, collection: ModelCollection) -> str:
    """Return the condition for copies of these records in a collection, except those in their team's partition."""
    members = {team_id: render_is_in("id", [each.entry.id for each in records]) for team_id, records in teams.items()}
    return join_any(
        join_all([f"team_id != {team_id:d}", ids]) if homes[team_id] is collection else ids
        for team_id, ids in members.items()
    )
