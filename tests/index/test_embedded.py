"""The embedded store within one process: directory, socket, threads, size."""

import hashlib
import os
import shutil
import socket
import stat
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from milvus_lite.db import MilvusLite

from collections_app.errors import IndexUnavailable
from collections_app.index import embedded_store
from collections_app.index.connection import Connection
from collections_app.index.embedded_store import EmbeddedStore
from tests.clock import wait_until
from tests.index.conftest import new_index
from tests.index.records import random_units, record, unit

Open = Callable[[], Connection]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_directory_and_socket_are_private(open_store: Open, tmp_path: Path) -> None:
    new_index(open_store()).upsert([record(1)])

    assert mode(tmp_path / "index") == 0o700
    assert mode(tmp_path / "index" / "milvus.sock") == 0o600


def test_open_directory_is_made_private(open_store: Open, tmp_path: Path) -> None:
    (tmp_path / "index").mkdir(mode=0o755)

    new_index(open_store()).upsert([record(1)])

    assert mode(tmp_path / "index") == 0o700


def test_symbolic_link_as_directory_is_refused(open_store: Open, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "index").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(IndexUnavailable, match="must be a directory that this user owns"):
        new_index(open_store()).count()


@pytest.mark.parametrize("name", ["long" * 25, "a#b", "what?", "100%41", "два слова"])
def test_directory_with_any_path_is_shared_without_a_folder_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    elsewhere = tmp_path / "tmp"
    elsewhere.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(elsewhere))
    one, two = (Connection(EmbeddedStore(tmp_path / name / "index")) for _ in range(2))
    new_index(one, model_key="same").upsert([record(1)])

    assert new_index(two, model_key="same").count() == 1
    assert not list(elsewhere.iterdir())
    assert {path.name for path in tmp_path.iterdir()} == {name, "tmp"}
    two.close()
    one.close()


def test_folder_that_another_user_made_in_the_temporary_directory_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = tmp_path / ("long" * 25)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    digest = hashlib.sha256(os.fsencode(directory.resolve())).hexdigest()[:16]
    (tmp_path / f"imagesearch-{os.getuid()}-{digest}").symlink_to("/")
    connection = Connection(EmbeddedStore(directory))

    new_index(connection).upsert([record(1)])

    connection.close()


def test_store_is_started_again_when_its_directory_was_deleted(open_store: Open, tmp_path: Path) -> None:
    owner, client = new_index(open_store(), model_key="same"), new_index(open_store(), model_key="same")
    owner.upsert([record(1)])
    assert client.count() == 1

    shutil.rmtree(tmp_path / "index")
    wait_until(lambda: client.count() == 0)

    client.upsert([record(2)])
    assert owner.count() == 1
    assert (tmp_path / "index" / "store.db").is_dir()


def test_written_entries_survive_reopening(open_store: Open) -> None:
    first = open_store()
    new_index(first, model_key="same").upsert([record(1), record(2, team=2)])
    first.close()

    index = new_index(open_store(), model_key="same")

    assert [hit.id for hit in index.search(unit(1, 1), team_ids=[1, 2], limit=5)] == [1, 2]


def test_stale_socket_file_is_replaced(open_store: Open, tmp_path: Path) -> None:
    (tmp_path / "index").mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(os.fspath(tmp_path / "index" / "milvus.sock"))

    index = new_index(open_store())
    index.upsert([record(1)])

    assert index.count() == 1


def test_store_opened_by_another_program_is_unavailable(
    open_store: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded_store, "OWNER_TIMEOUT_S", 0.5)
    (tmp_path / "index").mkdir(mode=0o700)
    other = MilvusLite(str(tmp_path / "index" / "store.db"))

    index = new_index(open_store())
    with pytest.raises(IndexUnavailable, match="can't be reached"):
        index.upsert([record(1)])
    other.close()

    index.upsert([record(1)])


def test_index_reconnects_after_its_connection_was_closed(open_store: Open) -> None:
    connection = open_store()
    index = new_index(connection)
    index.upsert([record(1)])

    connection.close()

    assert index.count() == 1


def test_client_takes_over_when_the_owner_stops(open_store: Open) -> None:
    owner, client = open_store(), open_store()
    new_index(owner, model_key="same").upsert([record(1)])
    index = new_index(client, model_key="same")
    assert index.count() == 1

    owner.close()

    assert [hit.id for hit in index.search(unit(1, 1), team_ids=[1], limit=5)] == [1]
    assert new_index(owner, model_key="same").count() == 1


def test_running_search_succeeds_although_the_owner_stops(open_store: Open) -> None:
    owner, client = open_store(), open_store()
    new_index(owner, model_key="same").upsert([record(1)])
    index = new_index(client, model_key="same")
    with ThreadPoolExecutor(10) as threads:
        searches = [threads.submit(index.search, unit(1), team_ids=[1], limit=10) for _ in range(50)]
        owner.close()
        searches.append(threads.submit(index.search, unit(1), team_ids=[1], limit=10))
    assert [[hit.id for hit in search.result()] for search in searches] == [[1]] * 51


def test_many_threads_connect_search_and_write_concurrently(open_store: Open) -> None:
    connections = [open_store(), open_store()]
    indexes = [new_index(connection, model_key="same") for connection in connections]
    together = threading.Barrier(24)
    everything = {10 * team + step for team in range(4) for step in range(5)}

    def work(number: int) -> int:
        together.wait()
        index = indexes[number % 2]
        if number < 4:
            for step in range(5):
                index.upsert([record(10 * number + step, team=number)])
            return 0
        searches = [index.search(unit(1), team_ids=[0, 1, 2, 3], limit=50) for _ in range(5)]
        return sum({hit.id for hit in hits} <= everything for hits in searches)

    with ThreadPoolExecutor(24) as pool:
        assert sum(pool.map(work, range(24))) == 100

    assert sorted(entry.id for entry in indexes[0].iterate_entries()) == sorted(everything)


def test_listing_continues_beyond_the_largest_page(lite: Connection) -> None:
    index = new_index(lite)
    vectors = random_units(20_500)
    index.upsert([record(an_id, vector=vector) for an_id, vector in enumerate(vectors)])

    assert [entry.id for entry in index.iterate_entries()] == list(range(20_500))
    assert len(index.get_vectors(range(5_000))) == 5_000
    assert index.count() == 20_500
    index.drop()


def test_hundreds_of_teams_are_searched_at_once(lite: Connection) -> None:
    index = new_index(lite)
    teams = range(1, 301)
    index.upsert([record(team, team=team) for team in teams])

    assert len(index.search(unit(1), team_ids=teams, limit=1000)) == 300
    index.delete([5])
    assert [hit.id for hit in index.search(unit(1, 7), team_ids=[5, 7], limit=10)] == [7]
    index.drop()
