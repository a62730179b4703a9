"""One process's connection to Milvus: made on first use, mended when it breaks. `MilvusIndex` runs everything in it."""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol, TypeVar

import grpc
from django.conf import settings
from pymilvus import MilvusClient, MilvusException

from collections_app.index.embedded_store import EmbeddedStore
from collections_app.index.failures import is_disconnect, refused_or_unavailable, unavailable

# pymilvus connects first and then mends a broken connection by itself: each may take this long.
CONNECT_TIMEOUT_S = 2.5
# How long a call goes on while one owner of the embedded store after another dies under it.
MEND_TIMEOUT_S = 30.0

# What fails is translated and logged by whoever catches IndexUnavailable; pymilvus prints each try's traceback.
logging.getLogger("pymilvus").setLevel(logging.CRITICAL)

Result = TypeVar("Result")


class Endpoint(Protocol):
    """Where Milvus is. `embedded` tells Milvus Lite, which differs in flushing and in moving rows, from a server."""

    embedded: bool

    def connect(self) -> MilvusClient: ...

    def writing(self) -> AbstractContextManager[None]:
        """Hold off the writers of other processes where Milvus itself does not order them."""

    def close(self) -> None: ...


class ServerEndpoint:
    """A Milvus server, a cluster or Zilliz Cloud."""

    embedded = False

    def __init__(self, *, uri: str, token: str = "") -> None:
        self._uri = uri
        self._token = token

    def connect(self) -> MilvusClient:
        # Dedicated: pymilvus would otherwise hand out the old, perhaps dead channel of the same address.
        return MilvusClient(self._uri, token=self._token, timeout=CONNECT_TIMEOUT_S, dedicated=True)

    def writing(self) -> AbstractContextManager[None]:
        return nullcontext()

    def close(self) -> None:
        """Nothing of a server is ours."""


class Connection:
    """Runs operations on a client that all threads share; a broken client is replaced once for all of them."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self._client: MilvusClient | None = None
        self._lock = threading.Lock()

    def run(self, operation: Callable[[MilvusClient], Result]) -> Result:
        """Return what the operation returns; on the embedded store it is repeated whenever the owner goes away.

        Raises IndexRefused for what Milvus will not take, IndexUnavailable for everything else that goes wrong.
        """
        deadline = time.monotonic() + (MEND_TIMEOUT_S if self.endpoint.embedded else 0)
        while True:
            client = self._connected()
            try:
                return operation(client)
            except (MilvusException, grpc.RpcError) as error:
                broken = is_disconnect(error) or client is not self._client
                if broken:
                    self._discard(client)
                if not broken or time.monotonic() > deadline:
                    raise (unavailable if broken else refused_or_unavailable)(error) from error

    def close(self) -> None:
        with self._lock:
            if self._client is not None:
                self._client.close()
            self._client = None
            self.endpoint.close()

    def _connected(self) -> MilvusClient:
        with self._lock:
            if self._client is None:
                try:
                    self._client = self.endpoint.connect()
                # Opening a damaged embedded store raises ValueError or RuntimeError.
                except (MilvusException, grpc.RpcError, OSError, ValueError, RuntimeError) as error:
                    raise unavailable(error) from error
            return self._client

    def _discard(self, client: MilvusClient) -> None:
        with self._lock:
            current = self._client
            if current is not None and current is client:
                self._client = None
                current.close()


def connection_from_settings() -> Connection:
    if settings.MILVUS_URI:
        return Connection(ServerEndpoint(uri=settings.MILVUS_URI, token=settings.MILVUS_TOKEN))
    return Connection(EmbeddedStore(settings.EMBEDDED_STORE_DIR))
