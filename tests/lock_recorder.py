"""Times how long this process holds SQLite's write lock."""

import sqlite3
import time
from collections.abc import Callable
from typing import Any

Lock = tuple[float, float, int]  # milliseconds, those on the CPU, statements


class LockRecorder:
    """Times each transaction that holds the write lock, and counts its statements."""

    def __init__(self) -> None:
        self.locks: list[Lock] = []
        self.statements = 0
        self._begun: tuple[float, float, int] | None = None

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        """Wrap each statement of Django's connection."""
        self.statements += 1
        is_alone = self._begun is None and sql.lstrip().startswith(("INSERT", "UPDATE", "DELETE"))
        if is_alone:
            self._begin(self.statements - 1)
        result = execute(sql, params, many, context)
        if is_alone:
            self.end_lock()
        elif sql.startswith("BEGIN"):
            self._begin(self.statements)
        return result

    def _begin(self, statements: int) -> None:
        self._begun = (time.perf_counter(), time.thread_time(), statements)

    def end_lock(self) -> None:
        if self._begun is not None:
            started, started_cpu, statements = self._begun
            held_ms, cpu_ms = 1000 * (time.perf_counter() - started), 1000 * (time.thread_time() - started_cpu)
            self.locks.append((held_ms, cpu_ms, self.statements - statements))
            self._begun = None

    def take(self) -> list[Lock]:
        taken, self.locks, self.statements = self.locks, [], 0
        return taken

    def connect(self, *args: Any, **options: Any) -> sqlite3.Connection:
        """Return a connection that ends the lock with each COMMIT."""
        recorder = self

        class TimedConnection(sqlite3.Connection):
            def commit(self) -> None:
                super().commit()
                recorder.end_lock()

        return TimedConnection(*args, **options)
