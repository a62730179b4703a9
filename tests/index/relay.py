"""A relay to a server on loopback that a test can cut and restore."""

import socket
import threading
from contextlib import suppress


class Relay:
    """Passes connections on to a port of this machine while it is open."""

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._pairs: list[socket.socket] = []
        self._flowing = threading.Event()
        self._flowing.set()
        self._start()

    def cut(self) -> None:
        """Refuse new connections and break those under way, as a server does that goes down."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for end in self._pairs:
            _break(end)
        self._pairs.clear()

    def hold(self) -> None:
        """Forward nothing and keep every connection open, like a server that hangs."""
        self._flowing.clear()

    def release(self) -> None:
        self._flowing.set()

    def repair(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._start()

    def _start(self) -> None:
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection(("127.0.0.1", self._target_port))
                self._pairs += [near, far]
                for ends in ((near, far), (far, near)):
                    threading.Thread(target=self._pass_on, args=ends, daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while received := source.recv(65_536):
                self._flowing.wait()
                target.sendall(received)
        _break(target)


def _break(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
