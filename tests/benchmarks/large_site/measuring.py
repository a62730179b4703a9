"""Time, statements and memory of a task, and how much of the time the index took."""

import functools
import inspect
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from statistics import median
from typing import Any, Self

from django.conf import settings
from django.db import connection

from collections_app.index.milvus import MilvusIndex
from tests.benchmarks.large_site.pages import Task
from tests.benchmarks.resources import NO_PAGE, read_memory_mib, read_thread_s, reset_peak_memory

# A slow task is repeated less often.
_LONGEST_S = 30.0

_Sample = tuple[float, float, float, int, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """Medians. `total_ms` and `index_ms` are by the clock.

    `own_ms` is what growth compares, and does not depend on what else the machine does: CPU time of this thread and of
    PostgreSQL, without the index. A linear command's includes the index: CPU time of all threads with Milvus Lite, and
    the time by the clock with a server. `peak_mib` is the most that the process grew. `problem` says why there are no
    figures.
    """

    name: str
    total_ms: float = 0.0
    index_ms: float = 0.0
    own_ms: float = 0.0
    statements: int = 0
    peak_mib: float = 0.0
    is_linear: bool = False
    problem: str = ""


class IndexClock:
    """Counts the seconds inside the public methods of the index, while it is entered, and this thread's CPU time."""

    def __init__(self) -> None:
        self.total_s = self.cpu_s = 0.0
        self._depth = 0
        self._methods = {
            name: method
            for name, method in vars(MilvusIndex).items()
            if inspect.isfunction(method) and not name.startswith("_")
        }

    def __enter__(self) -> Self:
        for name, method in self._methods.items():
            setattr(MilvusIndex, name, self._wrap(method))
        return self

    def __exit__(self, *_: object) -> None:
        for name, method in self._methods.items():
            setattr(MilvusIndex, name, method)

    def _wrap(self, method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        def call(*args: Any, **kwargs: Any) -> Any:
            returned = self._run(functools.partial(method, *args, **kwargs))
            return self._iterate(returned) if isinstance(returned, Iterator) else returned

        return call

    def _iterate(self, items: Iterator[Any]) -> Iterator[Any]:
        end = object()
        while (item := self._run(functools.partial(next, items, end))) is not end:
            yield item

    def _run(self, call: Callable[[], Any]) -> Any:
        started, cpu_started = time.perf_counter(), time.thread_time()
        self._depth += 1
        try:
            return call()
        finally:
            self._depth -= 1
            if not self._depth:
                self.total_s += time.perf_counter() - started
                self.cpu_s += time.thread_time() - cpu_started


def measure_task(task: Task, *, clock: IndexClock, repeats: int) -> Measurement:
    """Run the task `repeats` times after one to warm up; a slow one less often."""
    measurement = Measurement(name=task.name, is_linear=task.is_linear)
    try:
        samples = list(_iterate_samples(task, clock, repeats))
    except Exception as error:  # noqa: BLE001 - one page that fails must not end a run of an hour
        return replace(measurement, problem=f"{type(error).__name__}: {error}"[:200])
    if not samples:
        return replace(measurement, problem=NO_PAGE)
    total_s, index_s, own_s, statements, peak_mib = zip(*samples, strict=True)
    return replace(
        measurement,
        total_ms=1000 * median(total_s),
        index_ms=1000 * median(index_s),
        own_ms=1000 * median(own_s),
        statements=round(median(statements)),
        peak_mib=max(peak_mib),
    )


def _iterate_samples(task: Task, clock: IndexClock, repeats: int) -> Iterator[_Sample]:
    began = time.perf_counter()
    for number in range(repeats + 1):
        argument = task.prepare()
        if argument is None:
            return
        sample = _take_sample(task, argument, clock)
        is_slow = time.perf_counter() - began > _LONGEST_S
        if number or is_slow:
            yield sample
        if is_slow:
            return


def _take_sample(task: Task, argument: str, clock: IndexClock) -> _Sample:
    statements = 0

    def count(execute: Callable[..., Any], *args: Any) -> Any:
        nonlocal statements
        statements += 1
        return execute(*args)

    reset_peak_memory()
    before_mib, before = read_memory_mib("VmRSS"), _read_clocks(clock)
    with connection.execute_wrapper(count):
        task.run(argument)
    total_s, index_s, thread_s, process_s, database_s = (
        after - value for after, value in zip(_read_clocks(clock), before, strict=True)
    )
    own_s = thread_s + database_s
    if task.is_linear:
        own_s = total_s if settings.MILVUS_URI else process_s + database_s
    return total_s, index_s, own_s, statements, max(0.0, read_memory_mib("VmHWM") - before_mib)


def _read_clocks(clock: IndexClock) -> tuple[float, float, float, float, float]:
    """Return seconds: clock, clock in the index, CPU of this thread outside the index, of the process, of SQL."""
    own_s = time.thread_time() - clock.cpu_s
    return time.perf_counter(), clock.total_s, own_s, time.process_time(), _read_database_s()


def _read_database_s() -> float:
    """Return the CPU time of PostgreSQL's process that serves this connection. SQLite runs in this thread."""
    if connection.vendor != "postgresql":
        return 0.0
    connection.ensure_connection()
    return read_thread_s(connection.connection.info.backend_pid)
