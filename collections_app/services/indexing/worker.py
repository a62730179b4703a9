"""The index worker: claims batches and writes them, decoding the next one while this one is encoded."""

import logging
import os
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections

from collections_app.encoders import get_encoder
from collections_app.errors import ImageSearchError
from collections_app.errors import gettext_noop as _
from collections_app.models import IndexJob
from collections_app.services.indexing.active_index import get_active_index
from collections_app.services.indexing.batches import BatchWriter
from collections_app.services.indexing.hash_backfill import hash_older_pictures
from collections_app.services.indexing.heartbeat import Heartbeat
from collections_app.services.indexing.preparation import Batch, prepare_batch
from collections_app.services.indexing.queue import LEASE_S, claim_jobs, fail_job, give_back_jobs

log = logging.getLogger(__name__)

_IDLE_S = 1.0
_LONGEST_PAUSE_S = 30.0
# Examples may stay for an hour at most, see models.example.
_MAINTENANCE_EVERY_S = 600.0


def _ignore() -> None:
    pass


class IndexWorker:
    """One worker of any number. Setting `stop` ends it after the current batch; it gives back what else it claimed.

    `run` calls `maintenance` at its start and every ten minutes.
    """

    def __init__(
        self,
        *,
        stop: threading.Event | None = None,
        lease_s: float = LEASE_S,
        maintenance: Callable[[], object] = _ignore,
    ) -> None:
        self.id = uuid.uuid4()
        self.stop = stop or threading.Event()
        self._lease_s = lease_s
        self._maintenance = maintenance
        self._maintenance_due = time.monotonic()
        self._owes_jobs = False
        self._hashed_up_to = 0
        self._pool = ThreadPoolExecutor(max_workers=os.cpu_count() or 1, thread_name_prefix="decode")

    def drain(self, *, on_progress: Callable[[], object] = _ignore) -> None:
        """Work until no job waits, those of other workers included.

        Raises IndexUnavailable, EncoderError or StorageUnavailable, with the jobs kept for later.
        """
        with self._alive():
            while not self.stop.is_set() and IndexJob.objects.waiting().exists():
                self._work_off(on_progress)
                if IndexJob.objects.waiting().exists():
                    self.stop.wait(_IDLE_S / 4)
                    on_progress()

    def run(self) -> None:
        """Work until stopped. A failure of the index, the model or the database is recorded and waited out."""
        pause_s = _IDLE_S
        with self._alive():
            while not self.stop.is_set():
                try:
                    self._run_maintenance()
                    self._work_off(_ignore)
                    while not self.stop.is_set() and self._hash_some():
                        self._work_off(_ignore)
                    pause_s = _IDLE_S
                except ImageSearchError as error:
                    log.warning("Indexing waits: %s", error)
                    pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
                except Exception:  # the outermost loop: it records and goes on
                    log.exception("Indexing stumbled")
                    pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
                    close_old_connections()
                self.stop.wait(pause_s)

    def _run_maintenance(self) -> None:
        if time.monotonic() >= self._maintenance_due:
            self._maintenance_due = time.monotonic() + _MAINTENANCE_EVERY_S
            self._hashed_up_to = 0
            self._maintenance()

    def _hash_some(self) -> bool:
        """What older pictures lack, a few at a time, while no job waits; return whether there may be more."""
        last = hash_older_pictures(after=self._hashed_up_to, limit=settings.INDEX_BATCH_SIZE)
        self._hashed_up_to = last or self._hashed_up_to
        return last is not None

    def _alive(self) -> Heartbeat:
        return Heartbeat(worker=self.id, lease_s=self._lease_s)

    def _work_off(self, on_progress: Callable[[], object]) -> None:
        """Write batches until nothing is due. Whatever ends this, no job stays claimed."""
        held: deque[Batch] = deque()
        if self._owes_jobs:
            self._give_back()
        try:
            self._take_batch(held)
            while held and not self.stop.is_set():
                if not held[0].is_retry:
                    self._take_batch(held)  # decoded while the one before it is encoded
                self._write(held[0])
                held.popleft()
                if not held:
                    self._take_batch(held)
                on_progress()
        finally:
            if held:
                self._give_back()

    def _give_back(self) -> None:
        """Where the database refuses, it is done first thing next time: else the heartbeat would keep the leases."""
        self._owes_jobs = True
        give_back_jobs(worker=self.id)
        self._owes_jobs = False

    def _take_batch(self, held: deque[Batch]) -> None:
        limit = settings.INDEX_BATCH_SIZE
        jobs = claim_jobs(worker=self.id, limit=limit, lease_s=self._lease_s, fresh_only=bool(held))
        if jobs:
            held.append(Batch(jobs=jobs))
            held[-1] = prepare_batch(jobs=jobs, encoder=get_encoder(), pool=self._pool)

    def _write(self, batch: Batch) -> None:
        try:
            BatchWriter(worker=self.id, encoder=get_encoder(), index=get_active_index()).write(batch)
        except (ImageSearchError, OperationalError, InterfaceError):
            raise
        except Exception:  # whatever it is, it is this batch's: counted, and tried one by one
            log.exception("A batch of %s failed", len(batch.jobs))
            for job in batch.jobs:
                fail_job(worker=self.id, job=job, reason=_("Indexing failed unexpectedly. The site's log says why."))
