"""The index worker. Its lanes claim batches, and each does all the work of its batches on one thread."""

import logging
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections, connection

from collections_app.encoders import forget_encoders, use_one_thread
from collections_app.errors import ImageSearchError, IndexingPaused, StorageUnavailable
from collections_app.errors import gettext_noop as _
from collections_app.metrics import announce_model, count_index_failure
from collections_app.models import IndexJob
from collections_app.request_ids import use_request_id
from collections_app.services.indexing.batches import BatchWriter
from collections_app.services.indexing.completeness import restore_lost_entries
from collections_app.services.indexing.hash_backfill import backfill_hashes
from collections_app.services.indexing.kept_models import read_kept_models
from collections_app.services.indexing.model_changes import advance_preparation, record_unsearchable
from collections_app.services.indexing.pausing import is_indexing_paused
from collections_app.services.indexing.preparation import prepare_batch
from collections_app.services.indexing.queue import LEASE_S, claim_jobs, fail_job, release_jobs, renew_leases
from collections_app.services.leases import Heartbeat

log = logging.getLogger(__name__)

_IDLE_S = 1.0
_LONGEST_PAUSE_S = 30.0
# Examples are stored for an hour at most, see models.example.
_MAINTENANCE_EVERY_S = 600.0
# The index is checked for lost entries so often. The check takes a few counts.
_CHECK_EVERY_S = 60.0


def _do_nothing() -> None:
    pass


class IndexWorker:
    """One of any number of workers, with INDEX_LANES lanes. Set `stop` to end it after the current batches.

    The first lane is the thread that calls `drain` or `run`. The lanes share the model, and each has a lease of its
    own. `run` calls `maintenance` at its start and every ten minutes.
    """

    def __init__(
        self,
        *,
        stop: threading.Event | None = None,
        lease_s: float = LEASE_S,
        maintenance: Callable[[], object] = _do_nothing,
    ) -> None:
        self.stop = stop or threading.Event()
        self._lanes = [uuid.uuid4() for _ in range(settings.INDEX_LANES)]
        self._lease_s = lease_s
        self._maintenance = maintenance
        self._maintenance_due = self._check_due = time.monotonic()
        self._is_first_check = True
        self._has_unreleased_jobs = False
        self._hashed_up_to = 0

    def drain(self, *, on_progress: Callable[[], object] = _do_nothing) -> None:
        """Work until no job waits, including those of other workers.

        Raises IndexUnavailable, EncoderError, StorageUnavailable or IndexingPaused; the jobs stay in the queue.
        """
        with self._make_heartbeat():
            while not self.stop.is_set() and IndexJob.objects.waiting().exists():
                if is_indexing_paused():
                    raise IndexingPaused(_("Indexing is paused. Resume it on the dashboard of the administration."))
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
                    self._count_interruption(error)
                    pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
                except Exception as error:  # the outermost loop
                    log.exception("Indexing failed unexpectedly")
                    count_index_failure(error)
                    pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
                    close_old_connections()
                self.stop.wait(pause_s)

    def _count_interruption(self, error: ImageSearchError) -> None:
        """Pictures that the storage did not return have been counted one by one."""
        if not isinstance(error, StorageUnavailable):
            count_index_failure(error)

    def _check_index(self) -> None:
        """Queue images that the index has lost. Compare each team at the start, later only the totals.

        Also continue the preparation or the switch of a model, and free the memory of dropped ones.
        """
        now = time.monotonic()
        if now >= self._check_due:
            is_first, self._check_due = self._is_first_check, now + _CHECK_EVERY_S
            restore_lost_entries(is_thorough=is_first)
            self._is_first_check = False
            advance_preparation()
            record_unsearchable()
            models = read_kept_models()
            announce_model(models[0].key)
            forget_encoders(kept=[model.spec for model in models])

    def _run_maintenance(self) -> None:
        if time.monotonic() >= self._maintenance_due:
            self._maintenance_due = time.monotonic() + _MAINTENANCE_EVERY_S
            self._hashed_up_to = 0
            self._maintenance()

    def _backfill_hashes(self) -> bool:
        """Hash a few older images while no job waits; return whether there may be more."""
        if is_indexing_paused():
            return False
        last_id = backfill_hashes(after=self._hashed_up_to, limit=settings.INDEX_BATCH_SIZE)
        self._hashed_up_to = last_id or self._hashed_up_to
        return last_id is not None

    def _make_heartbeat(self) -> Heartbeat:
        renew = partial(renew_leases, workers=self._lanes, lease_s=self._lease_s)
        return Heartbeat(renew=renew, lease_s=self._lease_s)

    def _process_due_jobs(self, on_progress: Callable[[], object]) -> None:
        """Write batches until no job is due. In the end no job stays claimed, even after an error."""
        if self._has_unreleased_jobs:
            self._release_jobs()
        try:
            while not self.stop.is_set() and self._run_round(on_progress):
                pass
        except BaseException:
            self._release_jobs()
            raise

    def _release_jobs(self) -> None:
        """Release all jobs. If the database fails, the next call repeats it; the heartbeat would keep the leases."""
        self._has_unreleased_jobs = True
        release_jobs(workers=self._lanes)
        self._has_unreleased_jobs = False

    def _run_round(self, on_progress: Callable[[], object]) -> bool:
        """Write a retry alone, or let all lanes write batches until one finds none. Return False if no job is due.

        A picture that crashes the process thus affects no other. All lanes end after an error of one of them, so that
        it is raised and logged once.
        """
        jobs = self._claim(self._lanes[0], exclude_retries=False)
        if not jobs:
            return False
        is_over = threading.Event()
        if jobs[0].attempts > 1:
            is_over.set()
        others = [] if is_over.is_set() else self._lanes[1:]
        with ThreadPoolExecutor(max(1, len(others)), thread_name_prefix="lane") as pool:
            running = [pool.submit(self._run_in_thread, lane, is_over) for lane in others]
            self._run_lane(self._lanes[0], is_over, on_progress, jobs)
        for lane in running:
            lane.result()
        return True

    def _run_in_thread(self, lane: uuid.UUID, is_over: threading.Event) -> None:
        try:
            self._run_lane(lane, is_over)
        finally:
            connection.close()

    def _run_lane(
        self,
        lane: uuid.UUID,
        is_over: threading.Event,
        on_progress: Callable[[], object] = _do_nothing,
        jobs: Sequence[IndexJob] = (),
    ) -> None:
        """Write these jobs, then claim and write others, until a lane finds none. Then the round is over for all."""
        try:
            while jobs := jobs or self._claim(lane, exclude_retries=True):
                started = time.monotonic()
                self._write(lane, jobs)
                on_progress()
                if is_over.is_set() or self.stop.is_set():
                    break
                self._pause(jobs, time.monotonic() - started)
                jobs = ()
        finally:
            is_over.set()

    def _claim(self, lane: uuid.UUID, *, exclude_retries: bool) -> list[IndexJob]:
        limit = settings.INDEX_BATCH_SIZE
        return claim_jobs(worker=lane, limit=limit, lease_s=self._lease_s, exclude_retries=exclude_retries)

    def _write(self, lane: uuid.UUID, jobs: Sequence[IndexJob]) -> None:
        try:
            use_one_thread()
            # Read after the jobs were claimed: of the images of earlier jobs, `start_preparing` queues all.
            models = read_kept_models()
            announce_model(models[0].key)
            batch = prepare_batch(jobs=jobs, models=models)
            BatchWriter(worker=lane, models=models).write(batch)
        except (ImageSearchError, OperationalError, InterfaceError):
            raise
        except Exception as error:  # an unknown error counts as an attempt of each job; the retries run one by one
            with use_request_id(jobs[0].request_id if len(jobs) == 1 else ""):
                log.exception("A batch of %s failed", len(jobs))
            count_index_failure(error, pictures=len(jobs))
            reason = _("Indexing failed unexpectedly. Ask an administrator.")
            for job in jobs:
                fail_job(worker=lane, job=job, reason=reason)

    def _pause(self, jobs: Sequence[IndexJob], busy_s: float) -> None:
        """Leave the machine to others: with a share of 25 percent, pause three times as long as the work took."""
        percent = min(settings.INDEX_SHARE_OF_MACHINE, *(job.machine_percent for job in jobs))
        if percent < 100:
            self.stop.wait(busy_s * (100 - percent) / percent)
