"""Import a folder of pictures into a collection."""

import os
import sys
import threading
from argparse import ArgumentParser
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from collections_app.errors import ImageSearchError
from collections_app.management.lookups import get_user_by_email
from collections_app.management.run_until_signal import stop_on_signals
from collections_app.models import Collection, User
from collections_app.services.library.collections import create_collection
from collections_app.services.uploads.ingest import ingest_upload

_INTERRUPTED = 130


class Command(BaseCommand):
    help = "Import every picture below a folder. Pictures that were imported before are skipped."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DIR")
        parser.add_argument("--collection", required=True, metavar="NAME", help="created if it doesn't exist")
        parser.add_argument("--user", required=True, metavar="EMAIL")

    def handle(self, *_: Any, folder: Path, collection: str, user: str, **__: Any) -> None:
        if not folder.is_dir():
            raise CommandError(f"There is no folder {folder}.")
        uploader = get_user_by_email(user)
        self.outcomes: dict[str, int] = defaultdict(int)
        stop = stop_on_signals()
        self._import_all(folder, _get_or_create_collection(uploader, collection), uploader, stop)
        self._print_summary()
        if stop.is_set():
            self.stderr.write("Stopped. Imported pictures are kept. Run the same command again to continue.")
            sys.exit(_INTERRUPTED)

    def _import_all(self, folder: Path, collection: Collection, uploader: User, stop: threading.Event) -> None:
        """Import until `stop` is set. The current file is finished: no picture's file is stored without its row."""
        for path in tqdm(sorted(_iterate_files(folder)), desc="Importing", unit="file"):
            if stop.is_set():
                return
            self._import(path, folder, collection, uploader)

    def _import(self, path: Path, folder: Path, collection: Collection, uploader: User) -> None:
        try:
            with path.open("rb") as file:
                ingested = ingest_upload(file=file, file_name=path.name, collection=collection, uploader=uploader)
        except (ImageSearchError, OSError) as error:
            self.outcomes["refused"] += 1
            tqdm.write(f"{path.relative_to(folder)}: {error}", file=sys.stderr)
        else:
            self.outcomes["imported" if ingested.created else "already there"] += 1

    def _print_summary(self) -> None:
        parts = (f"{self.outcomes[name]} {name}" for name in ("imported", "already there", "refused"))
        self.stdout.write(", ".join(parts) + ".")


def _iterate_files(folder: Path) -> Iterator[Path]:
    """Yield the plain files below a folder, without hidden ones and without following links to folders."""
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (path for name in names if not name.startswith(".") and (path := Path(parent, name)).is_file())


def _get_or_create_collection(user: User, name: str) -> Collection:
    existing = Collection.objects.named(name).filter(team=user.personal_team).first()
    return existing or create_collection(team=user.personal_team, name=name, creator=user)
