"""Run the whole site: the web server and the index worker."""

import os
import socket
import subprocess
import sys
from argparse import ArgumentParser
from itertools import chain
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from collections_app.management.run_until_signal import stop_on_signals
from collections_app.management.supervisor import Child, run_and_wait, supervise


class Command(BaseCommand):
    help = "Serve the site and index its pictures until stopped. A process that dies is restarted."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default=settings.HOST)
        parser.add_argument("--port", type=int, default=settings.PORT)
        parser.add_argument("--workers", type=int, default=settings.WEB_WORKERS, help="number of web processes")

    def handle(self, *_: Any, host: str, port: int, workers: int, **__: Any) -> None:
        _refuse_used_port(host, port)
        stop = stop_on_signals()
        call_command("migrate", interactive=False, verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        # In a process of its own, so that this one stays small.
        model = Child(name="model", command=_build_manage_command("model"), stdout=subprocess.DEVNULL)
        if not run_and_wait(model, stop) and not stop.is_set():
            sys.exit(1)
        if stop.is_set():
            return
        self.stdout.write(f"Serving on http://{host}:{port} - press Ctrl-C to stop.")
        self.stdout.flush()
        web = Child(name="web server", command=_build_gunicorn_command(host, port, workers))
        supervise([web, Child(name="index worker", command=_build_manage_command("index_worker"))], stop)


def _build_manage_command(command: str) -> list[str]:
    return [sys.executable, sys.argv[0], command]


def _build_gunicorn_command(host: str, port: int, workers: int) -> list[str]:
    application = ":".join(settings.WSGI_APPLICATION.rsplit(".", 1))
    # Without --preload: gRPC and torch must be opened after the fork.
    options = {
        "--config": "python:collections_app.management.gunicorn_hooks",
        "--chdir": str(settings.BASE_DIR),
        "--bind": f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
        "--workers": str(workers),
        "--threads": str(settings.WEB_THREADS),
        "--timeout": "120",
        "--graceful-timeout": "15",
        "--log-level": "warning",
    }
    return [sys.executable, "-m", "gunicorn", application, *chain.from_iterable(options.items())]


def _refuse_used_port(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            reason = os.strerror(error.errno or 0)
            raise CommandError(f"Cannot listen on {host}:{port} ({reason}). Set PORT to another one.") from error
