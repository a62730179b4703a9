"""The Milvus collections of one model, numbered from 1, and which of them hold a team's partition."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from functools import partial

from pymilvus import MilvusClient

from collections_app.index.collection import READ_TIMEOUT_S, ModelCollection
from collections_app.index.directory import FIRST, PartitionDirectory
from collections_app.index.schema import (
    EMBEDDED,
    SERVER,
    VERSION,
    make_partition_name,
    parse_collection_number,
    parse_team_id,
)
from collections_app.index.types import Places

# Partitions that are read together.
PartitionGroup = tuple[ModelCollection, list[str]]


class ModelCollections:
    """Searches ask the directory where a partition is. What compares or counts asks Milvus, so that it also finds what
    the directory does not know.
    """

    def __init__(
        self, *, model_key: str, dim: int, is_embedded: bool, directory: PartitionDirectory, version: int = VERSION
    ) -> None:
        self._model_key, self._version = model_key, version
        self._is_embedded = is_embedded
        self._directory = directory
        layout = EMBEDDED if is_embedded else SERVER
        self._make = partial(ModelCollection, model_key=model_key, dim=dim, layout=layout, version=version)
        self._collections = {FIRST: self._make()}
        self._numbers = [FIRST]
        self._listed_by: MilvusClient | None = None

    def forget(self) -> None:
        self._listed_by = None
        for collection in list(self._collections.values()):
            collection.forget()

    def list_existing(self, client: MilvusClient) -> list[ModelCollection]:
        """Return the collections that can be read."""
        numbered = map(self._get, self._list_numbers(client))
        return [each for each in numbered if each.open_if_exists(client)]

    def find_places(self, team_ids: Collection[int]) -> Places:
        """Ask the directory, unless the first collection probably holds all these partitions."""
        is_needed = self._directory.limit and not self._are_seen_in_first(team_ids)
        return Places(numbers=self._directory.find(team_ids) if is_needed else None)

    def find_partitions(self, client: MilvusClient, team_ids: Collection[int], places: Places) -> list[PartitionGroup]:
        """Return the partitions of these teams. `places` are those of `find_places`."""
        is_in_first = self._is_single(client) or self._are_seen_in_first(team_ids)
        if places.numbers is None and not is_in_first:
            return self.list_partitions(client, team_ids)
        numbers = places.numbers or {}
        teams: dict[int, list[int]] = defaultdict(list)
        for team_id in team_ids:
            teams[numbers.get(team_id, FIRST)].append(team_id)
        collections = [(self._get(number), members) for number, members in sorted(teams.items())]
        return _list_groups(client, [each for each in collections if each[0].open_if_exists(client)])

    def list_partitions(self, client: MilvusClient, team_ids: Collection[int] | None = None) -> list[PartitionGroup]:
        """Return the partitions of these teams (None: of all) in every collection."""
        existing = self.list_existing(client)
        if len(existing) > 1 and team_ids is not None:
            self._look_for(client, existing, team_ids)
            seen = [(each, [team_id for team_id in team_ids if each.has_seen([team_id])]) for each in existing]
            return [(each, list(map(make_partition_name, members))) for each, members in seen if members]
        return _list_groups(client, [(each, team_ids) for each in existing])

    def list_team_ids(self, client: MilvusClient) -> set[int]:
        return self._directory.list_team_ids().union(self._list_places(client))

    def record_partitions(self, client: MilvusClient) -> None:
        if not self._is_single(client):
            self.list_existing(client)
            with self._directory.lock():
                self._directory.place([], self._list_places(client))

    def ensure_partitions(self, client: MilvusClient, team_ids: Collection[int]) -> dict[int, ModelCollection]:
        """Return the collection of each team, which has its partition."""
        if self._is_single(client):
            first = self._get(FIRST)
            first.ensure(client)
            for team_id in team_ids:
                first.ensure_partition(client, team_id)
            return dict.fromkeys(team_ids, first)
        places = self._directory.find(team_ids)
        if not all(team_id in places and self._has_partition(client, team_id, places[team_id]) for team_id in team_ids):
            places = self._create_partitions(client, team_ids)
        return {team_id: self._get(places[team_id]) for team_id in team_ids}

    def drop_empty_partitions(self, client: MilvusClient, team_ids: Collection[int]) -> int:
        """Drop the empty partitions of these teams, free their places, and return the number of partitions."""
        existing = self.list_existing(client)
        for collection in existing:
            collection.list_partitions(client)
        known = self.list_team_ids(client).intersection(team_ids)
        return sum(self._drop_team(client, existing, team_id) for team_id in sorted(known))

    def drop(self, client: MilvusClient) -> bool:
        """Return whether there was anything."""
        self._listed_by = None
        existing = [each for each in map(self._get, self._list_numbers(client)) if each.is_present(client)]
        for collection in existing:
            collection.drop(client)
        with self._directory.lock():
            self._directory.clear()
        self.forget()
        return bool(existing)

    def _get(self, number: int) -> ModelCollection:
        return self._collections.setdefault(number, self._make(number=number))

    def _list_numbers(self, client: MilvusClient) -> list[int]:
        """Return the numbers of the collections that exist, and FIRST. Without a limit no process adds one."""
        if self._listed_by is not client or self._directory.limit:
            names = client.list_collections(timeout=READ_TIMEOUT_S)
            numbers = {parse_collection_number(name, self._model_key, self._version) for name in names}
            self._numbers = sorted((numbers | {FIRST}) - {0})
            self._listed_by = client
        return self._numbers

    def _is_single(self, client: MilvusClient) -> bool:
        """Return whether the first collection holds all partitions, so that the directory is not needed."""
        return not self._directory.limit and self._list_numbers(client) == [FIRST]

    def _are_seen_in_first(self, team_ids: Collection[int]) -> bool:
        """Return whether the first collection had all these partitions when this process last looked.

        A server reports a partition that was dropped since; Milvus Lite returns nothing for it.
        """
        return not self._is_embedded and self._get(FIRST).has_seen(team_ids)

    def _has_partition(self, client: MilvusClient, team_id: int, number: int) -> bool:
        collection = self._get(number)
        return collection.open_if_exists(client) and bool(collection.list_partitions(client, [team_id]))

    def _look_for(self, client: MilvusClient, collections: Iterable[ModelCollection], team_ids: Iterable[int]) -> None:
        """List the partitions again if a team has none in any collection, as far as this process has seen."""
        if self._is_embedded or not all(any(each.has_seen([team_id]) for each in collections) for team_id in team_ids):
            for collection in collections:
                collection.list_partitions(client)

    def _list_places(self, client: MilvusClient) -> dict[int, int]:
        """Return where Milvus has partitions: the number of the collection by team."""
        numbered = [(number, self._get(number)) for number in reversed(self._list_numbers(client))]
        return {
            parse_team_id(partition): number
            for number, collection in numbered
            if collection.open_if_exists(client)
            for partition in collection.list_partitions(client)
        }

    def _create_partitions(self, client: MilvusClient, team_ids: Collection[int]) -> dict[int, int]:
        """Create a collection outside the lock, because a server takes seconds for it, and partitions inside."""
        while True:
            self.list_existing(client)  # opens them, which takes a server some time, too
            with self._directory.lock():
                # Listed inside the lock: no process drops a partition between.
                places = dict(self._directory.place(team_ids, self._list_places(client)))
                missing = {number for number in places.values() if not self._get(number).is_open(client)}
                if not missing:
                    for team_id, number in places.items():
                        self._get(number).ensure_partition(client, team_id)
                    return places
            for number in missing:
                self._get(number).ensure(client)

    def _drop_team(self, client: MilvusClient, existing: Iterable[ModelCollection], team_id: int) -> int:
        name = make_partition_name(team_id)
        holding = [each for each in existing if each.has_seen([team_id])]
        empty = [each for each in holding if each.is_partition_empty(client, name)]
        with self._directory.lock():
            for collection in empty:
                collection.drop_partition(client, name, must_release=not self._is_embedded)
            number = self._directory.find([team_id]).get(team_id)
            if number is not None and not self._has_partition(client, team_id, number):
                self._directory.release(team_id)
        return len(empty)


def _list_groups(
    client: MilvusClient, collections: Iterable[tuple[ModelCollection, Collection[int] | None]]
) -> list[PartitionGroup]:
    listed = ((each, each.list_partitions(client, team_ids)) for each, team_ids in collections)
    return [(each, partitions) for each, partitions in listed if partitions]
