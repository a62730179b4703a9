"""One web process: its threads for the model, the model in the background, and a graceful end."""

import logging
import os
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable

from django.conf import settings
from django.core.management.base import CommandError
from django.utils.module_loading import import_string

from collections_app.index import close_index
from collections_app.management.background_loops import start_loop
from collections_app.management.web_server.server import WebServer

log = logging.getLogger(__name__)

GRACE_S = 15
_BACKLOG = 1024
# How long a thread may compute before another one may go on; Python's default is 0.005. With less, the thread that
# sends a query to the index waits less for the thread that renders the page: measured, 3 to 6 ms a search.
_THREAD_TURN_S = 0.001
# A busy or slow disk may delay the loop that handles connections.
_SILENT_CHECKS = 120


def open_listener(host: str, port: int, *, prefix: str = "") -> socket.socket:
    """Return a listening socket, which web processes share. Raises CommandError if the port is in use.

    `prefix` begins the names of the settings for host and port.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error
        raise CommandError(
            f"Cannot listen on {host}:{port} ({reason}). Set {prefix}HOST and {prefix}PORT to others."
        ) from error
    return listener


def open_inherited(fd: int) -> socket.socket:
    """Return a listening socket that this process has inherited. Raises CommandError if it is none."""
    try:
        listener = socket.socket(fileno=fd)
        is_listening = listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    except OSError as error:
        raise CommandError(f"--fd {fd} is not an open socket.") from error
    if not is_listening:
        raise CommandError(f"--fd {fd} is a socket that does not listen.")
    return listener


def limit_model_threads() -> None:
    """Let the model of this process compute each text on one thread, unless the environment says otherwise.

    With several, each step of the model waits until the last thread was scheduled. Beside other load, such as the index
    worker's, that takes many times as long as the computation.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")


def run_web_process(listener: socket.socket, *, should_stop: Callable[[], bool]) -> None:
    """Serve until `should_stop` returns True, then finish the running requests within 15 s."""
    sys.setswitchinterval(_THREAD_TURN_S)
    # Bodies are stored where uploads are, in files without a name.
    tempfile.tempdir = str(settings.FILE_UPLOAD_TEMP_DIR)
    server = WebServer(import_string(settings.WSGI_APPLICATION), listener=listener)
    watch_turns(lambda: server.turns, give_up=_stop_at_once)
    start_preloading()
    try:
        server.run(should_stop)
        server.close(timeout_s=GRACE_S)
    finally:
        # Release the embedded store if this process owns it.
        close_index()


def watch_turns(
    count_turns: Callable[[], int], *, give_up: Callable[[], None], checks: int = _SILENT_CHECKS, check_s: float = 1
) -> None:
    """Start a thread that calls `give_up` if the count stays the same for a number of checks.

    It counts checks and not seconds, so the time in which the whole process was stopped does not count.
    """

    def watch() -> None:
        last, silent = -1, 0
        while silent < checks:
            time.sleep(check_s)
            turns = count_turns()
            last, silent = turns, silent + 1 if turns == last else 0
        give_up()

    threading.Thread(target=watch, name="watch-turns", daemon=True).start()


def _stop_at_once() -> None:
    """Exit without cleaning up, which could hang as well. `serve` starts the process again."""
    log.error("The web process has not handled its connections for %s s. Ending it.", _SILENT_CHECKS)
    os._exit(1)


def start_preloading() -> None:
    """Start to load the models of searches in this process, after it was forked. Repeated calls start nothing new.

    From then on a thread reads every second which models are kept.
    """
    with _preloading_lock:
        if not _preloading:
            from collections_app.services.search.preloading import ModelPreloader

            _preloading.append(start_loop(name="models", step=ModelPreloader().preload, stop=threading.Event()))


_preloading_lock = threading.Lock()
_preloading: list[threading.Thread] = []
