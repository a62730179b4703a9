"""This process as the owner of the embedded store: Milvus Lite behind a unix socket. Started by `embedded`."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any
from weakref import WeakSet

import grpc
from milvus_lite.adapter.grpc.servicer import MilvusServicer
from milvus_lite.db import MilvusLite
from pymilvus.grpc_gen.milvus_pb2_grpc import add_MilvusServiceServicer_to_server

WORKERS = 16
STOP_GRACE_S = 5
_MAX_MESSAGE_BYTES = 256 * 1024 * 1024

_servers: "WeakSet[EmbeddedServer]" = WeakSet()


class _Database(MilvusLite):  # type: ignore[misc]
    """Milvus Lite with a lock around its cache of collections.

    Without it two requests that are the first to name a collection open it twice, and what one writes the other loses.
    """

    def __init__(self, data_dir: str) -> None:
        self._opening = threading.RLock()
        super().__init__(data_dir)

    @property
    def lock_descriptor(self) -> int:
        return -1 if self._lock_fd is None else int(self._lock_fd)

    def get_collection(self, *args: Any, **kwargs: Any) -> Any:
        with self._opening:
            return super().get_collection(*args, **kwargs)

    def create_collection(self, *args: Any, **kwargs: Any) -> Any:
        with self._opening:
            return super().create_collection(*args, **kwargs)

    def drop_collection(self, *args: Any, **kwargs: Any) -> None:
        with self._opening:
            super().drop_collection(*args, **kwargs)


class EmbeddedServer:
    """Serves the store until stopped. Holds `lock`, the descriptor of the owner's lock, and closes it last."""

    def __init__(self, *, data_dir: Path, socket: Path, lock: int) -> None:
        self._pid = os.getpid()
        self._socket = socket
        self._lock = lock
        self._database = _Database(str(data_dir))
        try:
            self._server = self._serve()
        except BaseException:
            self._database.close()
            raise
        _servers.add(self)

    @property
    def alive(self) -> bool:
        return self._lock >= 0 and self._pid == os.getpid()

    def stop(self) -> None:
        """Finish the requests under way, then let another process take over at once. May be called twice."""
        if not self.alive:
            return
        self._server.stop(grace=STOP_GRACE_S).wait(timeout=2 * STOP_GRACE_S)
        self._database.close()
        self._socket.unlink(missing_ok=True)
        os.close(self._lock)
        self._lock = -1

    def forget(self) -> None:
        """In a forked child: let go of the parent's locks, which would otherwise outlive the parent."""
        for descriptor in (self._lock, self._database.lock_descriptor):
            with suppress(OSError):
                os.close(descriptor)
        self._lock = -1

    def _serve(self) -> grpc.Server:
        for name in self._database.list_collections():
            self._database.get_collection(name).load()
        sizes = [(f"grpc.max_{way}_message_length", _MAX_MESSAGE_BYTES) for way in ("send", "receive")]
        server = grpc.server(ThreadPoolExecutor(WORKERS, thread_name_prefix="embedded-store"), options=sizes)
        add_MilvusServiceServicer_to_server(MilvusServicer(self._database), server)
        # Put in place only when ready: a client meets either nobody or a server that answers.
        fresh = self._socket.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        server.add_insecure_port(f"unix:{fresh}")
        server.start()
        fresh.chmod(0o600)
        fresh.replace(self._socket)
        return server


def _stop_all() -> None:
    for owner in list(_servers):
        owner.stop()


def _forget_in_child() -> None:
    for owner in _servers:
        owner.forget()


# Not `atexit`, which comes after Python has closed all thread pools: a request that arrives in between would kill the
# server's thread and `stop` would wait for it in vain. Thread pools are closed by a hook of this same kind.
threading._register_atexit(_stop_all)  # type: ignore[attr-defined]
os.register_at_fork(after_in_child=_forget_in_child)
