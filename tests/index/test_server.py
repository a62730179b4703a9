"""Failures of a server: unreachable, restarted, full."""

import socket
import time
from collections.abc import Callable, Iterator

import grpc
import pytest
from pymilvus import MilvusClient, MilvusException

from collections_app.errors import IndexRefused, IndexUnavailable
from collections_app.index.connection import Connection, ServerEndpoint
from collections_app.index.failures import is_disconnect, translate_error
from collections_app.index.milvus import MilvusIndex
from collections_app.index.schema import make_collection_name
from tests.index.conftest import new_index
from tests.index.milvus_server import MAX_PARTITIONS
from tests.index.records import record, unit
from tests.index.relay import Relay

# A request waits some ten seconds; the bound leaves room for a busy machine.
HANGING_BOUND_S = 25


def every_call(index: MilvusIndex) -> Iterator[None]:
    """Expect one sentence from every method, the library's error behind it."""
    calls: list[Callable[[], object]] = [
        lambda: index.search(unit(1), team_ids=[1], limit=1),
        lambda: index.upsert([record(1)]),
        lambda: index.delete([1]),
        lambda: index.get_vectors([1]),
        lambda: list(index.iterate_entries()),
        index.count,
        index.drop,
    ]
    for call in calls:
        with pytest.raises(IndexUnavailable, match="Try again in a minute") as caught:
            call()
        assert caught.value.__cause__ is not None
        yield


def test_every_call_reports_that_nothing_listens() -> None:
    index = new_index(Connection(ServerEndpoint(uri="http://127.0.0.1:1")))

    assert len(list(every_call(index))) == 7


def test_call_reports_an_unresponsive_server() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        index = new_index(Connection(ServerEndpoint(uri=f"http://127.0.0.1:{mute.getsockname()[1]}")))

        with pytest.raises(IndexUnavailable, match="Try again in a minute"):
            index.count()


@pytest.mark.server
def test_restarted_server_is_used_without_a_restart_of_the_site(milvus_uri: str) -> None:
    relay = Relay(int(milvus_uri.rpartition(":")[2]))
    index = new_index(Connection(ServerEndpoint(uri=f"http://127.0.0.1:{relay.port}")))
    index.upsert([record(1)])

    relay.cut()
    assert len(list(every_call(index))) == 7
    relay.repair()

    assert [hit.id for hit in index.search(unit(1, 1), team_ids=[1], limit=1)] == [1]
    index.upsert([record(2, team=2)])
    relay.cut()
    relay.repair()
    assert index.count() == 2
    index.drop()
    relay.cut()


@pytest.mark.server
def test_server_that_hangs_is_given_up_in_bounded_time(milvus_uri: str) -> None:
    relay = Relay(int(milvus_uri.rpartition(":")[2]))
    index = new_index(Connection(ServerEndpoint(uri=f"http://127.0.0.1:{relay.port}")))
    index.upsert([record(1)])
    assert index.search(unit(1), team_ids=[1], limit=1)

    relay.hold()
    for call in (
        lambda: index.search(unit(1), team_ids=[1], limit=1),
        lambda: index.search(unit(1), team_ids=[2], limit=1),
        lambda: index.get_vectors([1]),
        index.count,
    ):
        started = time.monotonic()
        with pytest.raises(IndexUnavailable):
            call()
        assert time.monotonic() - started < HANGING_BOUND_S
    relay.release()

    assert index.count() == 1
    index.drop()
    relay.cut()


@pytest.mark.server
def test_collection_with_other_fields_is_explained(milvus_uri: str) -> None:
    index = new_index(Connection(ServerEndpoint(uri=milvus_uri)), model_key="other fields")
    client = MilvusClient(milvus_uri, timeout=10)
    client.create_collection(make_collection_name("other fields"), dimension=8)

    with pytest.raises(IndexUnavailable, match="has other fields"):
        index.search(unit(1), team_ids=[1], limit=1)

    client.drop_collection(make_collection_name("other fields"))


def test_full_server_is_reported_as_full() -> None:
    refusal = MilvusException(message="partition number (1024) exceeds max configuration (1024), collection: images")

    assert "The search index is full." in str(translate_error(refusal))


@pytest.mark.server
def test_full_server_refuses_a_new_team_and_serves_the_others(server: Connection) -> None:
    index = new_index(server)
    index.upsert([record(team, team=team) for team in range(1, MAX_PARTITIONS)])

    with pytest.raises(IndexRefused, match="The search index is full"):
        index.upsert([record(1000, team=1000)])

    index.upsert([record(1001, team=1)])
    assert index.count() == MAX_PARTITIONS
    index.drop()


def test_request_that_pymilvus_rejects_is_a_permanent_refusal(lite: Connection) -> None:
    index = new_index(lite)

    with pytest.raises(IndexRefused, match="doesn't accept this"):
        index.upsert([record(1, width=2**70)])

    index.upsert([record(1)])
    index.drop()


@pytest.mark.parametrize(
    ("answer", "refused"),
    [
        (MilvusException(1100, "invalid parameter"), True),
        (MilvusException(6, "a field is missing"), True),
        (MilvusException(1, "[Errno 28] No space left on device"), False),
        (MilvusException(8, "rate limit exceeded"), False),
        (MilvusException(101, "collection not loaded"), False),
        (MilvusException(grpc.StatusCode.DEADLINE_EXCEEDED, "timeout"), False),
        (MilvusException(65535, "something unexpected"), False),
    ],
)
def test_only_permanent_errors_are_refusals(answer: MilvusException, refused: bool) -> None:
    assert isinstance(translate_error(answer), IndexRefused) == refused


def test_owner_whose_process_ends_is_a_lost_connection() -> None:
    assert is_disconnect(MilvusException(1, "cannot schedule new futures after shutdown"))
    assert not is_disconnect(MilvusException(1, "[Errno 28] No space left on device"))
