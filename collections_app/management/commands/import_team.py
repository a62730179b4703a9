"""Import the export of a team into a new or an empty team."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from tqdm import tqdm

from collections_app.errors import ImageSearchError
from collections_app.management.free_text import FreeTextCommand
from collections_app.management.lookups import get_user_by_email
from collections_app.management.run_until_signal import (
    EXIT_INTERRUPTED,
    StoppedBySignal,
    raise_if_stopped,
    stop_on_signals,
)
from collections_app.models import User
from collections_app.services.exports.document import parse_document
from collections_app.services.exports.importing import ImportResult, import_team, start_import
from collections_app.services.exports.sources import (
    ExportSource,
    open_source,
    read_verified_metadata,
    verify_image_file,
)

_AGAIN = "What was imported is kept. Run the same command again to continue."


class Command(FreeTextCommand):
    help = (
        "Import the export of a team, after all its checksums are verified. A repeated import continues and creates "
        "nothing twice. Exits with 1 if something was not imported."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "source", type=Path, nargs="+", metavar="DIR_OR_ZIP", help="the folder, or all ZIP files of an export"
        )
        parser.add_argument("--owner", required=True, metavar="EMAIL", help="becomes owner of the team and uploader")
        parser.add_argument(
            "--team", default="", metavar="ID_OR_NAME", help="an empty team of the owner, or the name of a new one"
        )

    def handle(self, *_: Any, source: list[Path], owner: str, team: str, **__: Any) -> None:
        person, self._has_started = get_user_by_email(owner), False
        if missing := [path for path in source if not path.exists()]:
            raise CommandError(f"There is no {missing[0]}.")
        try:
            with open_source(source) as opened:
                result = self._import(opened, person, team)
        except StoppedBySignal:
            self.stderr.write(f"Stopped. {_AGAIN}")
            sys.exit(EXIT_INTERRUPTED)
        except ImageSearchError as error:
            raise CommandError(f"{error} {_AGAIN}" if self._has_started else str(error)) from error
        except OSError as error:
            raise CommandError(f"{error.strerror or error}: {error.filename or source[0]}. {_AGAIN}") from error
        self._report(result)

    def _import(self, source: ExportSource, owner: User, team: str) -> ImportResult:
        stop = stop_on_signals()
        data, digest = read_verified_metadata(source)
        exported = parse_document(data)
        for image in tqdm(exported.images, desc="Verifying", unit="picture", disable=not exported.images):
            verify_image_file(source, image)
            raise_if_stopped(stop)
        running = start_import(exported=exported, digest=digest, owner=owner, name=team)
        self._has_started = True
        with tqdm(total=len(exported.images), desc="Importing", unit="picture", disable=not exported.images) as bar:

            def count_image() -> None:
                bar.update()
                raise_if_stopped(stop)

            return import_team(exported=exported, source=source, running=running, owner=owner, on_image=count_image)

    def _report(self, result: ImportResult) -> None:
        for problem in result.problems:
            self.stderr.write(problem)
        self.stdout.write(
            f"Imported {result.imported:,} pictures into the team “{result.team}” ({result.team.pk}), "
            f"{result.known:,} were there already. The index worker makes them searchable."
        )
        if result.problems:
            sys.exit(1)
