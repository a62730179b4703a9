"""The embedded store of one installation. One process owns and serves it; all processes are its clients."""

import logging
import os
import re
import socket
import stat
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
from milvus_lite.exceptions import DataDirLockedError, MilvusLiteError
from pymilvus import MilvusClient, MilvusException
from pymilvus.client.types import Status

from collections_app.errors import IndexUnavailable
from collections_app.errors import gettext_noop as _
from collections_app.index.embedded_server import EmbeddedServer, build_socket_address
from collections_app.index.failures import explain_embedded_error, explain_opening_error, make_unavailable
from collections_app.index.file_locks import StoppedHolder, is_locked, try_lock, wait_for_lock

# How long processes wait while the owner opens a large store.
OWNER_TIMEOUT_S = 15.0
RESPONSE_TIMEOUT_S = 5.0
# Writing a batch takes some seconds; a rebuild may take longer.
WRITE_LOCK_TIMEOUT_S = 60.0
RELEASE_TIMEOUT_S = 60.0
_POLL_S = 0.05
_WATCH_EVERY_S = 1.0
# The kernel allows 107 bytes for the path of a unix socket; the owner's first name for it is a little longer.
_MAX_SOCKET_PATH_BYTES = 100
# gRPC reads an address as a URI: `#`, `?` and `%` would change its meaning.
_PLAIN_PATH = re.compile(r"[\w./+~-]+", re.ASCII)
_CHANNEL_OPTIONS = {
    # Otherwise a new channel to the same path inherits the dead one's wait between tries.
    "grpc.use_local_subchannel_pool": 1,
    "grpc.max_reconnect_backoff_ms": 500,
    # The kernel closes a dead owner's socket; the server would refuse frequent pings.
    "grpc.keepalive_time_ms": 2_147_483_647,
}

log = logging.getLogger(__name__)


class EmbeddedStore:
    """An endpoint: Milvus Lite in a directory that no other user can enter.

    While it is connected, a thread watches the lock files: it releases the store if another process requests it or the
    directory is gone, and kills an owner that is stopped.
    """

    is_embedded = True

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._server: EmbeddedServer | None = None
        self._lock = threading.Lock()
        self._descriptor = -1
        self._closed: threading.Event | None = None

    @property
    def is_owner(self) -> bool:
        """Return whether this process serves the store; False in a forked child."""
        return self._server is not None and self._server.is_alive

    @property
    def data_dir(self) -> Path:
        return self._directory / "store.db"

    def connect(self) -> MilvusClient:
        """Return a client of the store's owner. This process becomes the owner if there is none.

        Raises IndexDamaged if the store's files cannot be read, IndexUnavailable if its owner does not respond.
        """
        with self._lock:
            self._start_watching()
            deadline = time.monotonic() + OWNER_TIMEOUT_S
            while True:
                try:
                    path = self._get_socket_path()
                    self._serve_if_free(path)
                    return _open_client(path)
                except (MilvusException, MilvusLiteError, grpc.RpcError) as error:
                    if time.monotonic() > deadline:
                        raise make_unavailable(error) from error
                except OSError as error:
                    raise explain_opening_error(error, self.data_dir) from error
                time.sleep(_POLL_S)

    @contextmanager
    def lock_writes(self) -> Iterator[None]:
        try:
            lock = wait_for_lock(_ensure_private(self._directory) / "write.lock", timeout_s=WRITE_LOCK_TIMEOUT_S)
        except TimeoutError as error:
            raise make_unavailable(error) from error
        except OSError as error:
            raise explain_opening_error(error, self.data_dir) from error
        try:
            yield
        finally:
            os.close(lock)

    @contextmanager
    def hold_released(self) -> Iterator[None]:
        """Ask the owner to release the store and keep every process from opening it until the context ends.

        Raises IndexUnavailable if the owner keeps it.
        """
        self.close()
        with self._lock:
            self._start_watching()
        locks = []
        try:
            for name in ("release.lock", "owner.lock"):
                path = _ensure_private(self._directory) / name
                locks.append(wait_for_lock(path, timeout_s=RELEASE_TIMEOUT_S))
            yield
        except TimeoutError as error:
            raise make_unavailable(error) from error
        finally:
            for lock in locks:
                os.close(lock)
            self.close()

    def explain(self, error: Exception) -> IndexUnavailable:
        """Translate an error that the owner reports for a call."""
        return explain_embedded_error(error, self.data_dir)

    def close(self) -> None:
        with self._lock:
            if self._closed is not None:
                self._closed.set()
            self._closed = None
            self._stop_serving()
            if self._descriptor >= 0:
                os.close(self._descriptor)
            self._descriptor = -1

    def _stop_serving(self) -> None:
        if self._server is not None:
            self._server.stop()
        self._server = None

    def _serve_if_free(self, path: Path) -> None:
        if self.is_owner or is_locked(self._directory / "release.lock"):
            return
        lock = try_lock(self._directory / "owner.lock")
        if lock is None:
            return
        try:
            self._server = EmbeddedServer(data_dir=self.data_dir, socket=path, lock=lock)
        except (DataDirLockedError, RuntimeError) as error:  # another program, or this process is ending
            os.close(lock)
            raise MilvusException(Status.CONNECT_FAILED, f"the store cannot be opened: {error}") from error
        except (MilvusLiteError, OSError, ValueError, LookupError, TypeError, EOFError, struct.error) as error:
            os.close(lock)
            raise explain_opening_error(error, self.data_dir) from error
        except BaseException:
            os.close(lock)
            raise

    def _get_socket_path(self) -> Path:
        """Return an address of the socket that gRPC understands.

        If the path is too long or has special characters, use the path below an open descriptor of the directory. A
        folder elsewhere would be unsafe: another user could create it first.
        """
        path = _ensure_private(self._directory) / "milvus.sock"
        if len(os.fsencode(path)) <= _MAX_SOCKET_PATH_BYTES and _PLAIN_PATH.fullmatch(str(path)):
            return path
        if not Path("/proc/self/fd").is_dir():
            sentence = _(
                "The index can't be stored in %(directory)s: use a shorter path of letters, digits, dots and dashes."
            )
            raise IndexUnavailable(sentence, directory=str(self._directory))
        if self._descriptor < 0 or not os.path.samestat(os.fstat(self._descriptor), self._directory.stat()):
            # The older descriptor stays open, because channels may use it.
            self._descriptor = os.open(self._directory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        return Path(f"/proc/self/fd/{self._descriptor}/milvus.sock")

    def _start_watching(self) -> None:
        if self._closed is None:
            self._closed = threading.Event()
            threading.Thread(target=self._watch, args=(self._closed,), name="watch-store", daemon=True).start()

    def _watch(self, closed: threading.Event) -> None:
        holders = [StoppedHolder(self._directory / name) for name in ("owner.lock", "write.lock")]
        while not closed.wait(_WATCH_EVERY_S):
            for holder in holders:
                holder.kill_if_stopped()
            if self.is_owner and self._is_release_due():
                log.warning("Releasing the embedded store: another process needs it, or its directory is gone.")
                with self._lock:
                    self._stop_serving()

    def _is_release_due(self) -> bool:
        if is_locked(self._directory / "release.lock"):
            return True
        server = self._server
        return server is not None and not server.has_lock_of(self._directory / "owner.lock")


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
        _refuse_other_users(probe, path)
    return MilvusClient(
        build_socket_address(path), timeout=RESPONSE_TIMEOUT_S, dedicated=True, grpc_options=_CHANNEL_OPTIONS
    )


def _refuse_other_users(connected: socket.socket, path: Path) -> None:
    """Raise if another user's process listens, so that it gets no vectors."""
    size = struct.calcsize("3i")
    _pid, user, _group = struct.unpack("3i", connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    if user != os.getuid():
        raise MilvusException(Status.CONNECT_FAILED, f"another user serves {path}")
