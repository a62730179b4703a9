"""Threads that search the index while the thread of the request reads the database and renders."""

import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from collections_app.request_ids import bind_request_id

# A thread waits for the network most of the time. If all are busy, the request does the work itself when it needs it.
_MAX_THREADS = 8
_Value = TypeVar("_Value")

_pool = ThreadPoolExecutor(_MAX_THREADS, thread_name_prefix="search")


def start_work(work: Callable[[], _Value]) -> Callable[[], _Value]:
    """Start the work, and return a function that waits for its value or raises its error.

    The work must not use the database: connections belong to the threads of requests.
    """
    bound = bind_request_id(work)
    has_begun = threading.Event()

    def begin() -> _Value:
        has_begun.set()
        return bound()

    future = _pool.submit(begin)
    # A thread that computes keeps the interpreter for this long. Waiting lets the other one send its request first.
    has_begun.wait(sys.getswitchinterval())

    def wait() -> _Value:
        return bound() if future.cancel() else future.result()

    return wait
