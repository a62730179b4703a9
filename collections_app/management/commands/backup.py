"""Make a backup while the site is up."""

import sys
from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.template.defaultfilters import filesizeformat

from collections_app.errors import BackupFailed, StorageUnavailable
from collections_app.management.progress_bars import ProgressBars
from collections_app.management.run_until_signal import EXIT_INTERRUPTED, stop_on_signals
from collections_app.services.backup.making import MadeBackup, make_backup, prune_backups


class Command(BaseCommand):
    help = (
        "Copy the rows, the files and the vectors of the site to a folder, which may hold earlier backups. The site "
        "stays up. Exits with 1 if something could not be copied."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", nargs="?", type=Path, metavar="DIR", help="by default BACKUP_DIR")
        parser.add_argument(
            "--keep", type=_parse_keep, metavar="N", help="then delete backups that are older than the newest N"
        )

    def handle(self, *_: Any, folder: Path | None, keep: int | None, **__: Any) -> None:
        folder = folder or settings.BACKUP_DIR
        if folder is None:
            raise CommandError("Name a folder, or set BACKUP_DIR.")
        stop = stop_on_signals()
        try:
            with ProgressBars() as bars:
                made = make_backup(folder.absolute(), progress=bars, stop=stop)
            self._print(made)
            if keep:
                self.stdout.write(f"Older backups deleted: {prune_backups(folder.absolute(), keep=keep)}")
        except (BackupFailed, StorageUnavailable) as error:
            if stop.is_set():
                self.stderr.write("Stopped. What was copied is kept. Run the same command again.")
                sys.exit(EXIT_INTERRUPTED)
            raise CommandError(f"{error} Earlier backups are unchanged.") from error
        if made.backup.manifest.problems:
            sys.exit(1)

    def _print(self, made: MadeBackup) -> None:
        manifest, counts = made.backup.manifest, made.counts
        took_s = (manifest.finished_at - manifest.started_at).total_seconds()
        sizes = f"{filesizeformat(counts.byte_size)}; new: {counts.added:,}, {filesizeformat(counts.added_bytes)}"
        self.stdout.write(
            f"Backup {made.backup.name} in {took_s:.1f} s: {manifest.row_count:,} rows, {counts.count:,} files "
            f"({sizes}), {manifest.vector_count:,} vectors."
        )
        for problem in manifest.problems:
            self.stderr.write(problem)


def _parse_keep(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text)):
        raise ArgumentTypeError(f"a whole number from 1 on, not {text}")
    return int(text)
