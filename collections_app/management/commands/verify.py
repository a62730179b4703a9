"""Compare rows, files, thumbnails and index of the site, and repair the differences."""

import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from collections_app.errors import ImageSearchError
from collections_app.management.outcomes import print_counts
from collections_app.management.progress_bars import ProgressBars
from collections_app.management.run_until_signal import drain_queue_with_progress
from collections_app.models import Image
from collections_app.services.backup.repairing import queue_index_repairs, repair_files
from collections_app.services.backup.verifying import FilesReport, SiteIndexReport, verify_files, verify_index

_SHOWN = 20


class Command(BaseCommand):
    help = (
        "Check that every row has its file and its thumbnail, every file its row, and that database and index agree. "
        "Exits with 1 if something differs. The site stays up."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--deep", action="store_true", help="read every file and vector and compare the checksums")
        parser.add_argument(
            "--repair", action="store_true", help="repair the differences if possible, then check again"
        )
        parser.add_argument(
            "--backups",
            type=Path,
            metavar="DIR",
            help="with --repair: take lost files from here, by default BACKUP_DIR",
        )
        parser.add_argument(
            "--delete-unknown", action="store_true", help="with --repair: delete the files that belong to no row"
        )

    def handle(self, *_: Any, deep: bool, repair: bool, **options: Any) -> None:
        if not repair and (options["backups"] or options["delete_unknown"]):
            raise CommandError("--backups and --delete-unknown need --repair.")
        try:
            is_consistent = self._check_files(deep, repair, options)
            is_consistent = self._check_index(deep, repair) and is_consistent
        except ImageSearchError as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"The files cannot be read or written: {error}") from error
        if not is_consistent:
            sys.exit(1)

    def _check_files(self, deep: bool, repair: bool, options: dict[str, Any]) -> bool:
        report = self._verify_files(deep)
        if not repair or report.is_consistent:
            return report.is_consistent
        backups = options["backups"] or settings.BACKUP_DIR
        repairs = repair_files(report, backups=backups, deletes_unknown=options["delete_unknown"])
        print_counts(
            {
                "restored from backup": repairs.restored,
                "thumbnails made": repairs.thumbnails,
                "files deleted": repairs.deleted,
            },
            self.stdout,
        )
        return self._verify_files(deep).is_consistent

    def _verify_files(self, deep: bool) -> FilesReport:
        with ProgressBars() as bars:
            bars.begin("files", Image.objects.count())
            report = verify_files(deep=deep, on_files=bars.advance)
        print_counts(
            {
                "files checked": report.checked,
                "missing": len(report.missing),
                "damaged": len(report.damaged),
                "without a thumbnail": len(report.without_thumbnail),
                "files without a row": len(report.unknown),
                "stray renditions": len(report.stray),
            },
            self.stdout,
        )
        self._print_names("missing", [file.name for file in report.missing])
        self._print_names("damaged", [file.name for file in report.damaged])
        self._print_names("without a row", report.unknown)
        return report

    def _check_index(self, deep: bool, repair: bool) -> bool:
        report = self._verify_index(deep)
        if repair and not report.is_consistent:
            print_counts({"queued pictures": queue_index_repairs(report)}, self.stdout)
            drain_queue_with_progress()
            report = self._verify_index(deep)
        return report.is_consistent

    def _verify_index(self, deep: bool) -> SiteIndexReport:
        report = verify_index(deep=deep)
        print_counts(
            {
                "images": report.image_count,
                "vectors": report.vector_count,
                "not as in the rows": report.difference_count,
                **({"altered": report.altered_count} if deep else {}),
                **({"not encoded": report.unprepared_count} if report.unprepared_count else {}),
            },
            self.stdout,
        )
        return report

    def _print_names(self, what: str, names: Sequence[str]) -> None:
        for name in names[:_SHOWN]:
            self.stderr.write(f"{what}: {name}")
        if len(names) > _SHOWN:
            self.stderr.write(f"{what}: {len(names) - _SHOWN} more")
