"""Indexes for the contract tests: each runs on Milvus Lite, with one Milvus collection for a model and with several,
and, marked `server`, on a real server.
"""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import pytest

from collections_app.index.collection import ModelCollection
from collections_app.index.connection import Connection, ServerEndpoint
from collections_app.index.directory import MemoryDirectory
from collections_app.index.embedded_store import EmbeddedStore
from collections_app.index.milvus import MilvusIndex
from collections_app.index.schema import SERVER
from tests.index.records import DIM

# Loading an empty collection takes a server three seconds, in which it waits; an average test takes a third of one.
LOADED_AHEAD = 10
# So few that most tests with several teams need several Milvus collections.
FEW_PARTITIONS = 2
# What all indexes of a model share, as processes share the database.
_directories: dict[str, MemoryDirectory] = {}
_models = count()


@pytest.fixture(scope="module")
def lite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    connection = Connection(EmbeddedStore(tmp_path_factory.mktemp("store")))
    yield connection
    connection.close()


@pytest.fixture(scope="package")
def server(milvus_uri: str) -> Iterator[Connection]:
    connection = Connection(ServerEndpoint(uri=milvus_uri))
    yield connection
    connection.close()


class LoadedModels:
    """Models whose empty collections the server has loaded, some of them always ahead of the tests."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._pool = ThreadPoolExecutor(LOADED_AHEAD)
        self._ahead = deque(self._pool.submit(self._load) for _ in range(LOADED_AHEAD))

    def take_key(self) -> str:
        self._ahead.append(self._pool.submit(self._load))
        return self._ahead.popleft().result()

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)

    def _load(self) -> str:
        model_key = make_model_key()
        self._connection.run(ModelCollection(model_key=model_key, dim=DIM, layout=SERVER).ensure)
        return model_key


@pytest.fixture(scope="package")
def loaded_models(server: Connection) -> Iterator[LoadedModels]:
    models = LoadedModels(server)
    yield models
    models.close()


@pytest.fixture(params=["lite", "lite in several collections", pytest.param("server", marks=pytest.mark.server)])
def place(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def connection(place: str, request: pytest.FixtureRequest) -> Connection:
    found = request.getfixturevalue(place.split()[0])
    assert isinstance(found, Connection)
    return found


@pytest.fixture
def model_key(place: str, request: pytest.FixtureRequest) -> str:
    """The key of a model without vectors. A server has already loaded its collection."""
    if place == "server":
        models: LoadedModels = request.getfixturevalue("loaded_models")
        return models.take_key()
    key = make_model_key()
    if place != "lite":
        _directories[key] = MemoryDirectory(limit=FEW_PARTITIONS)
    return key


@pytest.fixture
def index(connection: Connection, model_key: str) -> Iterator[MilvusIndex]:
    """An empty index of its own model, whose searches see every write."""
    made = new_index(connection, model_key=model_key)
    yield made
    made.drop()


def make_model_key() -> str:
    return f"test-model-{next(_models)}"


def new_index(connection: Connection, *, model_key: str = "", dim: int = DIM) -> MilvusIndex:
    directory = _directories.get(model_key)
    model_key = model_key or make_model_key()
    return MilvusIndex(connection, model_key=model_key, dim=dim, directory=directory, consistency="Strong")


@pytest.fixture
def open_store(tmp_path: Path) -> Iterator[Callable[[], Connection]]:
    """Return a function that opens the one store of this test, each time as another process would."""
    opened: list[Connection] = []

    def open_connection() -> Connection:
        opened.append(Connection(EmbeddedStore(tmp_path / "index")))
        return opened[-1]

    yield open_connection
    for connection in opened:
        connection.close()
