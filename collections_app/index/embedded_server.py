"""The gRPC server of the embedded store: Milvus Lite behind a unix socket, in the process that owns the store."""

import logging
import os
import shutil
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any
from urllib.parse import quote
from weakref import WeakSet

import faiss
import grpc
from milvus_lite.adapter.grpc.servicer import MilvusServicer
from milvus_lite.db import LOCK_FILENAME, SCHEMA_FILENAME, MilvusLite
from milvus_lite.exceptions import MilvusLiteError
from pymilvus.grpc_gen.milvus_pb2_grpc import add_MilvusServiceServicer_to_server

from collections_app.index.schema import EMBEDDED

REQUEST_THREADS = 16
STOP_GRACE_S = 5
_MAX_MESSAGE_BYTES = 256 * 1024 * 1024

log = logging.getLogger(__name__)

_servers: "WeakSet[EmbeddedServer]" = WeakSet()
_stopper: threading.Thread | None = None


class _Database(MilvusLite):  # type: ignore[misc]
    """Milvus Lite with a lock around its cache of collections.

    Without the lock, two first requests for a collection open it twice, and the writes of one are lost.
    """

    def __init__(self, data_dir: str) -> None:
        self._opening = threading.RLock()
        self._collections_folder = Path(data_dir) / "collections"
        super().__init__(data_dir)

    def get_collection(self, *args: Any, **kwargs: Any) -> Any:
        with self._opening:
            return super().get_collection(*args, **kwargs)

    def create_collection(self, name: str, *args: Any, **kwargs: Any) -> Any:
        with self._opening:
            _remove_begun_collection(self._collections_folder / name)
            return super().create_collection(name, *args, **kwargs)

    def drop_collection(self, *args: Any, **kwargs: Any) -> None:
        with self._opening:
            super().drop_collection(*args, **kwargs)


def _remove_begun_collection(folder: Path) -> None:
    """Remove the folder of a collection whose schema could not be written, on a full disk or because the process was
    killed. Milvus Lite would refuse to create the collection for ever.
    """
    if folder.is_dir() and all(each.name == f"{SCHEMA_FILENAME}.tmp" for each in folder.iterdir()):
        shutil.rmtree(folder)


class _QuietIndex(faiss.IndexIVFFlat):
    """The index of a segment of Milvus Lite, which builds one for each batch.

    Without this class, faiss warns on standard error about each batch of fewer than 39 vectors.
    """

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.cp.min_points_per_centroid = 1


faiss.IndexIVFFlat = _QuietIndex  # type: ignore[misc, assignment]


class _RequestThreads(Executor):
    """The threads that execute requests.

    A ThreadPoolExecutor rejects calls as soon as the process ends. That would kill gRPC's serving thread, and `stop`
    would wait for it in vain.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._calls: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        for number in range(count):
            threading.Thread(target=self._run, name=f"embedded-store-{number}", daemon=True).start()

    def submit(self, call: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        future: Future[Any] = Future()
        self._calls.put((future, partial(call, *args, **kwargs)))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        for _ in range(self._count):
            self._calls.put(None)

    def _run(self) -> None:
        while job := self._calls.get():
            future, call = job
            try:
                future.set_result(call())
            except Exception as error:  # noqa: BLE001 -- an executor hands it to the caller
                future.set_exception(error)


class EmbeddedServer:
    """Serves the store until it is stopped. `lock` is the descriptor of the owner's lock, which is closed last.

    Raises RuntimeError in a process that is ending.
    """

    def __init__(self, *, data_dir: Path, socket: Path, lock: int) -> None:
        _stop_at_exit()
        self._pid = os.getpid()
        self._socket = socket
        self._lock = lock
        self._database = _Database(str(data_dir))
        self._lock_files = [os.fstat(lock), (data_dir / LOCK_FILENAME).stat()]
        self._threads = _RequestThreads(REQUEST_THREADS)
        try:
            self._server = self._serve()
        except BaseException:
            self._threads.shutdown()
            self._database.close()
            raise
        _servers.add(self)

    @property
    def is_alive(self) -> bool:
        return self._lock >= 0 and self._pid == os.getpid()

    def stop(self) -> None:
        """Finish the requests under way and release the store to the next process. May be called twice."""
        if not self.is_alive:
            return
        self._server.stop(grace=STOP_GRACE_S).wait(timeout=2 * STOP_GRACE_S)
        self._threads.shutdown()
        try:
            self._database.close()
            self._socket.unlink(missing_ok=True)
        except (OSError, MilvusLiteError, ValueError) as error:  # a full disk, or the directory is gone
            log.warning("The embedded store was not closed cleanly: %s", error)
        finally:
            os.close(self._lock)
            self._lock = -1

    def has_lock_of(self, path: Path) -> bool:
        """Return whether the file at this path is the one whose lock this server holds."""
        try:
            return os.path.samestat(os.fstat(self._lock), path.stat())
        except OSError:
            return False

    def close_inherited_locks(self) -> None:
        """In a forked child, close the copies of the parent's locks, which would outlive the parent."""
        for entry in Path("/dev/fd").iterdir():
            with suppress(OSError):  # the descriptor of this listing is closed already
                status = os.fstat(int(entry.name))
                if any(os.path.samestat(status, lock_file) for lock_file in self._lock_files):
                    os.close(int(entry.name))

    def _serve(self) -> grpc.Server:
        for name in self._database.list_collections():
            _load(self._database.get_collection(name))
        sizes = [(f"grpc.max_{way}_message_length", _MAX_MESSAGE_BYTES) for way in ("send", "receive")]
        server = grpc.server(self._threads, options=sizes)
        add_MilvusServiceServicer_to_server(_Servicer(self._database), server)
        # The socket gets its name only when the server is ready, so that no client meets one that does not respond.
        fresh = self._socket.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        server.add_insecure_port(build_socket_address(fresh))
        server.start()
        fresh.chmod(0o600)
        fresh.replace(self._socket)
        return server


def _load(collection: Any) -> None:
    """Load a collection of Milvus Lite. Build its index again if it was made with other parameters.

    Raises ValueError if a file of the index cannot be read.
    """
    index_type, metric, params = EMBEDDED.index_type, EMBEDDED.metric, dict(EMBEDDED.index_params)
    found = collection.get_index_info("vector")
    if found and (found["index_type"], found["metric_type"], found["build_params"]) != (index_type, metric, params):
        log.info("The index of %s is built again with other parameters.", collection.name)
        collection.drop_index("vector")
        found = None
    if found is None:
        collection.create_index("vector", {"index_type": index_type, "metric_type": metric, "params": params})
    try:
        collection.load()
    except RuntimeError as error:  # faiss raises it
        raise ValueError(f"the index of {collection.name} cannot be read: {error}") from error


class _Servicer(MilvusServicer):  # type: ignore[misc]
    """Milvus Lite's servicer, which lacks a call that pymilvus makes when it creates a collection."""

    def AllocTimestamp(self, _request: Any, context: grpc.ServicerContext) -> None:  # noqa: N802
        """Respond that there are no timestamps. pymilvus expects this; the inherited method also logs an error."""
        context.abort(grpc.StatusCode.UNIMPLEMENTED, "Milvus Lite has no timestamps.")


def build_socket_address(path: Path) -> str:
    """Return gRPC's address of a unix socket. It is a URI: a `%`, `#` or `?` of the path is escaped."""
    return f"unix:{quote(os.fspath(path))}"


def _stop_at_exit() -> None:
    """Start the thread that stops the servers when the process ends, unless it runs already.

    Python stops the threads of pools before it runs `atexit`, so this thread waits for one of them to stop. `atexit`
    would be too late: Milvus Lite cannot write without its own pool.
    """
    global _stopper
    if _stopper is None or not _stopper.is_alive():
        pool = ThreadPoolExecutor(1, thread_name_prefix="end-of-process")
        pool_thread = pool.submit(threading.current_thread).result()
        _stopper = threading.Thread(target=_stop_after, args=(pool, pool_thread), name="stop-embedded-store")
        _stopper.start()


def _stop_after(_pool: ThreadPoolExecutor, pool_thread: threading.Thread) -> None:
    """Wait for the pool's thread to end. The reference to the pool keeps it from ending earlier."""
    pool_thread.join()
    for server in list(_servers):
        server.stop()


def _close_locks_in_child() -> None:
    for server in _servers:
        server.close_inherited_locks()


os.register_at_fork(after_in_child=_close_locks_in_child)
