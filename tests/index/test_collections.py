"""A model's partitions in several Milvus collections, which have a limit."""

import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from pymilvus import MilvusClient

from collections_app.errors import IndexUnavailable
from collections_app.index import Record, read_stored_vectors
from collections_app.index.connection import Connection
from collections_app.index.directory import FIRST, MemoryDirectory, place_teams
from collections_app.index.milvus import MilvusIndex
from collections_app.index.schema import is_team_partition, make_collection_name, parse_collection_number, parse_team_id
from tests.index.conftest import make_model_key
from tests.index.records import random_units, record, unit

MAX_PARTITIONS = 8
TEAMS = 30


class Model:
    """A model that several processes use: each has an index of its own, and all share the directory."""

    def __init__(self, connection: Connection, *, limit: int) -> None:
        self.connection = connection
        self.key = make_model_key()
        self.directory = MemoryDirectory(limit=limit)
        self.index = self.open_index()

    def open_index(self) -> MilvusIndex:
        return MilvusIndex(self.connection, model_key=self.key, dim=8, directory=self.directory, consistency="Strong")

    def change_limit(self, limit: int) -> None:
        """All processes start again with another setting. The rows of the directory stay."""
        places = self.directory.find(self.directory.list_team_ids())
        self.directory = MemoryDirectory(limit=limit)
        self.directory.place(places, places)
        self.index = self.open_index()

    def list_places(self) -> list[tuple[int, int]]:
        """Return what Milvus has: team and number of the collection."""

        def read(client: MilvusClient) -> list[tuple[int, int]]:
            numbers = {name: parse_collection_number(name, self.key) for name in client.list_collections()}
            return sorted(
                (parse_team_id(partition), number)
                for name, number in numbers.items()
                if number
                for partition in client.list_partitions(name)
                if is_team_partition(partition)
            )

        return self.connection.run(read)


@pytest.fixture(params=["lite", pytest.param("server", marks=pytest.mark.server)])
def place(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def several(connection: Connection) -> Model:
    return Model(connection, limit=MAX_PARTITIONS)


def fill_teams(index: MilvusIndex, count: int, *, first: int = 1) -> None:
    index.upsert([record(team, team=team) for team in range(first, first + count)])


def find(index: MilvusIndex, *team_ids: int) -> list[int]:
    return [hit.id for hit in index.search(unit(1), team_ids=team_ids, limit=1000)]


def test_collection_numbers_are_read_from_names() -> None:
    names = [make_collection_name("a model", number=number) for number in (1, 2, 37)]

    assert [parse_collection_number(name, "a model") for name in names] == [1, 2, 37]
    assert [parse_collection_number(name, "another model") for name in names] == [0, 0, 0]
    assert [parse_collection_number(name, "a model", version=1) for name in names] == [0, 0, 0]
    assert names[0] == make_collection_name("a model")
    assert parse_collection_number(f"{names[0]}_copy", "a model") == 0


def test_teams_get_the_first_free_place_and_keep_theirs() -> None:
    assert place_teams([5, 6, 5, 7], taken={1: 1, 2: 1, 3: 2, 5: 2}, limit=2) == {5: 2, 6: 3, 7: 3}
    assert place_teams([4, 3], taken={1: 2, 2: 2, 3: 2}, limit=3) == {4: 1, 3: 2}
    assert place_teams([4, 5], taken={1: 1, 2: 1}, limit=0) == {4: 1, 5: 1}


def test_one_ranked_list_has_the_true_nearest_of_all_collections(several: Model) -> None:
    """Teams are added and deleted and pictures moved and replaced, by two processes."""
    generator = random.Random(1)
    indexes = [several.index, several.open_index()]
    stored: dict[int, Record] = {}
    vectors = iter(random_units(3000))
    for number in range(600):
        stored[number] = record(number, team=1 + number % TEAMS, vector=next(vectors))
    several.index.upsert(list(stored.values()))
    for step in range(6):
        index = indexes[step % 2]
        moved = generator.sample(sorted(stored), 40)
        changed = [record(each, team=generator.randint(1, TEAMS + 5), vector=next(vectors)) for each in moved]
        index.upsert(changed)
        stored |= {each.entry.id: each for each in changed}
        emptied = generator.randint(1, TEAMS + 5)
        index.delete([each.entry.id for each in stored.values() if each.entry.team_id == emptied])
        stored = {an_id: each for an_id, each in stored.items() if each.entry.team_id != emptied}
        index.drop_empty_partitions([emptied])

    assert len({number for _team, number in several.list_places()}) >= 4
    found = sorted((entry.id, entry.team_id) for entry in several.index.iterate_entries())
    assert found == sorted((each.entry.id, each.entry.team_id) for each in stored.values())
    ids = np.array(sorted(stored))
    matrix = np.stack([stored[an_id].vector for an_id in ids.tolist()])
    for query in random_units(20, seed=2):
        scores = matrix @ query
        for index in indexes:
            hits = index.search(query, team_ids=range(1, TEAMS + 6), limit=25)
            assert [hit.id for hit in hits] == ids[np.lexsort((ids, -scores))][:25].tolist()
            assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    several.index.drop()


def test_equal_scores_of_several_collections_are_ordered_by_id(several: Model) -> None:
    several.index.upsert([record(100 - team, team=team, vector=unit(1)) for team in range(1, TEAMS + 1)])

    assert find(several.index, *range(1, TEAMS + 1)) == list(range(100 - TEAMS, 100))
    assert [hit.id for hit in several.index.search(unit(1), team_ids=[1, 30, 15], limit=2)] == [70, 85]
    several.index.drop()


def test_a_picture_moved_to_another_collection_leaves_no_copy(several: Model) -> None:
    fill_teams(several.index, TEAMS)
    places = dict(several.list_places())
    assert places[1] != places[30]

    several.index.upsert([record(1, team=30, width=9)])
    several.open_index().upsert([record(30, team=1, width=9)])

    entries = [(entry.id, entry.team_id, entry.width) for entry in several.index.iterate_entries(team_ids=[1, 30])]
    assert entries == [(30, 1, 9), (1, 30, 9)]
    assert (find(several.index, 1), find(several.index, 30)) == ([30], [1])
    assert several.index.count() == TEAMS
    assert several.index.get_vectors([1, 30], team_ids=[30]).keys() == {1}
    several.index.drop()


def test_freed_places_are_used_again(several: Model) -> None:
    fill_teams(several.index, 2 * MAX_PARTITIONS)
    several.index.delete([1, 2, 9])

    assert several.index.drop_empty_partitions([1, 2, 3, 9]) == 3
    fill_teams(several.index, 4, first=100)

    places = dict(several.list_places())
    assert [places[team] for team in range(100, 104)] == [1, 1, 2, 3]
    assert several.index.list_team_ids() == [*range(3, 9), *range(10, 17), *range(100, 104)]
    several.index.drop()


def test_partition_recreated_in_another_collection_is_found_by_another_process(several: Model) -> None:
    fill_teams(several.index, MAX_PARTITIONS)
    other = several.open_index()
    assert find(other, 1, 2) == [1, 2]

    several.index.delete([1])
    several.index.drop_empty_partitions([1])
    several.index.upsert([record(100, team=100)])
    several.index.upsert([record(1, team=1)])

    assert dict(several.list_places())[1] == 2
    assert sorted(find(other, 1, 2)) == [1, 2]
    other.upsert([record(101, team=1)])
    assert sorted(find(several.index, 1)) == [1, 101]
    several.index.drop()


def test_existing_partitions_stay_where_they_are(connection: Connection) -> None:
    model = Model(connection, limit=0)
    fill_teams(model.index, 10)
    before = model.list_places()
    assert {number for _team, number in before} == {FIRST}
    assert model.directory.list_team_ids() == set()

    model.change_limit(MAX_PARTITIONS)

    assert sorted(find(model.index, *range(1, 11))) == list(range(1, 11))
    fill_teams(model.index, 12, first=5)
    assert model.list_places() == [*before, *((team, 2) for team in range(11, 17))]
    assert sorted(find(model.index, *range(1, 20))) == list(range(1, 17))
    assert model.index.count() == 16
    model.index.drop()


def test_without_a_limit_the_other_collections_are_still_used(several: Model) -> None:
    fill_teams(several.index, 2 * MAX_PARTITIONS)

    several.change_limit(0)
    several.index.upsert([record(20, team=20), record(216, team=16)])

    assert [dict(several.list_places())[team] for team in (16, 20)] == [2, 1]
    assert sorted(find(several.index, 1, 16, 20)) == [1, 16, 20, 216]
    several.index.drop()


def test_partitions_that_the_directory_has_lost_are_recorded_again(several: Model) -> None:
    fill_teams(several.index, 20)
    places = several.list_places()
    several.directory.clear()

    several.index.record_partitions()

    assert several.directory.find(range(30)) == dict(places)
    assert find(several.index, 17) == [17]
    several.index.drop()


def test_copy_that_the_directory_does_not_know_is_listed_and_removed(several: Model) -> None:
    """An older copy of the database was restored, and the index was kept."""
    fill_teams(several.index, 2 * MAX_PARTITIONS)
    several.directory.clear()
    several.directory.place([16], {16: 1})

    several.open_index().upsert([record(16, team=16, width=9)])

    entries = several.index.iterate_entries(team_ids=[16])
    assert [(entry.id, entry.width) for entry in entries] == [(16, 9)]
    assert several.index.count() == 16
    several.index.drop()


def test_dropped_model_leaves_no_collection_and_no_place(several: Model) -> None:
    fill_teams(several.index, 20)

    several.open_index().drop()

    assert several.list_places() == []
    assert several.directory.list_team_ids() == set()
    assert (several.index.count(), find(several.index, 1, 20)) == (0, [])
    fill_teams(several.index, 1)
    assert several.list_places() == [(1, 1)]
    several.index.drop()


def test_threads_that_add_and_drop_teams_at_once_never_exceed_the_limit(several: Model) -> None:
    """Each has an index of its own and fills all teams. Between, it adds a team of its own and drops it.

    A server may refuse to read a collection while a partition is dropped, so calls are repeated as the worker does.
    """
    indexes = [several.open_index() for _ in range(4)]

    def change_teams(number: int) -> None:
        for step in range(TEAMS):
            team, passing = (step + number * 3) % TEAMS + 1, 1000 + number * 100 + step
            records = [record(team * 10 + number, team=team), record(passing, team=passing)]
            repeat_until_available(partial(indexes[number].upsert, records))
            repeat_until_available(partial(indexes[number].delete, [passing]))
            repeat_until_available(partial(indexes[number].drop_empty_partitions, [passing]))

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(change_teams, range(4)))

    places = several.list_places()
    assert [team for team, _number in places] == list(range(1, TEAMS + 1))
    assert max(Counter(number for _team, number in places).values()) <= MAX_PARTITIONS
    assert several.directory.find(several.directory.list_team_ids()) == dict(places)
    assert several.index.count() == 4 * TEAMS
    several.index.drop()


def repeat_until_available(call: Callable[[], object]) -> None:
    for _attempt in range(9):
        with suppress(IndexUnavailable):
            call()
            return
    call()


def test_stored_vectors_are_read_from_the_files_of_all_collections(
    open_store: Callable[[], Connection], tmp_path: Path
) -> None:
    model = Model(open_store(), limit=MAX_PARTITIONS)
    fill_teams(model.index, 20)

    stored = read_stored_vectors(tmp_path / "index" / "store.db", model_key=model.key)

    assert sorted(an_id for rows in stored for an_id in rows.ids.tolist()) == list(range(1, 21))
