"""gunicorn's hooks: each web worker loads the model in the background, so that the first search need not wait."""

import logging
import os
import threading
from typing import Any

log = logging.getLogger(__name__)


def on_starting(server: Any) -> None:
    """Each web process computes on its share of the cores; the index worker is one more.

    Where threads are more than cores, each step of the model waits until the last of them gets its turn.
    """
    share = (os.cpu_count() or 1) // (server.cfg.workers + 1)
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, share)))


def post_worker_init(worker: Any) -> None:
    threading.Thread(target=_warm_up, name="warm-up", daemon=True).start()


def _warm_up() -> None:
    from collections_app.encoders import load_in_background
    from collections_app.errors import ImageSearchError
    from collections_app.services.indexing.active_index import get_active_index

    try:
        load_in_background().result()
        get_active_index()
    except ImageSearchError as error:
        log.warning("Search is not ready: %s", error)
