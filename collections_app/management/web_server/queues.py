"""The threads of a web process, and how the kinds of requests share them."""

import logging
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from django.conf import settings
from django.urls import Resolver404, resolve

log = logging.getLogger(__name__)

# The URL names of each kind. All other requests are pages.
REQUEST_KINDS = {
    "live": {"live"},
    "ready": {"ready"},
    "health": {"healthz"},
    "search": {"search", "search_sheet", "example_add", "saved_search", "search_new", "image_similar", "public_search"},
    "upload": {"upload", "collection_upload"},
    "bulk": {
        *("selection_download", "selection_trash", "selection_move", "selection_tag", "selection_undo"),
        *("selection_date", "selection_shift", "trash_restore", "trash_purge", "collection_delete", "team_delete"),
    },
    "file": {
        *("image_file", "image_download", "image_thumbnail", "image_preview", "trash_thumbnail", "example_thumbnail"),
        *("public_thumbnail", "public_preview", "public_download"),
    },
}
PAGE, REFUSED = "page", "refused"
# The kinds that have threads of their own, and how many. Checks of the parts wait for services, which may hang.
SEPARATE_KINDS = {"live": 1, "ready": 4, "health": 1, REFUSED: 1}
_KIND_OF = {name: kind for kind, names in REQUEST_KINDS.items() for name in names}
# The kinds that share the threads: each always has one of them.
SHARED_KINDS = ("search", "upload", "bulk", "file", PAGE)
# More waiting requests than this for each thread are refused.
MAX_WAITING_PER_THREAD = 64


class Job(Protocol):
    """A connection with a request that waits for a thread."""

    def service(self) -> None: ...

    def cancel(self) -> None: ...


@dataclass(slots=True, kw_only=True)
class Lane:
    """The waiting requests of one kind, each with its number in the order of arrival."""

    max_threads: int
    running: int = 0
    waiting: "deque[tuple[int, Job]]" = field(default_factory=deque)


def get_kind(path: str) -> str:
    """Return the kind of a request, given its path in the encoding of WSGI."""
    readable = path.encode("latin-1", errors="replace").decode(errors="replace")
    prefix = settings.SITE_PATH
    if prefix and readable.startswith(f"{prefix}/"):
        readable = readable[len(prefix) :]
    try:
        name = resolve(readable).url_name or ""
    except Resolver404:
        return PAGE
    return _KIND_OF.get(name, PAGE)


class ThreadPool:
    """Threads that take the oldest waiting request of a kind that may run.

    A kind without a running request always gets a thread at once, so one kind cannot keep another waiting.
    """

    def __init__(self, name: str, *, threads: int, max_threads: Mapping[str, int]) -> None:
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._lanes = {kind: Lane(max_threads=most) for kind, most in max_threads.items()}
        self._free = self._size = threads
        self._arrivals = 0
        self._stopping = False
        self._threads = [
            threading.Thread(target=self._work, name=f"{name}-{number}", daemon=True) for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def add(self, kind: str, job: Job) -> bool:
        """Queue a request; return False if too many wait."""
        with self._lock:
            lane = self._lanes[kind]
            if len(lane.waiting) >= lane.max_threads * MAX_WAITING_PER_THREAD:
                return False
            self._arrivals += 1
            lane.waiting.append((self._arrivals, job))
            self._changed.notify()
        return True

    def stop(self, *, timeout_s: float) -> None:
        """Drop the waiting requests and stop the threads when they have finished theirs."""
        with self._lock:
            self._stopping = True
            dropped = [job for lane in self._lanes.values() for _arrival, job in lane.waiting]
            for lane in self._lanes.values():
                lane.waiting.clear()
            self._changed.notify_all()
        for job in dropped:
            job.cancel()
        deadline = time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0, deadline - time.monotonic()))

    def _work(self) -> None:
        while taken := self._take():
            lane, job = taken
            try:
                job.service()
            except Exception:
                log.exception("A request failed outside its view")
            self._give_back(lane)

    def _take(self) -> tuple[Lane, Job] | None:
        with self._lock:
            while not self._stopping:
                if lane := self._select_lane():
                    _arrival, job = lane.waiting.popleft()
                    lane.running += 1
                    self._free -= 1
                    return lane, job
                self._changed.wait()
        return None

    def _select_lane(self) -> Lane | None:
        idle = sum(not lane.running for lane in self._lanes.values())
        ready = [
            lane
            for lane in self._lanes.values()
            if lane.waiting and (not lane.running or (lane.running < lane.max_threads and self._free > idle))
        ]
        return min(ready, key=lambda lane: lane.waiting[0][0], default=None)

    def _give_back(self, lane: Lane) -> None:
        with self._lock:
            lane.running -= 1
            self._free += 1
            self._changed.notify()


class RequestQueues:
    """Queues each request in a pool: a separate kind in its own, all others in one."""

    def __init__(self) -> None:
        most = settings.WEB_THREADS
        shared = dict.fromkeys(SHARED_KINDS, most)
        shared |= {"search": settings.WEB_MAX_SEARCHES, "bulk": settings.WEB_MAX_ZIPS + 1}
        self._pools = {
            kind: ThreadPool(kind, threads=threads, max_threads={kind: threads})
            for kind, threads in SEPARATE_KINDS.items()
        }
        self._shared = ThreadPool("request", threads=most, max_threads=shared)

    def add(self, kind: str, job: Job) -> bool:
        return self._pools.get(kind, self._shared).add(kind, job)

    def shutdown(self, *, timeout_s: float) -> None:
        for pool in (*self._pools.values(), self._shared):
            pool.stop(timeout_s=timeout_s)
