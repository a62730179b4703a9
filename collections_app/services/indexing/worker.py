"""The index worker: claims batches and writes them. The next batch is decoded while one is encoded."""

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
from collections_app.services.indexing.completeness import restore_lost_entries
from collections_app.services.indexing.hash_backfill import backfill_hashes
from collections_app.services.indexing.preparation import JobBatch, prepare_batch
from collections_app.services.indexing.queue import LEASE_S, claim_jobs, fail_job, release_jobs, renew_lease
from collections_app.services.leases import Heartbeat

log = logging.getLogger(__name__)

_IDLE_S = 1.0
_LONGEST_PAUSE_S = 30.0
# Examples are stored for an hour at most, see models.example.
_MAINTENANCE_EVERY_S = 600.0
# The index is checked for lost entries so often. The check takes two counts.
_CHECK_EVERY_S = 60.0


def _do_nothing() -> None:
    pass


class IndexWorker:
    """One of any number of workers. Set `stop` to end it after the current batch; it releases its other jobs.

    `run` calls `maintenance` at its start and every ten minutes.
    """

    def __init__(
        self,
        *,
        stop: threading.Event | None = None,
        lease_s: float = LEASE_S,
        maintenance: Callable[[], object] = _do_nothing,
    ) -> None:
        self.id = uuid.uuid4()
        self.stop = stop or threading.Event()
        self._lease_s = lease_s
        self._maintenance = maintenance
        self._maintenance_due = self._check_due = time.monotonic()
        self._is_first_check = True
        self._has_unreleased_jobs = False
        self._hashed_up_to = 0
        self._pool = ThreadPoolExecutor(max_workers=os.cpu_count() or 1, thread_name_prefix="decode")

    def drain(self, *, on_progress: Callable[[], object] = _do_nothing) -> None:
        """Work until no job waits, including those of other workers.

        Raises IndexUnavailable, EncoderError or StorageUnavailable; the jobs stay in the queue.
        """
        with self._make_heartbeat():
            while not self.stop.is_set() and IndexJob.objects.waiting().exists():
                self._process_due_jobs(on_progress)
                if IndexJob.objects.waiting().exists():
                    self.stop.wait(_IDLE_S / 4)
                    on_progress()

    def run(self) -> None:
        """Work until stopped. After a failure of the index, the model or the database, log it, wait and try again."""
        pause_s = _IDLE_S
        with self._make_heartbeat():
            while not self.stop.is_set():
                try:
                    self._check_index()
                    self._run_maintenance()
                    self._process_due_jobs(_do_nothing)
                    while not self.stop.is_set() and self._backfill_hashes():
                        self._process_due_jobs(_do_nothing)
                    pause_s = _IDLE_S
                except ImageSearchError as error:
                    log.warning("Indexing waits: %s", error)
                    pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
                except Exception:  # the outermost loop
                    log.exception("Indexing failed unexpectedly")
                    pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
                    close_old_connections()
                self.stop.wait(pause_s)

    def _check_index(self) -> None:
        """Queue images that the index has lost. Compare each team at the start, later only the totals."""
        now = time.monotonic()
        if now >= self._check_due:
            is_first, self._check_due = self._is_first_check, now + _CHECK_EVERY_S
            restore_lost_entries(is_thorough=is_first)
            self._is_first_check = False

    def _run_maintenance(self) -> None:
        if time.monotonic() >= self._maintenance_due:
            self._maintenance_due = time.monotonic() + _MAINTENANCE_EVERY_S
            self._hashed_up_to = 0
            self._maintenance()

    def _backfill_hashes(self) -> bool:
        """Hash a few older images while no job waits; return whether there may be more."""
        last_id = backfill_hashes(after=self._hashed_up_to, limit=settings.INDEX_BATCH_SIZE)
        self._hashed_up_to = last_id or self._hashed_up_to
        return last_id is not None

    def _make_heartbeat(self) -> Heartbeat:
        return Heartbeat(renew=lambda: renew_lease(worker=self.id, lease_s=self._lease_s), lease_s=self._lease_s)

    def _process_due_jobs(self, on_progress: Callable[[], object]) -> None:
        """Write batches until no job is due. In the end no job stays claimed, even after an error."""
        held: deque[JobBatch] = deque()
        if self._has_unreleased_jobs:
            self._release_jobs()
        try:
            self._claim_batch(held)
            while held and not self.stop.is_set():
                if not held[0].is_retry:
                    self._claim_batch(held)  # decoded while the one before it is encoded
                self._write(held[0])
                held.popleft()
                if not held:
                    self._claim_batch(held)
                on_progress()
        finally:
            if held:
                self._release_jobs()

    def _release_jobs(self) -> None:
        """Release all jobs. If the database fails, the next call repeats it; the heartbeat would keep the leases."""
        self._has_unreleased_jobs = True
        release_jobs(worker=self.id)
        self._has_unreleased_jobs = False

    def _claim_batch(self, held: deque[JobBatch]) -> None:
        limit = settings.INDEX_BATCH_SIZE
        jobs = claim_jobs(worker=self.id, limit=limit, lease_s=self._lease_s, exclude_retries=bool(held))
        if jobs:
            held.append(JobBatch(jobs=jobs))
            held[-1] = prepare_batch(jobs=jobs, encoder=get_encoder(), pool=self._pool)

    def _write(self, batch: JobBatch) -> None:
        try:
            BatchWriter(worker=self.id, encoder=get_encoder(), index=get_active_index()).write(batch)
        except (ImageSearchError, OperationalError, InterfaceError):
            raise
        except Exception:  # an unknown error counts as an attempt of each job; the retries run one by one
            log.exception("A batch of %s failed", len(batch.jobs))
            reason = _("Indexing failed unexpectedly. Ask an administrator.")
            for job in batch.jobs:
                fail_job(worker=self.id, job=job, reason=reason)
