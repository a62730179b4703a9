"""Serve the metrics of this machine's processes and of the site to Prometheus."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from collections_app.management.metrics_exporter import export_metrics
from collections_app.management.run_until_signal import stop_on_signals
from collections_app.management.web_server.process import open_inherited, open_listener
from collections_app.management.web_server.server import WebServer


class Command(BaseCommand):
    help = "Serve metrics for Prometheus until stopped. `serve` does it too, if METRICS_PORT is set."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--fd", type=int, help="a listening socket that this process inherits; 3 with systemd")

    def handle(self, *_: Any, fd: int | None, **__: Any) -> None:
        if not settings.METRICS_PORT:
            raise CommandError("Set METRICS_PORT: without it, processes record no metrics.")
        stop = stop_on_signals()
        host, port = settings.METRICS_HOST, settings.METRICS_PORT
        listener = open_listener(host, port, prefix="METRICS_") if fd is None else open_inherited(fd)
        server = WebServer(export_metrics, listener=listener)
        server.run(stop.is_set)
        server.close(timeout_s=1)
