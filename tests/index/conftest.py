"""Every contract test runs on Milvus Lite and, marked `server`, on a real server."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from collections_app.index.connection import Connection, ServerEndpoint
from collections_app.index.embedded_store import EmbeddedStore
from collections_app.index.milvus import MilvusIndex
from tests.index.milvus_server import milvus_server_uri
from tests.index.records import DIM

_models = count()

milvus_uri = pytest.fixture(scope="session")(milvus_server_uri)


@pytest.fixture(scope="module")
def lite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    connection = Connection(EmbeddedStore(tmp_path_factory.mktemp("store")))
    yield connection
    connection.close()


@pytest.fixture(scope="module")
def server(milvus_uri: str) -> Iterator[Connection]:
    connection = Connection(ServerEndpoint(uri=milvus_uri))
    yield connection
    connection.close()


@pytest.fixture(params=["lite", pytest.param("server", marks=pytest.mark.server)])
def connection(request: pytest.FixtureRequest) -> Connection:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Connection)
    return found


@pytest.fixture
def index(connection: Connection) -> Iterator[MilvusIndex]:
    """An empty index of a model of its own, whose searches see every write."""
    made = new_index(connection)
    yield made
    made.drop()


def new_index(connection: Connection, *, model_key: str = "", dim: int = DIM) -> MilvusIndex:
    return MilvusIndex(connection, model_key=model_key or f"test-model-{next(_models)}", dim=dim, consistency="Strong")


@pytest.fixture
def open_store(tmp_path: Path) -> Iterator[Callable[[], Connection]]:
    """Return a function that opens the one store of this test, as another process would, each time anew."""
    opened: list[Connection] = []

    def open_it() -> Connection:
        opened.append(Connection(EmbeddedStore(tmp_path / "index")))
        return opened[-1]

    yield open_it
    for connection in opened:
        connection.close()
