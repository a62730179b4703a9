"""Vectors stored by an older version of the application: read, and removed in the end."""

from collections.abc import Iterator
from functools import partial

import pytest

from collections_app.index.connection import Connection
from collections_app.index.milvus import MilvusIndex
from tests.index.conftest import new_index
from tests.index.records import record, unit
from tests.index.schema_version_1 import store_as_version_1

MODEL_KEY = "upgraded"


@pytest.fixture
def index(connection: Connection) -> Iterator[MilvusIndex]:
    """Pictures 1 and 2 of team 1 have older vectors, and nothing else has any."""
    vectors = {1: unit(0, 0, 1), 2: unit(0, 0, 0, 1)}
    connection.run(partial(store_as_version_1, model_key=MODEL_KEY, team_id=1, vectors=vectors))
    made = new_index(connection, model_key=MODEL_KEY)
    yield made
    made.drop_superseded()
    made.drop()


def test_older_vectors_can_be_read_but_are_not_searched(index: MilvusIndex) -> None:
    assert sorted(index.get_vectors([1, 2, 3])) == [1, 2]
    assert sorted(index.get_vectors([1, 2, 3], team_ids=[1])) == [1, 2]
    assert index.get_vectors([1, 2, 3], team_ids=[2]) == {}
    assert (index.count(), list(index.iterate_entries()), index.list_team_ids()) == (0, [], [])
    assert index.search(unit(1), team_ids=[1], limit=9) == []


def test_a_newer_vector_hides_the_older_one(index: MilvusIndex) -> None:
    index.upsert([record(1, vector=unit(1))])

    found = index.get_vectors([1, 2])

    assert found[1].tolist() == unit(1).tolist()
    assert found[2].tolist() == unit(0, 0, 0, 1).tolist()


def test_older_vectors_are_removed_once_and_the_newer_ones_stay(index: MilvusIndex) -> None:
    index.upsert([record(1)])

    assert index.drop_superseded()
    assert not index.drop_superseded()

    assert sorted(index.get_vectors([1, 2])) == [1]


def test_older_vectors_may_be_removed_by_another_process(index: MilvusIndex, connection: Connection) -> None:
    assert sorted(index.get_vectors([1, 2])) == [1, 2]
    new_index(connection, model_key=MODEL_KEY).drop_superseded()

    assert index.get_vectors([1, 2]) == {}
