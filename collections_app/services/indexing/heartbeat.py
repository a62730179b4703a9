"""Keeps a worker's leases alive while it is busy."""

import logging
import threading
import uuid
from types import TracebackType

from django.db import Error, connection

from collections_app.services.indexing.queue import renew_lease

log = logging.getLogger(__name__)


class Heartbeat:
    """A context: inside it, a thread renews everything the worker has claimed, three times a lease."""

    def __init__(self, *, worker: uuid.UUID, lease_s: float) -> None:
        self._worker = worker
        self._lease_s = lease_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._stop.wait(self._lease_s / 3):
            try:
                renew_lease(worker=self._worker, lease_s=self._lease_s)
            except Error as error:
                log.warning("A lease could not be renewed: %s", error)
                connection.close()
        connection.close()
