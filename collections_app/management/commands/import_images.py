"""Import a folder of pictures into a collection."""

import sys
import threading
from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from typing import Any, BinaryIO

from django.core.management.base import CommandError
from tqdm import tqdm

from collections_app.errors import ImageSearchError, InvalidImage, LimitReached, NameMissing
from collections_app.management.folder_walk import FolderEntry, walk_folder
from collections_app.management.free_text import FreeTextCommand
from collections_app.management.lookups import get_user_by_email
from collections_app.management.run_until_signal import EXIT_INTERRUPTED, stop_on_signals
from collections_app.models import Collection, User
from collections_app.services.library.collections import create_collection
from collections_app.services.uploads.ingest import ingest_upload
from collections_app.services.uploads.non_pictures import is_companion
from collections_app.services.uploads.report import get_archive_limits, ingest_entry
from collections_app.services.uploads.zip_reader import read_archive
from collections_app.services.uploads.zip_signatures import is_archive

_ALWAYS_COUNTED = ("imported", "already there", "refused")


class Command(FreeTextCommand):
    help = (
        "Import every picture below a folder, also from ZIP files. Pictures that were imported before are skipped. "
        "Exits with 1 if something was refused."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DIR")
        parser.add_argument("--collection", required=True, metavar="NAME", help="created if it doesn't exist")
        parser.add_argument("--user", required=True, metavar="EMAIL")

    def handle(self, *_: Any, folder: Path, collection: str, user: str, **__: Any) -> None:
        if not folder.is_dir():
            raise CommandError(f"There is no folder {folder}.")
        uploader = get_user_by_email(user)
        self.outcomes: Counter[str] = Counter()
        stop = stop_on_signals()
        self._import_all(folder, _get_or_create_collection(uploader, collection), uploader, stop)
        self._print_summary()
        if stop.is_set():
            self.stderr.write("Stopped. Imported pictures are kept. Run the same command again to continue.")
            sys.exit(EXIT_INTERRUPTED)
        if self.outcomes["refused"]:
            sys.exit(1)

    def _import_all(self, folder: Path, collection: Collection, uploader: User, stop: threading.Event) -> None:
        """Import until `stop` is set, but finish the current file, so that no stored file is without its row."""
        for entry in tqdm(list(walk_folder(folder)), desc="Importing", unit="file"):
            if stop.is_set():
                return
            if entry.is_system_file:
                self.outcomes["system or hidden"] += 1
            elif entry.problem:
                self._refuse(entry.name, entry.problem)
            else:
                self._import(entry, collection, uploader, stop)

    def _import(self, entry: FolderEntry, collection: Collection, uploader: User, stop: threading.Event) -> None:
        try:
            with entry.path.open("rb") as file:
                if is_archive(file):
                    self._import_archive(file, entry.name, collection, uploader, stop)
                    return
                ingested = ingest_upload(file=file, file_name=entry.path.name, collection=collection, uploader=uploader)
        except (ImageSearchError, OSError) as error:
            if isinstance(error, InvalidImage) and is_companion(entry.name):
                self.outcomes["not pictures"] += 1
                _write_line(f"{entry.name}: not a picture")
            else:
                self._refuse(entry.name, str(error))
        else:
            self.outcomes["imported" if ingested.created else "already there"] += 1

    def _import_archive(
        self, file: BinaryIO, name: str, collection: Collection, uploader: User, stop: threading.Event
    ) -> None:
        """Import the pictures in a ZIP file now, without the queue of ZIP files."""
        for entry in read_archive(file, get_archive_limits()):
            if stop.is_set():
                return
            result = ingest_entry(entry=entry, collection=collection, uploader=uploader)
            if result.image:
                self.outcomes["imported" if result.created else "already there"] += 1
            elif is_companion(entry.name):
                self.outcomes["not pictures"] += 1
            else:
                self._refuse(f"{name}/{entry.name}" if entry.name else name, result.error)

    def _refuse(self, name: str, reason: str) -> None:
        self.outcomes["refused"] += 1
        _write_line(f"{name}: {reason}")

    def _print_summary(self) -> None:
        counted = [*_ALWAYS_COUNTED, *(name for name in ("not pictures", "system or hidden") if self.outcomes[name])]
        self.stdout.write(", ".join(f"{self.outcomes[name]} {name}" for name in counted) + ".")


def _write_line(line: str) -> None:
    """Write to stderr beside the progress bar. A name may contain bytes that are not text."""
    tqdm.write(line.encode(errors="backslashreplace").decode(), file=sys.stderr)


def _get_or_create_collection(user: User, name: str) -> Collection:
    existing = Collection.objects.named(name).filter(team=user.personal_team).first()
    try:
        return existing or create_collection(team=user.personal_team, name=name, creator=user)
    except (LimitReached, NameMissing) as error:
        raise CommandError(str(error)) from error
