"""What the commands `erase_user` and `erase_team` share: the confirmation, the work, and the printed proof."""

import sys
import threading

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from collections_app.errors import FilesHeld, ImageSearchError
from collections_app.models import Erasure
from collections_app.services.backup.manifest import iterate_backups
from collections_app.services.erasure.erasing import delete_erased_rows, finish_erasure, has_waiting_jobs
from collections_app.services.erasure.proof import Proof
from collections_app.services.indexing.worker import IndexWorker

_AGAIN = "Run the same command again to continue."
_MOST_NAMED = 10


def require_typed_name(*, name: str, sentence: str) -> None:
    """Require the name to be typed. Raises CommandError."""
    try:
        typed = input(f"{sentence} This can't be undone.\nType “{name}” to continue: ")
    except EOFError as error:
        raise CommandError("Nothing was erased. Type the name, or use --yes.") from error
    if typed.strip() != name:
        raise CommandError("Nothing was erased: the name is another one.")


def erase_with_proof(command: BaseCommand, erasure: Erasure) -> None:
    """Erase, print the proof, and exit with 1 if something is left."""
    try:
        delete_erased_rows(erasure=erasure)
        _drain_jobs(erasure)
        if not Erasure.objects.filter(pk=erasure.pk).exists():
            command.stdout.write("Nothing is left: the site's maintenance has completed this erasure meanwhile.")
            return
        proof = finish_erasure(erasure=erasure)
    except FilesHeld as error:
        raise CommandError(f"{error} Run the command again when it has ended.") from error
    except ImageSearchError as error:
        raise CommandError(f"{error} {_AGAIN}") from error
    except OSError as error:
        raise CommandError(f"A stored file can't be deleted: {error.strerror or error}. {_AGAIN}") from error
    _print_proof(command, proof)
    if not proof.is_clean:
        command.stderr.write(f"Something is left. {_AGAIN}")
        sys.exit(1)
    command.stdout.write("Nothing is left.")
    _list_backups(command)


def _list_backups(command: BaseCommand) -> None:
    """Name the backups that were begun before the erasure and so may still contain it."""
    folder = settings.BACKUP_DIR
    names = [backup.name for backup in iterate_backups(folder)] if folder else []
    if names:
        command.stdout.write(f"These backups in {folder} may still contain it: {', '.join(names)}.")


def _drain_jobs(erasure: Erasure) -> None:
    """Work on the queue, next to any other worker, until the jobs of this erasure are done."""
    stop = threading.Event()

    def stop_when_done() -> None:
        if not has_waiting_jobs(erasure):
            stop.set()

    stop_when_done()
    IndexWorker(stop=stop).drain(on_progress=stop_when_done)


def _print_proof(command: BaseCommand, proof: Proof) -> None:
    command.stdout.write(f"{'Searched':<32}{'for':>8}{'found':>8}")
    for line in proof.lines:
        command.stdout.write(f"{line.searched:<32}{line.count:>8}{len(line.found):>8}")
        for name in line.found[:_MOST_NAMED]:
            command.stdout.write(f"    {name}")
