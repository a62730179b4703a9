"""Run the whole site: the web server and the index worker."""

import logging
import socket
import subprocess
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from collections_app.management.run_until_signal import stop_on_signals
from collections_app.management.start_lock import prepare_site
from collections_app.management.supervisor import Child, run_and_wait, supervise
from collections_app.management.web_server.process import open_listener

log = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Serve the site and index its pictures until stopped. A process that dies is restarted."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default=settings.HOST)
        parser.add_argument("--port", type=int, default=settings.PORT)
        parser.add_argument("--workers", type=int, default=settings.WEB_WORKERS, help="number of web processes")

    def handle(self, *_: Any, host: str, port: int, workers: int, **__: Any) -> None:
        listener = open_listener(host, port)
        metrics_listener = _open_metrics_listener()
        stop = stop_on_signals()
        prepare_site(stop=stop, report=self._report)
        if stop.is_set():
            return
        # In a process of its own, so that this one stays small.
        model = Child(name="model", command=_build_manage_command("model"), stdout=subprocess.DEVNULL)
        if not run_and_wait(model, stop) and not stop.is_set():
            sys.exit(1)
        if stop.is_set():
            return
        self._report(f"Serving on http://{host}:{port} - press Ctrl-C to stop.")
        children = [_make_child(f"web process {number + 1}", listener, "web") for number in range(workers)]
        children.append(Child(name="index worker", command=_build_manage_command("index_worker")))
        if metrics_listener:
            self._report(f"Metrics are on http://{settings.METRICS_HOST}:{settings.METRICS_PORT}/metrics.")
            children.append(_make_child("metrics exporter", metrics_listener, "metrics"))
        supervise(children, stop)

    def _report(self, sentence: str) -> None:
        if settings.LOG_FORMAT == "json":
            log.info(sentence)
            return
        self.stdout.write(sentence)
        self.stdout.flush()


def _open_metrics_listener() -> socket.socket | None:
    if not settings.METRICS_PORT:
        return None
    return open_listener(settings.METRICS_HOST, settings.METRICS_PORT, prefix="METRICS_")


def _make_child(name: str, listener: socket.socket, command: str) -> Child:
    """Return a child that accepts from the socket. All web processes share one, so an idle one takes the next
    connection.
    """
    words = _build_manage_command(command, "--fd", str(listener.fileno()))
    return Child(name=name, command=words, pass_fds=(listener.fileno(),))


def _build_manage_command(*words: str) -> list[str]:
    return [sys.executable, sys.argv[0], *words]
