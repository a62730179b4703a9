"""One process's connection to Milvus: opened on first use, replaced when it breaks."""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol, TypeVar

import grpc
from django.conf import settings
from pymilvus import MilvusClient, MilvusException

from collections_app.errors import IndexDamaged, IndexUnavailable
from collections_app.index.embedded_store import EmbeddedStore
from collections_app.index.failures import is_disconnect, is_silence, make_unavailable, translate_error

# pymilvus connects first and then repairs a broken connection itself: each may take this long.
CONNECT_TIMEOUT_S = 2.5
# How long a call is repeated while the owners of the embedded store die one after another.
RECONNECT_TIMEOUT_S = 30.0
# How long a damaged store is not opened again. Opening takes time, and the result would be the same.
_DAMAGED_S = 5.0

# Errors are translated here and logged where IndexUnavailable is caught; pymilvus prints a traceback for each try.
logging.getLogger("pymilvus").setLevel(logging.CRITICAL)

_Returned = TypeVar("_Returned")


class Endpoint(Protocol):
    """Where Milvus is. `is_embedded` is True for Milvus Lite, which flushes and moves rows unlike a server."""

    is_embedded: bool

    def connect(self) -> MilvusClient: ...

    def lock_writes(self) -> AbstractContextManager[None]:
        """Exclude the writers of other processes where Milvus itself does not order them."""

    def explain(self, error: Exception) -> IndexUnavailable:
        """Translate an error that Milvus reports for a call."""

    def close(self) -> None: ...


class ServerEndpoint:
    """A Milvus server, a cluster or Zilliz Cloud."""

    is_embedded = False

    def __init__(self, *, uri: str, token: str = "") -> None:
        self._uri = uri
        self._token = token

    def connect(self) -> MilvusClient:
        # Dedicated: pymilvus would otherwise return the old, perhaps dead channel of the same address.
        return MilvusClient(self._uri, token=self._token, timeout=CONNECT_TIMEOUT_S, dedicated=True)

    def lock_writes(self) -> AbstractContextManager[None]:
        return nullcontext()

    def explain(self, error: Exception) -> IndexUnavailable:
        return translate_error(error)

    def close(self) -> None:
        """A server needs no closing."""


class Connection:
    """Runs operations on a client that all threads share. A broken client is replaced once for all of them."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self._client: MilvusClient | None = None
        self._lock = threading.Lock()
        self._failure: IndexUnavailable | None = None
        self._failed_at = 0.0

    def run(self, operation: Callable[[MilvusClient], _Returned]) -> _Returned:
        """Return the operation's result. On the embedded store it is repeated when the owner ends.

        Raises IndexRefused if Milvus rejects the input, IndexUnavailable on every other error.
        """
        deadline = time.monotonic() + (RECONNECT_TIMEOUT_S if self.endpoint.is_embedded else 0)
        while True:
            client = self._get_client()
            try:
                return operation(client)
            except (MilvusException, grpc.RpcError) as error:
                is_broken = is_disconnect(error) or client is not self._client
                is_silent = self.endpoint.is_embedded and is_silence(error)
                if is_broken or is_silent:
                    self._drop_client(client)
                if not is_broken or time.monotonic() > deadline:
                    unreachable = is_broken or is_silent
                    raise (make_unavailable(error) if unreachable else self.endpoint.explain(error)) from error

    def close(self) -> None:
        with self._lock:
            if self._client is not None:
                self._client.close()
            self._client = self._failure = None
            self.endpoint.close()

    def _get_client(self) -> MilvusClient:
        """Return the client. A thread that waited while another one failed to connect raises the same error."""
        asked_at = time.monotonic()
        with self._lock:
            if self._client is not None:
                return self._client
            if self._failure and self._failed_at + self._get_pause_s() > asked_at:
                raise self._failure
            try:
                self._client = self._connect()
            except IndexUnavailable as error:
                self._failure, self._failed_at = error, time.monotonic()
                raise
            self._failure = None
            return self._client

    def _connect(self) -> MilvusClient:
        try:
            return self.endpoint.connect()
        except (MilvusException, grpc.RpcError, OSError, ValueError, RuntimeError) as error:
            raise make_unavailable(error) from error

    def _get_pause_s(self) -> float:
        return _DAMAGED_S if isinstance(self._failure, IndexDamaged) else 0

    def _drop_client(self, client: MilvusClient) -> None:
        with self._lock:
            current = self._client
            if current is not None and current is client:
                self._client = None
                current.close()


def make_connection() -> Connection:
    """Return the connection that the settings describe; it is not opened yet."""
    if settings.MILVUS_URI:
        return Connection(ServerEndpoint(uri=settings.MILVUS_URI, token=settings.MILVUS_TOKEN))
    return Connection(EmbeddedStore(settings.EMBEDDED_STORE_DIR))
