"""What the commands share: stopping on signals, and working the queue off with a progress bar."""

import signal
import threading
from types import FrameType

from tqdm import tqdm

from collections_app.models import IndexJob
from collections_app.services.indexing.worker import IndexWorker


def stop_on_signals() -> threading.Event:
    """Return an event that SIGTERM and SIGINT set, in place of ending the process at once."""
    stop = threading.Event()

    def request_stop(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, request_stop)
    return stop


def work_off_with_progress() -> None:
    """Drain the queue beside any other worker; the bar counts what all of them have done."""
    total = IndexJob.objects.waiting().count()
    with tqdm(total=total, desc="Indexing", unit="picture", disable=not total) as bar:

        def show() -> None:
            done = total - IndexJob.objects.waiting().count()
            bar.update(max(0, done - bar.n))

        IndexWorker(stop=stop_on_signals()).drain(on_progress=show)
