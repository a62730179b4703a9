"""Parts of the commands: stopping on signals, and draining the queue with a progress bar."""

import signal
import threading
import time
from collections.abc import MutableMapping
from datetime import timedelta
from types import FrameType
from typing import Any

from django.utils import timezone
from django.utils.timesince import timesince
from tqdm import tqdm

from collections_app.management.liveness import report_to_supervisor
from collections_app.metrics import join_metrics
from collections_app.models import IndexJob
from collections_app.services.indexing.worker import IndexWorker

# What a shell reports for a command that Ctrl-C ends.
EXIT_INTERRUPTED = 130
_COUNT_EVERY_S = 1.0
_BAR = "{desc}: {percentage:3.0f}% |{bar}| {n:,} of {total:,} pictures, {speed:.1f} pictures/s, time left: {left}"


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


class StoppedBySignal(Exception):
    """A signal told the command to stop, and it stops between two pictures."""


def raise_if_stopped(stop: threading.Event) -> None:
    if stop.is_set():
        raise StoppedBySignal


class _ProgressBar(tqdm):  # type: ignore[type-arg]
    """A bar that shows pictures per second, a moving average, and the time left in words."""

    @property
    def format_dict(self) -> MutableMapping[str, Any]:
        known = super().format_dict
        rate = known["rate"] or known["n"] / (known["elapsed"] or 1)
        left = describe_duration((known["total"] - known["n"]) / rate) if rate else "unknown"
        return {**known, "speed": rate, "left": left}


def drain_queue_with_progress() -> None:
    """Drain the queue, next to any other worker. The bar counts the jobs of all workers."""
    join_metrics("command")
    total = IndexJob.objects.waiting().count()
    counted_at = time.monotonic()
    with _ProgressBar(total=total, desc="Indexing", disable=not total, bar_format=_BAR, smoothing=0.1) as bar:

        def update_bar() -> None:
            """Counting takes some milliseconds in a long queue, so it is done once a second."""
            nonlocal counted_at
            if time.monotonic() - counted_at >= _COUNT_EVERY_S:
                counted_at = time.monotonic()
                bar.update(max(0, total - IndexJob.objects.waiting().count() - bar.n))

        IndexWorker(stop=stop_on_signals()).drain(on_progress=update_bar)
        bar.update(max(0, total - IndexJob.objects.waiting().count() - bar.n))


def describe_duration(duration_s: float) -> str:
    """Return the duration in words."""
    if duration_s < 60:
        return "less than a minute"
    start = timezone.now()
    return timesince(start, start + timedelta(seconds=duration_s))
