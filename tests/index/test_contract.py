"""The contract of `VectorIndex`, on Milvus Lite and on a server."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pymilvus import MilvusClient

from collections_app.errors import IndexUnavailable
from collections_app.index.connection import Connection, Endpoint
from collections_app.index.milvus import MilvusIndex
from tests.index.conftest import new_index
from tests.index.records import DIM, random_units, record, unit


def ids_and_teams(index: MilvusIndex) -> list[tuple[int, int]]:
    return sorted((entry.id, entry.team_id) for entry in index.iterate_entries())


def found(index: MilvusIndex, **arguments: object) -> list[int]:
    options = {"team_ids": [1], "limit": 10} | arguments
    return [hit.id for hit in index.search(unit(1), **options)]  # type: ignore[arg-type]


def test_entries_are_counted_and_listed_by_team(index: MilvusIndex) -> None:
    index.upsert([record(an_id, team=1) for an_id in range(1, 6)])
    index.upsert([record(an_id, team=2) for an_id in range(4, 9)])
    index.upsert([record(an_id, team=2) for an_id in range(4, 9)])
    index.delete([8])

    assert [index.count(team_ids=teams) for teams in ([1], [2], [1, 2], [3], [])] == [3, 4, 7, 0, 0]
    assert [entry.id for entry in index.iterate_entries(team_ids=[2])] == [4, 5, 6, 7]
    assert list(index.iterate_entries(team_ids=[])) == []


def test_each_team_comes_with_its_entries_in_the_order_asked_for(index: MilvusIndex) -> None:
    index.upsert([record(an_id, team=1 + an_id % 10) for an_id in range(40)])
    team_ids = [9, 3, 99, *range(10, 0, -1)]

    listed = [(team_id, [entry.id for entry in entries]) for team_id, entries in index.iterate_teams(team_ids)]

    assert listed == [(each, [an_id for an_id in range(40) if 1 + an_id % 10 == each]) for each in team_ids]
    assert list(index.count_each(team_ids)) == [(team_id, len(ids)) for team_id, ids in listed]


def test_new_index_is_empty(connection: Connection) -> None:
    index = new_index(connection)
    index.delete([1])

    assert found(index) == []
    assert list(index.iterate_entries()) == []
    assert index.get_vectors([1]) == {}
    assert index.count() == 0


def test_entries_are_read_as_they_were_written(index: MilvusIndex) -> None:
    written = [record(7, team=2), record(2**53 + 1, team=1, taken_at=-5_000_000_000, uploader_id=0)]

    index.upsert(written)

    assert sorted(index.iterate_entries(), key=lambda entry: entry.id) == [one.entry for one in written]
    assert index.count() == 2


def test_entries_are_listed_by_id_over_many_pages(index: MilvusIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collections_app.index.collection._PAGE_ROWS", 4)
    ids = [int(an_id) for an_id in np.random.default_rng(1).permutation(30)]
    for start in range(0, 30, 10):
        index.upsert([record(an_id, team=1 + an_id % 2) for an_id in ids[start : start + 10]])

    assert [entry.id for entry in index.iterate_entries(team_ids=[1])] == list(range(0, 30, 2))
    assert [entry.id for entry in index.iterate_entries(team_ids=[2])] == list(range(1, 30, 2))


def test_upsert_replaces_values_and_vector(index: MilvusIndex) -> None:
    index.upsert([record(1, vector=unit(1)), record(2)])
    index.upsert([record(1, vector=unit(0, 1), width=99)])

    assert {entry.id: entry.width for entry in index.iterate_entries()} == {1: 99, 2: 640}
    np.testing.assert_allclose(index.get_vectors([1])[1], unit(0, 1), atol=1e-6)


def test_the_last_of_equal_ids_in_one_batch_wins(index: MilvusIndex) -> None:
    index.upsert([record(1, team=1), record(1, team=2), record(1, team=3, height=5)])

    assert [(entry.team_id, entry.height) for entry in index.iterate_entries()] == [(3, 5)]


def test_upsert_moves_an_entry_to_another_team(index: MilvusIndex) -> None:
    index.upsert([record(1, team=1), record(2, team=1)])
    index.upsert([record(1, team=2)])

    assert ids_and_teams(index) == [(1, 2), (2, 1)]
    assert found(index, team_ids=[1]) == [2]
    assert found(index, team_ids=[2]) == [1]


def test_an_entry_moved_there_and_back_is_there_once(index: MilvusIndex) -> None:
    for team in (1, 2, 1, 2, 2, 1):
        index.upsert([record(1, team=team, width=team)])

    assert [(entry.team_id, entry.width) for entry in index.iterate_entries()] == [(1, 1)]
    assert found(index, team_ids=[2]) == []


def test_batch_moves_entries_between_teams_in_both_directions(index: MilvusIndex) -> None:
    index.upsert([record(an_id, team=1 + an_id % 3) for an_id in range(12)])
    index.upsert([record(an_id, team=1 + (an_id + 1) % 3) for an_id in range(12)])

    assert ids_and_teams(index) == [(an_id, 1 + (an_id + 1) % 3) for an_id in range(12)]


@pytest.mark.parametrize("when", ["before", "after"])
def test_upsert_repairs_an_interrupted_move(connection: Connection, model_key: str, when: str) -> None:
    index = new_index(connection, model_key=model_key)
    crashing = new_index(Connection(_CrashingEndpoint(connection.endpoint, when)), model_key=model_key)
    index.upsert([record(1, team=1)])
    with pytest.raises(_Crash):
        crashing.upsert([record(1, team=2)])

    index.upsert([record(1, team=2)])

    assert ids_and_teams(index) == [(1, 2)]
    assert found(index, team_ids=[1]) == []
    index.drop()


class _Crash(BaseException):
    """Stands for the death of the process at this point."""


class _CrashingEndpoint:
    """Connects to the real Milvus, but the process dies before or after it deletes rows."""

    def __init__(self, endpoint: Endpoint, when: str) -> None:
        self.is_embedded = endpoint.is_embedded
        self.lock_writes = endpoint.lock_writes
        self.explain = endpoint.explain
        self._endpoint = endpoint
        self._when = when

    def connect(self) -> Any:
        return _CrashingClient(self._endpoint.connect(), self._when)

    def close(self) -> None:
        """The real endpoint is closed by its own connection."""


class _CrashingClient:
    def __init__(self, client: MilvusClient, when: str) -> None:
        self._client = client
        self._when = when

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def delete(self, *args: Any, **kwargs: Any) -> None:
        if self._when == "after":
            self._client.delete(*args, **kwargs)
        raise _Crash


def test_delete_removes_from_every_team_and_ignores_unknown_ids(index: MilvusIndex) -> None:
    index.upsert([record(1, team=1), record(2, team=2), record(3, team=2)])

    index.delete([1, 2, 99])
    index.delete([])

    assert ids_and_teams(index) == [(3, 2)]
    assert found(index, team_ids=[1, 2]) == [3]


def test_a_deleted_entry_can_come_back_in_another_team(index: MilvusIndex) -> None:
    index.upsert([record(1, team=1)])
    index.delete([1])
    index.upsert([record(1, team=2)])

    assert ids_and_teams(index) == [(1, 2)]


def test_search_ranks_by_cosine_and_breaks_ties_by_id(index: MilvusIndex) -> None:
    index.upsert([record(5, vector=unit(1)), record(4, vector=unit(1)), record(3, vector=unit(1, 1))])

    hits = index.search(3 * unit(1), team_ids=[1], limit=2)
    all_hits = index.search(3 * unit(1), team_ids=[1], limit=3)

    assert [hit.id for hit in hits] == [4, 5]
    assert [hit.score for hit in all_hits] == pytest.approx([1, 1, 2**-0.5], abs=1e-5)


def test_simultaneous_searches_return_their_own_hits(index: MilvusIndex) -> None:
    index.upsert([record(number) for number in range(1, 6)])
    with ThreadPoolExecutor(5) as threads:
        found = list(threads.map(lambda number: index.search(unit(1, number), team_ids=[1], limit=10), range(1, 6)))
    assert [hits[0].id for hits in found] == [1, 2, 3, 4, 5]


def test_search_stays_in_the_given_teams_and_collections(index: MilvusIndex) -> None:
    index.upsert([record(team * 10 + n, team=team, collection_id=n) for team in (1, 2, 3) for n in (1, 2)])

    assert sorted(found(index, team_ids=[1, 3])) == [11, 12, 31, 32]
    assert sorted(found(index, team_ids=[], collections={2: 1, 3: 3})) == [12, 32]
    assert sorted(found(index, team_ids=[1], collections={2: 3})) == [11, 12, 32]
    assert found(index, team_ids=[], collections={9: 2}) == []


def test_search_skips_teams_without_entries(index: MilvusIndex) -> None:
    index.upsert([record(1, team=1)])

    assert found(index, team_ids=[1, 2, 3]) == [1]
    assert found(index, team_ids=[2, 3]) == []


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"team_ids": []}, ValueError),
        ({"limit": 0}, ValueError),
        ({"limit": 1001}, ValueError),
        ({"team_ids": [], "collections": {}}, ValueError),
        ({"collections": {"1] or id > 0 or collection_id in [1": 1}}, TypeError),
        ({"team_ids": ["1"]}, (TypeError, ValueError)),
    ],
)
def test_search_refuses_arguments_that_could_widen_it(
    index: MilvusIndex, wrong: dict[str, object], error: type
) -> None:
    index.upsert([record(1)])

    with pytest.raises(error):
        found(index, **wrong)


@pytest.mark.parametrize("vector", [np.ones(DIM + 1, np.float32), np.full(DIM, np.nan, np.float32)])
def test_vector_of_a_wrong_shape_or_type_is_refused(index: MilvusIndex, vector: NDArray[np.float32]) -> None:
    with pytest.raises(ValueError, match="8 finite numbers"):
        index.search(vector, team_ids=[1], limit=1)
    with pytest.raises(ValueError, match="8 finite numbers"):
        index.upsert([record(1, vector=vector)])


@pytest.mark.parametrize("factor", [0, 0.99, 1.01])
def test_vector_of_another_length_than_one_is_refused(index: MilvusIndex, factor: float) -> None:
    with pytest.raises(ValueError, match="Only unit vectors"):
        index.upsert([record(1, vector=np.float32(factor) * unit(1, 2))])


def test_score_is_never_above_one(index: MilvusIndex) -> None:
    vectors = random_units(200)
    index.upsert([record(an_id, vector=vector) for an_id, vector in enumerate(vectors)])

    best = [index.search(vector, team_ids=[1], limit=1)[0].score for vector in vectors]

    assert max(best) <= 1
    assert best == pytest.approx([1] * len(vectors), abs=1e-6)


def test_vectors_are_returned_for_the_given_teams_only(index: MilvusIndex) -> None:
    index.upsert([record(1, team=1), record(2, team=2)])

    assert sorted(index.get_vectors([1, 2, 3])) == [1, 2]
    assert sorted(index.get_vectors([1, 2, 3], team_ids=[2, 9])) == [2]
    assert index.get_vectors([1, 2], team_ids=[]) == {}
    assert index.get_vectors([]) == {}
    assert index.get_vectors([1])[1].dtype == np.float32


def test_two_models_do_not_see_each_other(index: MilvusIndex, connection: Connection) -> None:
    other = new_index(connection, dim=DIM + 1)
    index.upsert([record(1)])
    other.upsert([record(2, vector=random_units(1, dim=DIM + 1)[0])])

    assert (ids_and_teams(index), ids_and_teams(other)) == ([(1, 1)], [(2, 1)])
    other.drop()
    assert ids_and_teams(index) == [(1, 1)]


def test_model_with_a_changed_dimension_is_refused_in_a_sentence(connection: Connection, model_key: str) -> None:
    index = new_index(connection, model_key=model_key)
    index.upsert([record(1)])

    with pytest.raises(IndexUnavailable, match="vectors of 8 numbers, but this model makes 9"):
        new_index(connection, model_key=model_key, dim=9).count()
    index.drop()


def test_team_added_by_another_process_is_found_at_once(connection: Connection, model_key: str) -> None:
    other = new_index(connection, model_key=model_key)
    mine = new_index(connection, model_key=model_key)
    other.upsert([record(1, team=1)])
    assert found(mine, team_ids=[1, 2]) == [1]

    other.upsert([record(2, team=2)])

    assert sorted(found(mine, team_ids=[1, 2])) == [1, 2]
    other.drop()


def test_index_dropped_by_another_process_is_noticed(connection: Connection) -> None:
    other = new_index(connection, model_key="dropped")
    mine = new_index(connection, model_key="dropped")
    mine.upsert([record(1)])
    assert found(mine) == [1]

    other.drop()
    assert found(mine) == []
    assert mine.count() == 0
    mine.upsert([record(2, team=2)])

    assert ids_and_teams(mine) == [(2, 2)]
    mine.drop()


def test_empty_partitions_are_dropped_on_request(index: MilvusIndex) -> None:
    assert index.drop_empty_partitions([1]) == 0
    index.upsert([record(team, team=team) for team in range(5)])
    index.delete([1, 2])

    assert index.drop_empty_partitions([1, 3, 99]) == 1

    assert index.list_team_ids() == [0, 2, 3, 4]
    assert ids_and_teams(index) == [(0, 0), (3, 3), (4, 4)]
    assert sorted(found(index, team_ids=[1, 2, 3, 4])) == [3, 4]


def test_partition_dropped_by_another_process_is_recreated(connection: Connection, model_key: str) -> None:
    mine, other = (new_index(connection, model_key=model_key) for _ in range(2))
    mine.upsert([record(1, team=1), record(2, team=2)])
    mine.delete([1])
    assert other.drop_empty_partitions([1]) == 1

    assert found(mine, team_ids=[1, 2]) == [2]
    mine.upsert([record(3, team=1), record(4, team=3)])

    assert sorted(found(mine, team_ids=[1, 2, 3])) == [2, 3, 4]
    mine.drop()


def test_the_nearest_ten_are_the_true_nearest_ten(index: MilvusIndex) -> None:
    vectors = random_units(3000)
    index.upsert([record(an_id, vector=vector) for an_id, vector in enumerate(vectors)])
    queries = random_units(50, seed=1)

    right = 0
    for query in queries:
        truth = set(np.argsort(-(vectors @ query))[:10].tolist())
        right += len(truth & {hit.id for hit in index.search(query, team_ids=[1], limit=10)})

    assert right / (10 * len(queries)) >= 0.99
