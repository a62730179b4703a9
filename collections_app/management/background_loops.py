"""Loops that the index worker's process runs beside its queue, each in a thread of its own."""

import logging
import threading
from collections.abc import Callable

from django.db import close_old_connections

log = logging.getLogger(__name__)

_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 30.0


def start_loop(*, name: str, step: Callable[[], bool], stop: threading.Event) -> threading.Thread:
    """Call `step` in a thread until `stop` is set: again at once if it returns True, else after a second.

    Log an error and wait before the next call, longer after each error, up to 30 s.
    """
    thread = threading.Thread(target=_run, args=(name, step, stop), name=name, daemon=True)
    thread.start()
    return thread


def _run(name: str, step: Callable[[], bool], stop: threading.Event) -> None:
    pause_s = _PAUSE_S
    while not stop.is_set():
        try:
            close_old_connections()
            if step():
                continue
            pause_s = _PAUSE_S
        except Exception:  # the outermost loop
            log.exception("%s failed unexpectedly", name)
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
        stop.wait(pause_s)
    close_old_connections()
