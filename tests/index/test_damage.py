"""Damaged files of the embedded store: recognised, logged, set aside, and read as far as possible."""

import errno
import logging
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from pymilvus import MilvusException

from collections_app.errors import IndexDamaged, IndexRefused, IndexUnavailable
from collections_app.index import close_index, find_store_damage, open_index, read_stored_vectors, set_store_aside
from collections_app.index.connection import Connection
from collections_app.index.embedded_store import EmbeddedStore
from collections_app.index.types import VectorIndex
from tests.index.conftest import new_index
from tests.index.records import DIM, record, unit

MODEL_KEY = "damaged"


@pytest.fixture
def log_lines(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    ours = logging.getLogger("collections_app")
    ours.addHandler(caplog.handler)
    yield caplog
    ours.removeHandler(caplog.handler)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """The folder of a closed store with ten vectors in each of two teams; 3 is deleted."""
    index = open_again()
    index.upsert([record(an_id, team=1) for an_id in range(1, 11)])
    index.upsert([record(an_id, team=2) for an_id in range(11, 21)])
    index.delete([3])
    close_index()
    return tmp_path / "index" / "store.db"


def open_again() -> VectorIndex:
    return open_index(model_key=MODEL_KEY, dim=DIM)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def garble(path: Path) -> None:
    path.write_bytes(bytes(range(256)) * (path.stat().st_size // 256 + 1))


def damage(store: Path, pattern: str, change: Callable[[Path], None]) -> None:
    paths = list(store.rglob(pattern))
    assert paths
    for path in paths:
        change(path)


DAMAGES = [
    (pattern, change)
    for pattern in ("*.idx", "data_*.parquet", "delta_*.parquet", "schema.json", "manifest.json*")
    for change in (cut, empty, garble)
]


@pytest.mark.parametrize(("pattern", "change"), DAMAGES)
def test_every_call_says_that_the_store_is_damaged_and_the_log_names_the_file(
    store: Path, log_lines: pytest.LogCaptureFixture, pattern: str, change: Callable[[Path], None]
) -> None:
    damage(store, pattern, change)
    index = open_again()

    calls: list[Callable[[], object]] = [
        index.count,
        lambda: index.search(unit(1), team_ids=[1, 2], limit=9),
        lambda: index.upsert([record(1)]),
    ]
    for call in calls:
        with pytest.raises(IndexDamaged, match=r"rebuilds it with manage\.py reindex"):
            call()

    assert any(path.name in log_lines.text for path in store.rglob(pattern))


@pytest.mark.parametrize(("pattern", "change"), DAMAGES)
def test_damaged_file_is_found(store: Path, pattern: str, change: Callable[[Path], None]) -> None:
    assert find_store_damage(deep=True) is None

    damage(store, pattern, change)

    found = find_store_damage()
    assert found
    assert found.path.match(pattern)


@pytest.mark.parametrize("pattern", ["manifest.json", "*.idx"])
def test_what_the_store_tolerates_is_no_damage(store: Path, pattern: str) -> None:
    damage(store, pattern, cut if pattern == "manifest.json" else Path.unlink)

    assert find_store_damage(deep=True) is None
    assert {hit.id for hit in open_again().search(unit(1), team_ids=[2], limit=99)} == set(range(11, 21))


@pytest.mark.parametrize("place", [-1, -200])
def test_flipped_byte_in_the_copy_that_is_searched_is_found_by_a_deep_check(store: Path, place: int) -> None:
    """The file ends with the numbers of the vectors, before which the vectors are."""
    path = next(store.rglob("*.idx"))
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)

    assert find_store_damage() is None
    found = find_store_damage(deep=True)
    assert found
    assert found.path == path


def test_store_of_an_older_version_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "index").mkdir(mode=0o700)
    (tmp_path / "index" / "store.db").write_bytes(b"SQLite format 3\0")

    with pytest.raises(IndexDamaged):
        open_again().count()


def test_folder_that_cannot_be_written_is_no_damage(tmp_path: Path) -> None:
    (tmp_path / "index").write_text("a file in the place of the folder")

    with pytest.raises(IndexUnavailable) as caught:
        open_again().count()

    assert not isinstance(caught.value, IndexDamaged)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EIO])
def test_reason_of_the_system_is_told_and_is_no_damage(store: Path, number: int) -> None:
    answer = MilvusException(1, f"[Errno {number}] {os.strerror(number)}: 'x.parquet'")

    told = EmbeddedStore(store.parent).explain(answer)

    assert os.strerror(number) in str(told)
    assert not isinstance(told, IndexDamaged | IndexRefused)


def test_collection_whose_schema_was_never_written_is_created(store: Path) -> None:
    """As after a full disk. Milvus Lite alone would refuse the name for ever."""
    (folder,) = (store / "collections").iterdir()
    shutil.rmtree(folder)
    folder.mkdir()
    (folder / "schema.json.tmp").touch()
    index = open_again()

    index.upsert([record(1)])

    assert index.count() == 1


def test_vectors_of_a_collection_without_its_schema_are_kept(store: Path) -> None:
    (schema,) = store.glob("collections/*/schema.json")
    schema.unlink()
    before = sorted(path.relative_to(store) for path in schema.parent.rglob("*"))

    with pytest.raises(IndexUnavailable):
        open_again().upsert([record(1)])

    assert sorted(path.relative_to(store) for path in schema.parent.rglob("*")) == before


def test_store_is_set_aside_whole_and_a_new_one_is_started(store: Path) -> None:
    before = sorted(path.relative_to(store) for path in store.rglob("*"))
    damage(store, "schema.json", empty)

    aside = set_store_aside()

    assert aside
    assert aside.parent == store.parent
    assert sorted(path.relative_to(aside) for path in aside.rglob("*")) == before
    assert open_again().count() == 0
    open_again().upsert([record(1)])
    assert open_again().count() == 1


def test_vectors_of_a_store_set_aside_can_be_read(store: Path) -> None:
    damage(store, "manifest.json*", empty)
    damage(store, "*.idx", cut)
    cut(next(store.rglob("team_2/data/*.parquet")))

    aside = set_store_aside()

    (found,) = read_stored_vectors(aside, model_key=MODEL_KEY)
    assert found.ids.tolist() == list(range(1, 11))
    assert np.array_equal(found.vectors[4], unit(1, 5))
    assert found.contents[4] == record(5).entry.content


def test_setting_aside_nothing_makes_nothing(tmp_path: Path) -> None:
    assert set_store_aside() is None


def test_running_owner_releases_the_store_that_is_set_aside(store: Path) -> None:
    owner = Connection(EmbeddedStore(store.parent))
    theirs = new_index(owner, model_key=MODEL_KEY)
    assert theirs.count() == 19

    aside = set_store_aside()

    assert aside
    assert theirs.count() == 0
    theirs.upsert([record(1)])
    assert open_again().count() == 1
    owner.close()
    shutil.rmtree(aside)
    assert store.is_dir()
