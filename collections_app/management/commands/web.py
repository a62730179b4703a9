"""Run one web process. `serve` starts several of these; a service manager can start them too."""

import logging
import os
import sys
from argparse import ArgumentParser
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from collections_app.management.model_check import check_model_settings
from collections_app.management.run_until_signal import stop_on_signals
from collections_app.management.web_server.process import (
    limit_model_threads,
    open_inherited,
    open_listener,
    run_web_process,
)
from collections_app.metrics import join_metrics
from collections_app.services.indexing.model_settings import refuse_unprepared_model


class Command(BaseCommand):
    help = "Serve the site with one process, without the index worker, until stopped."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default=settings.HOST)
        parser.add_argument("--port", type=int, default=settings.PORT)
        parser.add_argument("--fd", type=int, help="a listening socket that this process inherits; 3 with systemd")

    def run_from_argv(self, argv: list[str]) -> None:
        """End the process without Python's clean-up, which stops threads at any point. A thread inside the model's
        library, which loads the model or answers a request, would then abort the process."""
        super().run_from_argv(argv)
        logging.shutdown()
        with suppress(OSError):
            sys.stdout.flush()
        os._exit(0)

    def handle(self, *_: Any, host: str, port: int, fd: int | None, **__: Any) -> None:
        stop = stop_on_signals()
        limit_model_threads()
        join_metrics("web")
        check_model_settings(refuse_unprepared_model)
        listener = open_listener(host, port) if fd is None else open_inherited(fd)
        run_web_process(listener, should_stop=stop.is_set)
