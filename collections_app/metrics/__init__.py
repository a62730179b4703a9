"""Counts and times for Prometheus. A process records them after `join_metrics`, if METRICS_PORT is set."""

import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db import Error as DatabaseError
from prometheus_client import CollectorRegistry, Counter, Histogram, values

from collections_app.errors import (
    CancelledOut,
    EncoderError,
    IndexRefused,
    IndexUnavailable,
    InvalidImage,
    ModelLoading,
    ModelUnavailable,
    NotIndexed,
    StorageUnavailable,
)
from collections_app.metrics.definitions import (
    INDEX_FAILURES,
    INDEXED_IMAGES,
    REQUEST_TIME,
    REQUESTS,
    SEARCH_STAGE_TIME,
    SEARCHES,
    MetricDefinition,
)
from collections_app.metrics.places import RecordingPlace, take_place

log = logging.getLogger(__name__)

OTHER_VIEW, REFUSED_VIEW = "none", "refused"
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
# The first that fits. All other errors are unexpected.
_REASONS: tuple[tuple[str, tuple[type[Exception], ...]], ...] = (
    ("invalid_image", (InvalidImage,)),
    ("file_missing", (FileNotFoundError,)),
    ("model_unavailable", (ModelUnavailable, ModelLoading)),
    ("encoder", (EncoderError,)),
    ("index_refused", (IndexRefused,)),
    ("index_unavailable", (IndexUnavailable,)),
    ("storage_unavailable", (StorageUnavailable,)),
    ("database", (DatabaseError,)),
)
INVALID_DATA, CRASH, UNEXPECTED = "invalid_data", "crash", "unexpected"


class _Recorder:
    """The counters and histograms of this process, in files of its place, which the exporter adds up."""

    def __init__(self, place: RecordingPlace, process: str) -> None:
        self.place, self.process, self.model_key = place, process, ""
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(place.folder)
        values.ValueClass = values.MultiProcessValue(lambda: place.number)  # type: ignore[no-untyped-call]
        registry = CollectorRegistry()
        self.requests = _make_counter(REQUESTS, registry)
        self.request_time = _make_histogram(REQUEST_TIME, registry)
        self.searches = _make_counter(SEARCHES, registry)
        self.stage_time = _make_histogram(SEARCH_STAGE_TIME, registry)
        self.indexed_images = _make_counter(INDEXED_IMAGES, registry)
        self.index_failures = _make_counter(INDEX_FAILURES, registry)


_recorder: _Recorder | None = None


def join_metrics(process: str) -> None:
    """Record in this process from now on: a "web" process, an "index_worker" or another "command"."""
    global _recorder
    if not settings.METRICS_PORT or _recorder:
        return
    try:
        place = take_place(Path(settings.METRICS_DIR), process=process)
    except OSError as error:
        log.warning("This process records no metrics: %s", error)
        return
    _recorder = _Recorder(place, process)


def leave_metrics() -> None:
    """Stop to record and free the place."""
    global _recorder
    if _recorder:
        values.ValueClass.close_all_files()
        os.close(_recorder.place.descriptor)
    _recorder = None


def announce_model(model_key: str) -> None:
    """Show the model that this process has loaded. Does nothing for "" and for the known one."""
    if _recorder and model_key and model_key != _recorder.model_key:
        _recorder.model_key = model_key
        _recorder.place.describe(process=_recorder.process, model_key=model_key)


def count_request(*, method: str, view: str, status: int, elapsed_s: float | None = None) -> None:
    if _recorder:
        method = method if method in _METHODS else "other"
        _recorder.requests.labels(method, view, f"{status // 100}xx").inc()
        if elapsed_s is not None:
            _recorder.request_time.labels(view).observe(elapsed_s)


def count_search(outcome: str) -> None:
    if _recorder:
        _recorder.searches.labels(outcome).inc()


@contextmanager
def count_failed_search() -> Iterator[None]:
    """Count the search if the block raises."""
    try:
        yield
    except Exception as error:
        count_search("refused" if isinstance(error, CancelledOut | NotIndexed) else "failed")
        raise


@contextmanager
def measure_stage(stage: str) -> Iterator[None]:
    """Measure a step of a search: "embed", "index", "sql" or "render"."""
    started = time.perf_counter()
    yield
    if _recorder:
        _recorder.stage_time.labels(stage).observe(time.perf_counter() - started)


def count_indexed(*, encoded: int, reused: int) -> None:
    if _recorder:
        _recorder.indexed_images.labels("encoded").inc(encoded)
        _recorder.indexed_images.labels("reused").inc(reused)


def count_index_failure(cause: Exception | str, *, pictures: int = 1) -> None:
    """Count failed attempts by the kind of their error, or by a reason of this module."""
    if _recorder:
        _recorder.index_failures.labels(_name_reason(cause)).inc(pictures)


def _name_reason(cause: Exception | str) -> str:
    if isinstance(cause, str):
        return cause
    return next((reason for reason, kinds in _REASONS if isinstance(cause, kinds)), UNEXPECTED)


def _make_counter(definition: MetricDefinition, registry: CollectorRegistry) -> Counter:
    return Counter(definition.name, definition.meaning, definition.labels, registry=registry)


def _make_histogram(definition: MetricDefinition, registry: CollectorRegistry) -> Histogram:
    return Histogram(
        definition.name, definition.meaning, definition.labels, buckets=definition.buckets, registry=registry
    )
