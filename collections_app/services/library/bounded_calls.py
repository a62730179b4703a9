"""Calls with a time limit to a server that may be slow or silent. After a timeout, calls fail at once for a while."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

from collections_app.errors import StorageUnavailable
from collections_app.errors import gettext_noop as _
from collections_app.request_ids import bind_request_id

# How long all calls fail at once after the server was silent. Then one call tries again.
SILENCE_S = 10.0
# Threads that wait for a silent server usually end with the library's time limits. This limits the number of others.
MAX_RUNNING = 64

_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)
_Returned = TypeVar("_Returned")


def make_storage_error() -> StorageUnavailable:
    return StorageUnavailable(_("The picture storage can't be reached. Try again in a minute."))


@contextmanager
def share_time(limit_s: float) -> Iterator[None]:
    """Limit the total time of all calls in the block, for a request that needs several."""
    token = _deadline.set(time.monotonic() + limit_s)
    try:
        yield
    finally:
        _deadline.reset(token)


class BoundedCalls:
    """Runs each call in its own thread, so that the caller waits only for a limited time. Thread-safe."""

    def __init__(self, *, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._running = 0
        self._is_silent = False
        self._retry_at = 0.0

    def run(self, call: Callable[[], _Returned], *, extra_s: float = 0) -> _Returned:
        """Return what the call returns, or raise what it raises.

        Raises StorageUnavailable if the call takes longer than the limit plus `extra_s`, or if the server was recently
        silent.
        """
        self._start()
        future: Future[_Returned] = Future()
        # A daemon thread, so that a process that stops does not wait for the server.
        call = bind_request_id(call)
        thread = threading.Thread(target=self._run_call, args=(future, call), name="storage-call", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:  # the system has no free thread
            self._end()
            raise make_storage_error() from error
        limit_s = self._compute_limit()
        try:
            result = future.result(limit_s + extra_s)
        except TimeoutError as error:
            if future.done():
                raise
            if limit_s > self._timeout_s / 2:  # a shorter wait proves nothing about the server
                self.report_silence()
            raise make_storage_error() from error
        self._is_silent = False
        return result

    def report_silence(self) -> None:
        with self._lock:
            self._is_silent, self._retry_at = True, time.monotonic() + SILENCE_S

    def _start(self) -> None:
        now = time.monotonic()
        with self._lock:
            if self._running >= MAX_RUNNING or (self._is_silent and now < self._retry_at):
                raise make_storage_error()
            # While this caller tries again, the others fail at once.
            self._retry_at = now + self._timeout_s
            self._running += 1

    def _run_call(self, future: "Future[_Returned]", call: Callable[[], _Returned]) -> None:
        try:
            future.set_result(call())
        except BaseException as error:  # noqa: BLE001 -- the caller raises it
            future.set_exception(error)
        finally:
            self._end()

    def _end(self) -> None:
        with self._lock:
            self._running -= 1

    def _compute_limit(self) -> float:
        deadline = _deadline.get()
        return self._timeout_s if deadline is None else max(0.0, min(self._timeout_s, deadline - time.monotonic()))
