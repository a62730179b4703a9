"""gunicorn's hooks: each web process loads the model in the background and closes the index at its end."""

import logging
import os
import threading
from typing import Any

from collections_app.index import close_index

log = logging.getLogger(__name__)


def on_starting(server: Any) -> None:
    """Let each web process compute on its share of the cores; the index worker counts as one more process.

    With more threads than cores, each step of the model waits for the last thread.
    """
    share = (os.cpu_count() or 1) // (server.cfg.workers + 1)
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, share)))


def post_worker_init(worker: Any) -> None:
    threading.Thread(target=_warm_up, name="warm-up", daemon=True).start()


def worker_exit(server: Any, worker: Any) -> None:
    """Release the embedded store if this web process owns it."""
    close_index()


def _warm_up() -> None:
    from collections_app.encoders import load_in_background
    from collections_app.errors import ImageSearchError
    from collections_app.services.indexing.active_index import get_active_index

    try:
        load_in_background().result()
        get_active_index()
    except ImageSearchError as error:
        log.warning("Search is not ready: %s", error)
