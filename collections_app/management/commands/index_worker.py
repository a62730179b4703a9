"""Process index jobs until stopped."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from collections_app.errors import ImageSearchError
from collections_app.management.background_loops import start_loop
from collections_app.management.model_check import check_model_settings
from collections_app.management.run_until_signal import stop_on_signals
from collections_app.metrics import join_metrics
from collections_app.services.backup.schedule import ScheduledBackups
from collections_app.services.duplicates.comparing import Comparer
from collections_app.services.exports.making import Exporter
from collections_app.services.indexing.model_settings import ensure_active_model
from collections_app.services.indexing.worker import IndexWorker
from collections_app.services.mail.smtp_sender import MailSender
from collections_app.services.maintenance import run_maintenance
from collections_app.services.uploads.unpacking import ArchiveUnpacker


class Command(BaseCommand):
    help = "Index new and changed pictures until stopped. Several workers can run at once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--drain", action="store_true", help="exit when the queue is empty")

    def handle(self, *_: Any, drain: bool, **__: Any) -> None:
        stop = stop_on_signals()
        join_metrics("index_worker")
        check_model_settings(ensure_active_model)
        worker = IndexWorker(stop=stop, maintenance=run_maintenance)
        unpacker, comparer = ArchiveUnpacker(stop=stop), Comparer(stop=stop)
        if not drain:
            start_loop(name="mail", step=MailSender().send_next, stop=stop)
            unpacking = start_loop(name="unpacking", step=unpacker.unpack_next, stop=stop)
            comparing = start_loop(name="comparing", step=comparer.compare_next, stop=stop)
            backing_up = start_loop(name="backups", step=ScheduledBackups(stop=stop).make_due, stop=stop)
            exporting = start_loop(name="exporting", step=Exporter(stop=stop).export_next, stop=stop)
            worker.run()
            unpacking.join()
            comparing.join()
            backing_up.join()
            exporting.join()
            return
        try:
            unpacker.drain()
            worker.drain()
            comparer.drain()
        except ImageSearchError as error:
            raise CommandError(f"{error} The jobs are kept in the queue.") from error
