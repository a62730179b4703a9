"""Several processes on one embedded store: ownership and takeover."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from collections_app.errors import IndexUnavailable
from collections_app.index.connection import Connection
from collections_app.index.embedded_store import EmbeddedStore
from collections_app.index.milvus import MilvusIndex
from tests.index import program
from tests.index.conftest import new_index
from tests.index.records import record, unit

pytestmark = pytest.mark.process

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "index"


@pytest.fixture
def start(directory: Path) -> Iterator[Start]:
    """Return a function that starts `program` with a task on this test's store; what is left is killed at the end."""
    started: list[subprocess.Popen[str]] = []

    def start_program(task: str, *numbers: int) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "tests.index.program", task, str(directory), *map(str, numbers)]
        pipe = subprocess.PIPE
        started.append(subprocess.Popen(command, text=True, stdin=pipe, stdout=pipe, stderr=pipe))
        return started[-1]

    yield start_program
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def own_index(directory: Path) -> Iterator[MilvusIndex]:
    """This process's own view of the store."""
    connection = Connection(EmbeddedStore(directory))
    yield new_index(connection, model_key=program.MODEL_KEY)
    connection.close()


def read_line(process: "subprocess.Popen[str]") -> list[str]:
    assert process.stdout is not None
    return process.stdout.readline().split()


def end_normally(process: "subprocess.Popen[str]") -> None:
    _, complaints = process.communicate(timeout=60)
    assert complaints == ""
    assert process.returncode == 0


def test_the_second_process_is_a_client_of_the_first(start: Start, own_index: MilvusIndex) -> None:
    first, second = start("serve"), None
    assert read_line(first) == ["owner"]

    second = start("serve")
    assert read_line(second) == ["client"]
    assert own_index.count() == 1
    end_normally(second)
    end_normally(first)


def test_client_takes_over_when_the_owner_exits(start: Start, own_index: MilvusIndex) -> None:
    owner = start("serve")
    assert read_line(owner) == ["owner"]
    assert own_index.count() == 1

    end_normally(owner)
    own_index.upsert([record(2)])

    assert sorted(entry.id for entry in own_index.iterate_entries()) == [1, 2]


def test_an_owner_whose_threads_outlive_its_main_thread_hands_the_store_over(
    start: Start, own_index: MilvusIndex
) -> None:
    owner = start("outlive_main_thread")
    assert read_line(owner) == ["closed"]

    own_index.upsert([record(2)])

    assert owner.poll() is None
    assert sorted(entry.id for entry in own_index.iterate_entries()) == [1, 2]
    end_normally(owner)


def test_writers_lose_nothing_while_the_owner_exits(start: Start, own_index: MilvusIndex) -> None:
    owner = start("serve")
    assert read_line(owner) == ["owner"]
    writers = [start("write", first, 20) for first in (100, 200)]
    for writer in writers:
        assert read_line(writer)[1] == "client"

    end_normally(owner)
    for writer in writers:
        assert len(read_remaining_ids(writer)) == 19
        end_normally(writer)

    expected = {an_id for first in (100, 200) for an_id in range(first, first + 20) if an_id % program.FORGET_EVERY}
    assert {entry.id for entry in own_index.iterate_entries()} == {1, *expected}


@pytest.mark.parametrize("connected_before", [True, False])
def test_client_takes_over_when_the_owner_is_killed(
    start: Start, own_index: MilvusIndex, directory: Path, connected_before: bool
) -> None:
    owner = start("serve")
    assert read_line(owner) == ["owner"]
    if connected_before:
        assert own_index.count() == 1

    owner.kill()
    owner.wait()

    assert (directory / "milvus.sock").exists()
    assert [hit.id for hit in own_index.search(unit(1, 1), team_ids=[1], limit=5)] == [1]


@pytest.mark.parametrize("connected_before", [True, False])
def test_stopped_owner_is_replaced_and_no_acknowledged_write_is_lost(
    start: Start, own_index: MilvusIndex, connected_before: bool
) -> None:
    owner = start("serve")
    assert read_line(owner) == ["owner"]
    if connected_before:
        own_index.upsert([record(2)])

    owner.send_signal(signal.SIGSTOP)

    wait_until_searched(own_index)
    assert own_index.search(unit(1, 1), team_ids=[1], limit=5)[0].id == 1
    own_index.upsert([record(3)])
    assert owner.wait(timeout=10) == -signal.SIGKILL
    assert own_index.count() == 2 + connected_before


def test_writers_lose_nothing_when_the_owner_is_stopped(start: Start, own_index: MilvusIndex) -> None:
    owner = start("serve")
    assert read_line(owner) == ["owner"]
    writer = start("write", 100, 20)
    assert read_line(writer)[1] == "client"

    owner.send_signal(signal.SIGSTOP)

    assert len(read_remaining_ids(writer)) == 19
    assert writer.wait(timeout=60) == 0
    expected = {an_id for an_id in range(100, 120) if an_id % program.FORGET_EVERY}
    assert {entry.id for entry in own_index.iterate_entries()} == {1, *expected}


def test_stopped_writer_does_not_hold_up_the_others(start: Start, own_index: MilvusIndex, directory: Path) -> None:
    own_index.upsert([record(1)])
    writer = start("hold_write_lock")
    assert read_line(writer) == ["holds"]

    writer.send_signal(signal.SIGSTOP)

    own_index.upsert([record(2)])
    assert own_index.count() == 2
    assert writer.wait(timeout=10) == -signal.SIGKILL


def test_owner_that_is_stopped_for_a_moment_stays_the_owner(start: Start, own_index: MilvusIndex) -> None:
    owner = start("serve")
    assert read_line(owner) == ["owner"]
    assert own_index.count() == 1

    owner.send_signal(signal.SIGSTOP)
    time.sleep(1)
    owner.send_signal(signal.SIGCONT)

    assert own_index.count() == 1
    end_normally(owner)


def wait_until_searched(index: MilvusIndex) -> None:
    deadline = time.monotonic() + 120
    while True:
        try:
            index.search(unit(1, 1), team_ids=[1], limit=5)
        except IndexUnavailable:
            assert time.monotonic() < deadline
        else:
            return


def test_forked_child_neither_owns_nor_locks_the_store(start: Start, own_index: MilvusIndex) -> None:
    owner = start("fork")
    child, role = read_line(owner)
    try:
        assert role == "client"
        owner.kill()
        owner.wait()

        own_index.upsert([record(2)])

        assert own_index.count() == 2
    finally:
        os.kill(int(child), signal.SIGKILL)


def test_the_owner_listens_on_no_network_port(start: Start) -> None:
    owner = start("serve")
    assert read_line(owner) == ["owner"]

    links = [str(link.readlink()) for link in Path(f"/proc/{owner.pid}/fd").iterdir() if link.is_symlink()]
    sockets = {name.removeprefix("socket:[").rstrip("]") for name in links if name.startswith("socket:[")}
    rows = [row.split() for name in ("tcp", "tcp6") for row in Path(f"/proc/net/{name}").read_text().splitlines()[1:]]

    assert sockets
    assert [row for row in rows if row[9] in sockets] == []
    end_normally(owner)


def test_four_writers_lose_nothing_while_owners_are_killed(start: Start, own_index: MilvusIndex) -> None:
    each, killings = 25, 3
    running = [start("write", first, each) for first in range(0, 4 * each, each)]
    written: list[int] = []
    following = 4 * each
    while running:
        for writer in list(running):
            match read_line(writer):
                case [an_id, "owner"] if killings:
                    killings -= 1
                    writer.kill()
                    written += [int(an_id), *read_remaining_ids(writer)]
                    running.remove(writer)
                    running.append(start("write", following, each))
                    following += each
                case [an_id, _]:
                    written.append(int(an_id))
                case _:
                    end_normally(writer)
                    running.remove(writer)

    stored = {entry.id: entry.team_id for entry in own_index.iterate_entries()}
    kept = {an_id for an_id in written if an_id % program.FORGET_EVERY}
    assert killings == 0
    assert kept <= stored.keys()
    assert {stored[an_id] for an_id in kept} == {1}
    assert not {an_id for an_id in written if an_id not in kept} & stored.keys()
    # Of a killed writer's last, unacknowledged step at most one entry is there.
    assert len(stored) - len(kept) <= 3


def read_remaining_ids(writer: "subprocess.Popen[str]") -> list[int]:
    """Return the acknowledged ids that were not read yet, of a writer that ends or was killed."""
    assert writer.stdout is not None
    # Not `communicate`, which forgets what `readline` has buffered. A line may be cut short.
    lines = [text.split() for text in writer.stdout.read().splitlines(keepends=True) if text.endswith("\n")]
    return [int(an_id) for an_id, _ in lines]
