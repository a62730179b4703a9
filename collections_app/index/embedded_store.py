"""The embedded store of one installation, shared by its processes: one owns and serves it, all are its clients."""

import fcntl
import hashlib
import os
import socket
import stat
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
from milvus_lite.exceptions import MilvusLiteError
from pymilvus import MilvusClient, MilvusException
from pymilvus.client.types import Status

from collections_app.errors import IndexUnavailable
from collections_app.errors import gettext_noop as _
from collections_app.index.embedded_server import EmbeddedServer, build_socket_address
from collections_app.index.failures import make_unavailable

# Its owner needs some seconds to open a large store; the other processes wait that long.
OWNER_TIMEOUT_S = 15.0
RESPONSE_TIMEOUT_S = 5.0
_POLL_S = 0.05
# The kernel allows 107 bytes for the path of a unix socket; the owner's first name for it is a little longer.
_MAX_SOCKET_PATH_BYTES = 100
_CHANNEL_OPTIONS = {
    # Otherwise a new channel to the same path inherits the dead one's wait between tries.
    "grpc.use_local_subchannel_pool": 1,
    "grpc.max_reconnect_backoff_ms": 500,
    # The kernel closes a dead owner's socket; the server would refuse frequent pings.
    "grpc.keepalive_time_ms": 2_147_483_647,
}


class EmbeddedStore:
    """An endpoint: Milvus Lite in a directory that no other user can enter."""

    is_embedded = True

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._server: EmbeddedServer | None = None
        self._lock = threading.Lock()

    @property
    def is_owner(self) -> bool:
        """Whether this process serves the store. False in a forked child."""
        return self._server is not None and self._server.is_alive

    def connect(self) -> MilvusClient:
        """Return a client of the store's owner. This process becomes the owner if there is none.

        Raises IndexUnavailable if the owner does not respond.
        """
        with self._lock:
            _ensure_private(self._directory)
            path = self._get_socket_path()
            deadline = time.monotonic() + OWNER_TIMEOUT_S
            while True:
                try:
                    self._serve_if_free(path)
                    return _open_client(path)
                except (MilvusException, MilvusLiteError, grpc.RpcError) as error:
                    if time.monotonic() > deadline:
                        raise make_unavailable() from error
                time.sleep(_POLL_S)

    @contextmanager
    def lock_writes(self) -> Iterator[None]:
        try:
            lock = _wait_for_lock(_ensure_private(self._directory) / "write.lock")
        except OSError as error:
            raise make_unavailable() from error
        try:
            yield
        finally:
            os.close(lock)

    def close(self) -> None:
        with self._lock:
            if self._server is not None:
                self._server.stop()
            self._server = None

    def _serve_if_free(self, path: Path) -> None:
        if self.is_owner:
            return
        lock = _try_lock(self._directory / "owner.lock")
        if lock is None:
            return
        try:
            self._server = EmbeddedServer(data_dir=self._directory / "store.db", socket=path, lock=lock)
        except BaseException:
            os.close(lock)
            raise

    def _get_socket_path(self) -> Path:
        path = self._directory / "milvus.sock"
        if len(os.fsencode(path)) <= _MAX_SOCKET_PATH_BYTES:
            return path
        return _ensure_private(get_short_socket_directory(self._directory)) / "milvus.sock"


def get_short_socket_directory(directory: Path) -> Path:
    """Return the directory of the socket of a store whose own path is too long for one."""
    digest = hashlib.sha256(os.fsencode(directory.resolve())).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"imagesearch-{os.getuid()}-{digest}"


def _ensure_private(directory: Path) -> Path:
    """Return the directory. Create it if needed and close it to other users.

    Raises IndexUnavailable if it is a link or belongs to another user.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        sentence = _("The index can't be stored in %(directory)s: it must be a directory that this user owns.")
        raise IndexUnavailable(sentence, directory=str(directory))
    if stat.S_IMODE(found.st_mode) != 0o700:
        directory.chmod(0o700)
    return directory


def _open_client(path: Path) -> MilvusClient:
    """Return a client of the server on this socket. The probe fails at once where gRPC would try again and again."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(RESPONSE_TIMEOUT_S)
        try:
            probe.connect(os.fspath(path))
        except OSError as error:
            raise MilvusException(Status.CONNECT_FAILED, f"nothing serves {path}") from error
    return MilvusClient(
        build_socket_address(path), timeout=RESPONSE_TIMEOUT_S, dedicated=True, grpc_options=_CHANNEL_OPTIONS
    )


def _wait_for_lock(path: Path) -> int:
    """Return a descriptor that holds the file's lock until it is closed or its process dies.

    Each call opens the file again, so that threads of one process exclude each other too.
    """
    descriptor = _open_lock_file(path)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


def _try_lock(path: Path) -> int | None:
    """Return a descriptor that holds the lock, or None if another one holds it."""
    descriptor = _open_lock_file(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _open_lock_file(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
