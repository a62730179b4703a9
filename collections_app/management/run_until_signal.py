"""Parts of the commands: stopping on signals, and draining the queue with a progress bar."""

import signal
import threading
from types import FrameType

from tqdm import tqdm

from collections_app.management.liveness import report_to_supervisor
from collections_app.models import IndexJob
from collections_app.services.indexing.worker import IndexWorker

# What a shell reports for a command that Ctrl-C ends.
EXIT_INTERRUPTED = 130


def stop_on_signals() -> threading.Event:
    """Return an event that SIGTERM and SIGINT set instead of ending the process. Start the reports to the supervisor,
    if this process has one."""
    report_to_supervisor()
    stop = threading.Event()

    def request_stop(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, request_stop)
    return stop


def drain_queue_with_progress() -> None:
    """Drain the queue, next to any other worker. The bar counts the jobs of all workers."""
    total = IndexJob.objects.waiting().count()
    with tqdm(total=total, desc="Indexing", unit="picture", disable=not total) as bar:

        def update_bar() -> None:
            done = total - IndexJob.objects.waiting().count()
            bar.update(max(0, done - bar.n))

        IndexWorker(stop=stop_on_signals()).drain(on_progress=update_bar)
