"""Time, statements and memory of a task, and how much of the time the index took."""

import functools
import inspect
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from statistics import median
from typing import Any, Self

from django.db import connection

from collections_app.index.milvus import MilvusIndex
from tests.benchmarks.large_site.pages import Task
from tests.benchmarks.large_site.resources import NO_PAGE, read_memory_mib, reset_peak_memory

# A slow task is repeated less often.
_LONGEST_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """Medians in milliseconds; `peak_mib`: the most that the process's memory grew. `problem`: why there are none."""

    name: str
    total_ms: float = 0.0
    index_ms: float = 0.0
    statements: int = 0
    peak_mib: float = 0.0
    is_linear: bool = False
    problem: str = ""


class IndexClock:
    """Counts the seconds inside the public methods of the index, while it is entered."""

    def __init__(self) -> None:
        self.total_s = 0.0
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
        started = time.perf_counter()
        self._depth += 1
        try:
            return call()
        finally:
            self._depth -= 1
            if not self._depth:
                self.total_s += time.perf_counter() - started


def measure_task(task: Task, *, clock: IndexClock, repeats: int) -> Measurement:
    """Run the task `repeats` times after one to warm up; a slow one less often."""
    measurement = Measurement(name=task.name, is_linear=task.is_linear)
    try:
        samples = list(_iterate_samples(task, clock, repeats))
    except Exception as error:  # noqa: BLE001 - one page that fails must not end a run of an hour
        return replace(measurement, problem=f"{type(error).__name__}: {error}"[:200])
    if not samples:
        return replace(measurement, problem=NO_PAGE)
    total_s, index_s, statements, peak_mib = zip(*samples, strict=True)
    return replace(
        measurement,
        total_ms=1000 * median(total_s),
        index_ms=1000 * median(index_s),
        statements=round(median(statements)),
        peak_mib=max(peak_mib),
    )


def _iterate_samples(task: Task, clock: IndexClock, repeats: int) -> Iterator[tuple[float, float, int, float]]:
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


def _take_sample(task: Task, argument: str, clock: IndexClock) -> tuple[float, float, int, float]:
    statements = 0

    def count(execute: Callable[..., Any], *args: Any) -> Any:
        nonlocal statements
        statements += 1
        return execute(*args)

    reset_peak_memory()
    before_mib, index_s, started = read_memory_mib("VmRSS"), clock.total_s, time.perf_counter()
    with connection.execute_wrapper(count):
        task.run(argument)
    total_s = time.perf_counter() - started
    return total_s, clock.total_s - index_s, statements, max(0.0, read_memory_mib("VmHWM") - before_mib)
