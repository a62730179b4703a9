"""Restore a backup into an empty installation."""

import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from collections_app.errors import ImageSearchError, RestoreFailed
from collections_app.management.outcomes import print_failed_jobs
from collections_app.management.progress_bars import ProgressBars
from collections_app.management.run_until_signal import drain_queue_with_progress
from collections_app.services.backup.repairing import queue_index_repairs
from collections_app.services.backup.restoring import end_restore, find_backup, restore_backup
from collections_app.services.backup.verifying import verify_index

_AGAIN = "Run the same command again: it continues."


class Command(BaseCommand):
    help = (
        "Restore a backup into an installation without data, which may use another database, storage or index. Encodes "
        "only pictures without a vector in the backup. Exits with 0 only if database and index then agree."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DIR", help="the folder of the backups")
        parser.add_argument("--backup", default="", metavar="NAME", help="by default the newest complete one")
        parser.add_argument(
            "--other-secret-key", action="store_true", help="go on although the site had another SECRET_KEY"
        )

    def handle(self, *_: Any, folder: Path, backup: str, other_secret_key: bool, **__: Any) -> None:
        started = time.monotonic()
        try:
            found = find_backup(folder.absolute(), name=backup)
            with ProgressBars() as bars:
                vectors = restore_backup(backup=found, progress=bars, accepts_other_key=other_secret_key)
            restored_s = time.monotonic() - started
            self.stdout.write(
                f"Backup {found.name} in {restored_s:.1f} s: {found.manifest.row_count:,} rows, "
                f"{found.manifest.files.rows:,} files, {vectors:,} vectors."
            )
            is_consistent = self._finish_index()
            end_restore()
        except RestoreFailed as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"The files could not be restored: {error}. {_AGAIN}") from error
        except ImageSearchError as error:
            raise CommandError(f"{error} {_AGAIN}") from error
        for problem in found.manifest.problems:
            self.stderr.write(f"At the time of the backup: {problem}")
        sys.exit(0 if is_consistent else 1)

    def _finish_index(self) -> bool:
        """Encode what has no vector, and return whether database and index agree."""
        queued = queue_index_repairs(verify_index(deep=False))
        self.stdout.write(f"Pictures to encode: {queued:,}")
        drain_queue_with_progress()
        print_failed_jobs(self.stderr)
        report = verify_index(deep=False)
        self.stdout.write(f"Images: {report.image_count:,}, vectors: {report.vector_count:,}")
        if not report.is_consistent:
            self.stderr.write(f"Differences: {report.difference_count:,}. Run manage.py reindex.")
        return report.is_consistent
