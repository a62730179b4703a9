"""The embedded store of one installation, shared by its processes: one owns and serves it, all are its clients."""

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
from collections_app.index.embedded_server import EmbeddedServer
from collections_app.index.failures import unavailable
from collections_app.index.locks import try_lock, wait_for_lock

# Opening a large store takes its owner some seconds; meanwhile the others wait.
OWNER_TIMEOUT_S = 15.0
ANSWER_TIMEOUT_S = 5.0
_POLL_S = 0.05
# The kernel allows 107 bytes for the path of a unix socket; the owner's first name for it is a little longer.
_MAX_SOCKET_PATH_BYTES = 100
_CHANNEL_OPTIONS = {
    # Otherwise a new channel to the same path inherits the dead one's wait between tries.
    "grpc.use_local_subchannel_pool": 1,
    "grpc.max_reconnect_backoff_ms": 500,
    # The kernel closes a dead owner's socket; pings would only be refused as too many.
    "grpc.keepalive_time_ms": 2_147_483_647,
}


class EmbeddedStore:
    """An endpoint: Milvus Lite in a directory that nobody else can enter."""

    embedded = True

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._owner: EmbeddedServer | None = None
        self._lock = threading.Lock()

    @property
    def owned(self) -> bool:
        """Whether this very process serves the store (a forked child does not)."""
        return self._owner is not None and self._owner.alive

    def connect(self) -> MilvusClient:
        """Return a client of the store's owner, which is this process if nobody else is.

        Raises IndexUnavailable if there is an owner and it does not answer.
        """
        with self._lock:
            _private(self._directory)
            path = self._socket()
            deadline = time.monotonic() + OWNER_TIMEOUT_S
            while True:
                try:
                    self._own_if_free(path)
                    return _client(path)
                except (MilvusException, MilvusLiteError, grpc.RpcError) as error:
                    if time.monotonic() > deadline:
                        raise unavailable(error) from error
                time.sleep(_POLL_S)

    @contextmanager
    def writing(self) -> Iterator[None]:
        try:
            lock = wait_for_lock(_private(self._directory) / "write.lock")
        except OSError as error:
            raise unavailable(error) from error
        try:
            yield
        finally:
            os.close(lock)

    def close(self) -> None:
        with self._lock:
            if self._owner is not None:
                self._owner.stop()
            self._owner = None

    def _own_if_free(self, path: Path) -> None:
        if self.owned:
            return
        lock = try_lock(self._directory / "owner.lock")
        if lock is None:
            return
        try:
            self._owner = EmbeddedServer(data_dir=self._directory / "store.db", socket=path, lock=lock)
        except BaseException:
            os.close(lock)
            raise

    def _socket(self) -> Path:
        path = self._directory / "milvus.sock"
        if len(os.fsencode(path)) <= _MAX_SOCKET_PATH_BYTES:
            return path
        return _private(_socket_directory(self._directory)) / "milvus.sock"


def _socket_directory(directory: Path) -> Path:
    """Return where the socket lies if its path in the store's own directory were too long."""
    digest = hashlib.sha256(os.fsencode(directory.resolve())).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"imagesearch-{os.getuid()}-{digest}"


def _private(directory: Path) -> Path:
    """Return the directory, made if missing and closed to others; refuse one that is not ours or is a link."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        sentence = _("The index cannot be kept in %(directory)s: it must be a directory of this user.")
        raise IndexUnavailable(sentence, directory=str(directory))
    if stat.S_IMODE(found.st_mode) != 0o700:
        directory.chmod(0o700)
    return directory


def _client(path: Path) -> MilvusClient:
    """Return a client of whoever listens there. Asks first: gRPC would go on trying where nobody does."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(ANSWER_TIMEOUT_S)
        try:
            probe.connect(os.fspath(path))
        except OSError as error:
            raise MilvusException(Status.CONNECT_FAILED, f"nobody serves {path}") from error
    return MilvusClient(f"unix:{path}", timeout=ANSWER_TIMEOUT_S, dedicated=True, grpc_options=_CHANNEL_OPTIONS)
