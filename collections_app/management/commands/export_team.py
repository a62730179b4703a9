"""Export a team's pictures, with what people entered about them, into a folder."""

import os
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.template.defaultfilters import filesizeformat
from tqdm import tqdm

from collections_app.errors import StorageUnavailable
from collections_app.index.file_locks import try_lock
from collections_app.management.free_text import FreeTextCommand
from collections_app.management.lookups import get_team, get_user_by_email
from collections_app.management.run_until_signal import (
    EXIT_INTERRUPTED,
    StoppedBySignal,
    raise_if_stopped,
    stop_on_signals,
)
from collections_app.models import Team, User
from collections_app.services.exports.targets import FolderTarget
from collections_app.services.exports.writing import ExportResult, list_exported_ids, write_export

_AGAIN = "Run the same command again to continue."


class Command(FreeTextCommand):
    help = (
        "Export a team's pictures into a new folder, with metadata.json, XMP sidecars and checksums. Pictures in the "
        "trash are left out. Exits with 1 if a picture is missing or damaged."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("team", metavar="ID_OR_NAME")
        parser.add_argument("folder", type=Path, metavar="DIR", help="must not exist, or be empty")
        parser.add_argument("--favourites-of", metavar="EMAIL", help="include this person's favourites")

    def handle(self, *_: Any, team: str, folder: Path, favourites_of: str | None, **__: Any) -> None:
        person = get_user_by_email(favourites_of) if favourites_of else None
        try:
            result = self._export(get_team(team), folder.absolute(), person)
        except StoppedBySignal:
            self.stderr.write(f"Stopped. {_AGAIN}")
            sys.exit(EXIT_INTERRUPTED)
        except StorageUnavailable as error:
            raise CommandError(f"{error} {_AGAIN}") from error
        except OSError as error:
            raise CommandError(f"{folder} can't be written: {error.strerror or error}. {_AGAIN}") from error
        for problem in result.problems:
            self.stderr.write(problem)
        size = filesizeformat(result.byte_size)
        self.stdout.write(f"Exported {result.image_count:,} pictures ({size}) to {folder}.")
        if result.problems:
            sys.exit(1)

    def _export(self, team: Team, folder: Path, favourites_of: User | None) -> ExportResult:
        """Write into a folder beside, which is renamed in the end. It is closed to other accounts of the machine."""
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise CommandError(f"{folder} exists already. Name another folder.")
        work, stop = folder.parent / f".{folder.name}.incomplete", stop_on_signals()
        with _hold_lock(folder.parent / f".{folder.name}.lock"):
            target = FolderTarget(work)
            work.chmod(0o700)
            total = sum(map(len, list_exported_ids(team).values()))
            with tqdm(total=total, desc="Exporting", unit="picture", disable=not total) as bar:

                def count_image() -> None:
                    bar.update()
                    raise_if_stopped(stop)

                result = write_export(team=team, target=target, favourites_of=favourites_of, on_image=count_image)
            target.remove_others()
            os.sync()
            work.replace(folder)
        return result


@contextmanager
def _hold_lock(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = try_lock(path)
    if descriptor is None:
        raise CommandError("Another process exports to this folder now.")
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(descriptor)
