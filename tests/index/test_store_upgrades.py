"""A store whose index was built with other parameters: its owner builds the index again from the stored vectors."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pymilvus import MilvusClient

from collections_app.index import HasTag, Record
from collections_app.index.connection import Connection
from collections_app.index.schema import make_collection_name
from tests.index.conftest import new_index
from tests.index.records import random_units, record, tag_keys, unit

MODEL_KEY = "upgraded store"
NAME = make_collection_name(MODEL_KEY)
TEAM = 1

OpenStore = Callable[[], Connection]


@pytest.fixture
def records() -> list[Record]:
    tags = {True: tag_keys("red"), False: ()}
    return [record(an_id, vector=vector, tags=tags[an_id % 3 == 0]) for an_id, vector in enumerate(random_units(200))]


@pytest.fixture
def older_store(open_store: OpenStore, records: list[Record], tmp_path: Path) -> Path:
    """The store that earlier releases made, with the index FLAT and the metric COSINE. Nobody has it open."""
    connection = open_store()
    new_index(connection, model_key=MODEL_KEY).upsert(records)
    connection.run(build_older_index)
    connection.close()
    assert index_files(tmp_path) == {"flat"}
    return tmp_path


def build_older_index(client: MilvusClient) -> None:
    client.release_collection(NAME)
    client.drop_index(NAME, "vector")
    parameters = client.prepare_index_params()
    parameters.add_index("vector", index_type="FLAT", metric_type="COSINE")
    client.create_index(NAME, parameters)
    client.load_collection(NAME)


def describe_index(client: MilvusClient) -> tuple[str, str]:
    (description,) = [client.describe_index(NAME, name) for name in client.list_indexes(NAME)]
    return description["index_type"], description["metric_type"]


def index_files(directory: Path) -> set[str]:
    return {path.name.split(".")[-2] for path in directory.rglob("*.idx")}


def test_older_store_is_searched_with_a_new_index(
    older_store: Path, open_store: OpenStore, records: list[Record]
) -> None:
    connection = open_store()
    index = new_index(connection, model_key=MODEL_KEY)
    vectors = np.stack([one.vector for one in records])
    query = unit(1, -2, 3)

    hits = index.search(query, team_ids=[TEAM], limit=20)
    red = index.search(query, team_ids=[TEAM], limit=20, conditions=[HasTag("red")])

    scores = vectors @ query
    assert [hit.id for hit in hits] == np.argsort(-scores)[:20].tolist()
    assert [hit.score for hit in hits] == pytest.approx(np.sort(scores)[::-1][:20].tolist(), abs=1e-6)
    assert [hit.id for hit in red] == [an_id for an_id in np.argsort(-scores).tolist() if an_id % 3 == 0][:20]
    assert connection.run(describe_index) == ("IVF_FLAT", "IP")
    assert index_files(older_store) == {"ivf_flat"}


def test_vectors_and_entries_of_an_older_store_stay(
    older_store: Path, open_store: OpenStore, records: list[Record]
) -> None:
    index = new_index(open_store(), model_key=MODEL_KEY)

    assert list(index.iterate_entries()) == [one.entry for one in records]
    kept = index.get_vectors([one.entry.id for one in records])
    assert all(np.array_equal(kept[one.entry.id], one.vector) for one in records)


def test_interrupted_upgrade_is_finished_by_the_next_owner(older_store: Path, open_store: OpenStore) -> None:
    connection = open_store()
    connection.run(lambda client: client.release_collection(NAME))
    connection.run(lambda client: client.drop_index(NAME, "vector"))
    connection.close()

    again = open_store()

    assert len(new_index(again, model_key=MODEL_KEY).search(unit(1), team_ids=[TEAM], limit=300)) == 200
    assert again.run(describe_index) == ("IVF_FLAT", "IP")


def test_index_with_the_right_parameters_is_not_built_again(older_store: Path, open_store: OpenStore) -> None:
    first = open_store()
    first.run(describe_index)
    first.close()
    before = {path: path.stat().st_mtime_ns for path in older_store.rglob("*.idx")}

    open_store().run(describe_index)

    assert {path: path.stat().st_mtime_ns for path in older_store.rglob("*.idx")} == before


def test_small_batches_print_nothing(open_store: OpenStore, capfd: pytest.CaptureFixture[str]) -> None:
    """faiss would warn on standard error, which the logging of Python does not see."""
    connection = open_store()
    new_index(connection, model_key=MODEL_KEY).upsert([record(1), record(2)])
    connection.close()

    assert "WARNING" not in capfd.readouterr().err
