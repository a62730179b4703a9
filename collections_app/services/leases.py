"""Leases on work that several workers share: a worker renews its lease while it works."""

import logging
import threading
from collections.abc import Callable
from types import TracebackType

from django.db import Error, connection

log = logging.getLogger(__name__)


class Heartbeat:
    """A context in which a thread calls `renew` three times per lease."""

    def __init__(self, *, renew: Callable[[], object], lease_s: float) -> None:
        self._renew = renew
        self._lease_s = lease_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._renew_lease, name="heartbeat", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _renew_lease(self) -> None:
        """After an error the next renewal uses a new connection: the old one may be broken for good."""
        while not self._stop.wait(self._lease_s / 3):
            try:
                self._renew()
            except Error as error:
                log.warning("A lease could not be renewed: %s", error)
                connection.close()
        connection.close()
