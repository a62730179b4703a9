"""What the metrics exporter shows: the counts of all processes, and the state of the site.

Each part is read at most so often, in a thread of its own, from totals that the site keeps. A part that cannot be read
in time is left out and reported as such.
"""

import logging
import platform
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.utils import timezone
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector

from collections_app.index import get_store_owner, measure_store
from collections_app.metrics.definitions import (
    BUILD,
    COVERAGE,
    FREE_BYTES,
    IMAGES,
    MODEL,
    PART_READABLE,
    PROCESSES,
    QUEUE_AGE,
    QUEUE_LENGTH,
    STORE_BYTES,
    STORE_OWNER,
    STORED_BYTES,
    TEAMS_BY_QUOTA,
    MetricDefinition,
)
from collections_app.metrics.places import list_recording
from collections_app.models import ImageTotal, IndexJob, IndexModel, IndexState
from collections_app.services.library.quotas import QuotaState, count_teams_by_quota

log = logging.getLogger(__name__)

SCRAPE_TIMEOUT_S = 3.0
MAX_COUNTED_JOBS = 100_000
_KINDS_OF_PROCESSES = ("web", "index_worker", "command")
_OTHER = "other"

# A metric with its samples: the values of its labels, and the number.
_Samples = dict[tuple[str, ...], float]


@dataclass(slots=True, kw_only=True)
class _Part:
    """Reads one part. Simultaneous scrapes share a reading, which is kept for some seconds."""

    name: str
    read: Callable[[], Sequence[Metric]]
    kept_s: float = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _latest: "Future[Sequence[Metric]] | None" = None
    _ended_at: float = 0
    _is_failing: bool = False

    def start(self) -> "Future[Sequence[Metric]]":
        with self._lock:
            latest = self._latest
            if latest is None or (latest.done() and self._is_outdated(latest)):
                latest = self._latest = Future()
                threading.Thread(target=self._run, args=(latest,), name=f"read-{self.name}", daemon=True).start()
            return latest

    def _is_outdated(self, latest: "Future[Sequence[Metric]]") -> bool:
        return latest.exception() is not None or time.monotonic() - self._ended_at >= self.kept_s

    def _run(self, reading: "Future[Sequence[Metric]]") -> None:
        try:
            try:
                metrics = self.read()
            finally:
                connection.close()
        except Exception as error:  # noqa: BLE001 -- whatever it is, the scrape goes on without this part
            if not self._is_failing:
                reason = f"{type(error).__name__}: {error}"
                log.warning("The metrics of the part “%s” cannot be read: %s", self.name, reason)
            self._is_failing = True
            reading.set_exception(error)
        else:
            self._is_failing, self._ended_at = False, time.monotonic()
            reading.set_result(metrics)


def read_metrics() -> Iterator[Metric]:
    """Yield all metrics, after SCRAPE_TIMEOUT_S at the latest."""
    deadline = time.monotonic() + SCRAPE_TIMEOUT_S
    readings = {part.name: part.start() for part in _PARTS}
    readable: _Samples = {}
    for name, reading in readings.items():
        try:
            yield from reading.result(max(0, deadline - time.monotonic()))
            readable[name,] = 1
        except Exception:  # noqa: BLE001 -- its thread has logged it, or it takes too long
            readable[name,] = 0
    yield _build_gauge(PART_READABLE, readable)
    yield _build_gauge(BUILD, {_read_versions(): 1})


def _read_processes() -> Sequence[Metric]:
    """Return what the processes of this machine have recorded, and which there are."""
    folder = Path(settings.METRICS_DIR)
    running = list(list_recording(folder))
    counts: _Samples = {(kind,): sum(each.process == kind for each in running) for kind in _KINDS_OF_PROCESSES}
    owner = get_store_owner()
    owners = {each.process for each in running if each.pid == owner} or ({_OTHER} if owner else set())
    return [
        *(_collect_recorded(folder) if folder.is_dir() else ()),
        _build_gauge(PROCESSES, counts),
        _build_gauge(STORE_OWNER, {(kind,): float(kind in owners) for kind in (*_KINDS_OF_PROCESSES, _OTHER)}),
        _build_gauge(MODEL, {(key,): 1 for key in _list_models()}),
    ]


def _collect_recorded(folder: Path) -> list[Metric]:
    collector = MultiProcessCollector(None, str(folder))  # type: ignore[no-untyped-call]
    return list(collector.collect())  # type: ignore[no-untyped-call]


def _list_models() -> set[str]:
    return {each.model_key for each in list_recording(Path(settings.METRICS_DIR)) if each.model_key}


def _list_active_models() -> set[str]:
    """Return the key of the active model, or, before the first start of a site, those of the loaded ones."""
    return set(IndexModel.objects.active().values_list("key", flat=True)) or _list_models()


def _read_database() -> Sequence[Metric]:
    states = list(ImageTotal.objects.by_state())
    images: _Samples = {(state,): 0 for state in IndexState.values}
    stored: _Samples = {("library",): 0, ("trash",): 0}
    for each in states:
        images[each["index_state"],] += each["images"]
        stored[("trash" if each["is_trashed"] else "library"),] += each["bytes"]
    library = [each for each in states if not each["is_trashed"]]
    total = sum(each["images"] for each in library)
    indexed = [each for each in library if each["index_state"] == IndexState.INDEXED]
    coverage = sum(each["images"] for each in indexed) / total if total else 1
    oldest = IndexJob.objects.waiting().find_oldest()
    return [
        _build_gauge(IMAGES, images),
        _build_gauge(STORED_BYTES, stored),
        _build_gauge(COVERAGE, {(key,): coverage for key in _list_active_models()}),
        _build_gauge(QUEUE_LENGTH, {(): IndexJob.objects.waiting().count_up_to(MAX_COUNTED_JOBS)}),
        _build_gauge(QUEUE_AGE, {(): max(0.0, (timezone.now() - oldest).total_seconds()) if oldest else 0}),
    ]


def _read_quotas() -> Sequence[Metric]:
    counts = count_teams_by_quota()
    return [_build_gauge(TEAMS_BY_QUOTA, {(state.value,): counts[state] for state in QuotaState})]


def _read_disk() -> Sequence[Metric]:
    return [
        _build_gauge(STORE_BYTES, {(): measure_store()}),
        _build_gauge(FREE_BYTES, {(): shutil.disk_usage(settings.DATA_DIR).free}),
    ]


@cache
def _read_versions() -> tuple[str, ...]:
    return settings.PRODUCT_VERSION, platform.python_version(), version("Django"), version("pymilvus")


def _build_gauge(definition: MetricDefinition, samples: _Samples) -> Metric:
    gauge = GaugeMetricFamily(definition.name, definition.meaning, labels=definition.labels)
    for labels, value in samples.items():
        gauge.add_metric(labels, value)
    return gauge


_PARTS = (
    _Part(name="processes", read=_read_processes),
    _Part(name="database", read=_read_database, kept_s=10),
    _Part(name="quotas", read=_read_quotas, kept_s=60),
    _Part(name="disk", read=_read_disk, kept_s=60),
)
