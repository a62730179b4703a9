"""Making a backup while the site is up, and pruning old ones.

The order makes a backup consistent at any moment of uploads, moves and deletions:

1. A `BackupHold` says that a backup runs. From now on no file of a deleted row is deleted.
2. One snapshot of the database gives the rows and the vectors of their images.
3. The files that these rows name are copied. A row is saved after its file, so each was there before the snapshot.
4. The manifest is written.
"""

import os
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

from collections_app.errors import BackupFailed, BackupRunning, EncoderError, IndexUnavailable
from collections_app.errors import gettext_noop as _
from collections_app.index.file_locks import try_lock
from collections_app.models import BackupHold
from collections_app.services.backup.manifest import (
    FORMAT,
    Backup,
    Manifest,
    TablePart,
    VectorPart,
    delete_backup,
    is_complete,
    iterate_backups,
    list_backup_folders,
    make_key_fingerprint,
    open_pool,
    read_backup,
    write_manifest,
)
from collections_app.services.backup.rows import count_rows, list_saved_models, write_table
from collections_app.services.backup.snapshot import open_snapshot
from collections_app.services.backup.stored_files import (
    FileCopier,
    FileCounts,
    count_wanted,
    describe_list,
    iterate_wanted,
    make_stopped_error,
    prune_pool,
)
from collections_app.services.backup.vectors import count_vectors, write_vectors
from collections_app.services.leases import Heartbeat

HOLD_S = 300.0
_PACKAGES = ("Django", "milvus-lite", "pymilvus", "pyarrow", "transformers", "torch")


class Progress(Protocol):
    """Shows the progress: first how many of what there are, then how many more are done."""

    def begin(self, what: str, total: int) -> None: ...

    def advance(self, count: int) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeBackup:
    backup: Backup
    counts: FileCounts


@dataclass(slots=True, kw_only=True)
class _Draft:
    """A backup that is being made."""

    folder: Path
    started_at: datetime
    tables: list[TablePart] = field(default_factory=list)
    vectors: list[VectorPart] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def make_backup(folder: Path, *, progress: Progress, stop: threading.Event | None = None) -> MadeBackup:
    """Make a backup in a folder, which may hold earlier ones.

    Raises BackupFailed, BackupRunning or StorageUnavailable. The next backup then uses the files that were copied.
    """
    stop = stop or threading.Event()
    _check_folder(folder)
    try:
        with _lock_folder(folder), _hold_deletions() as check_hold:
            draft = _start_draft(folder)
            _copy_database(draft, progress, stop)
            counts = _copy_files(draft, progress, stop)
            check_hold()
            write_manifest(draft.folder, _build_manifest(draft, counts))
            return MadeBackup(backup=read_backup(draft.folder), counts=counts)
    except OSError as error:
        sentence = _("The backup could not be written to %(folder)s: %(reason)s. What was copied is kept.")
        raise BackupFailed(sentence, folder=str(folder), reason=error.strerror or str(error)) from error


def prune_backups(folder: Path, *, keep: int) -> int:
    """Delete backups that are older than the newest `keep` without problems; return how many. Then delete the files
    that no backup needs.

    With fewer backups without problems nothing is deleted, so that a site that loses its files keeps its backups.
    Raises BackupFailed, without having deleted a file that a backup needs.
    """
    with _lock_folder(folder):
        sound = [backup for backup in iterate_backups(folder) if not backup.manifest.problems]
        if keep < 1 or len(sound) < keep:
            return 0
        outdated = [each for each in list_backup_folders(folder) if each.name < sound[keep - 1].name]
        try:
            for each in outdated:
                delete_backup(each)
            prune_pool(open_pool(folder), filter(is_complete, list_backup_folders(folder)))
        except (OSError, EOFError, ValueError, zlib.error) as error:
            sentence = _("Old backups in %(folder)s could not be deleted: %(reason)s")
            raise BackupFailed(sentence, folder=str(folder), reason=str(error)) from error
        return len(outdated)


def _check_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise BackupFailed(_("There is no folder %(folder)s. Create it, or mount its drive."), folder=str(folder))
    if folder.resolve().is_relative_to(Path(settings.DATA_DIR).resolve()):
        sentence = _("%(folder)s is inside DATA_DIR, so it would be lost together with the data. Use another folder.")
        raise BackupFailed(sentence, folder=str(folder))


@contextmanager
def _lock_folder(folder: Path) -> Iterator[None]:
    lock = try_lock(folder / "backup.lock")
    if lock is None:
        raise BackupRunning(_("Another process works on the backups in %(folder)s."), folder=str(folder))
    try:
        yield
    finally:
        os.close(lock)


@contextmanager
def _hold_deletions() -> Iterator["_HoldCheck"]:
    """Keep the files of deleted rows in the block. Yield a check that raises BackupFailed if some may be lost."""
    BackupHold.objects.expired(timezone.now()).delete()
    hold = BackupHold.objects.create(until=_compute_end_of_lease())
    check = _HoldCheck(hold.pk)
    try:
        with Heartbeat(renew=check.renew, lease_s=HOLD_S):
            yield check
    finally:
        BackupHold.objects.filter(pk=hold.pk).delete()


class _HoldCheck:
    """Renews a hold, and remembers whether it was ever expired: then files may have been deleted."""

    def __init__(self, pk: int) -> None:
        self._pk = pk
        self._is_lost = False

    def renew(self) -> None:
        current = BackupHold.objects.current(timezone.now()).filter(pk=self._pk)
        if not current.update(until=_compute_end_of_lease()):
            self._is_lost = True

    def __call__(self) -> None:
        self.renew()
        if self._is_lost:
            sentence = _("The backup was interrupted for minutes, so files may be missing. Run it again.")
            raise BackupFailed(sentence)


def _compute_end_of_lease() -> datetime:
    return timezone.now() + timedelta(seconds=HOLD_S)


def _start_draft(backups: Path) -> _Draft:
    """Make the folder of a new backup, and remove those of interrupted ones. Nobody else works on them."""
    for each in list_backup_folders(backups):
        if not is_complete(each):
            delete_backup(each)
    started_at = timezone.now()
    folder = backups / f"{started_at:%Y%m%d-%H%M%S-%f}"
    folder.mkdir(mode=0o700)
    return _Draft(folder=folder, started_at=started_at)


def _copy_database(draft: _Draft, progress: Progress, stop: threading.Event) -> None:
    def advance(count: int) -> None:
        if stop.is_set():
            raise make_stopped_error()
        progress.advance(count)

    with open_snapshot() as alias:
        progress.begin("rows", count_rows(using=alias))
        for model in list_saved_models():
            draft.tables.append(write_table(model, draft.folder, using=alias, on_rows=advance))
        try:
            progress.begin("vectors", count_vectors(using=alias))
            draft.vectors = write_vectors(draft.folder, using=alias, on_vectors=advance)
        except (IndexUnavailable, EncoderError) as error:
            draft.problems.append(f"The vectors could not be read, so a restore encodes all pictures. {error}")


def _copy_files(draft: _Draft, progress: Progress, stop: threading.Event) -> FileCounts:
    copier = FileCopier(pool=open_pool(draft.folder.parent), problems=draft.problems, stop=stop)
    progress.begin("files", count_wanted(draft.tables, draft.folder))
    wanted = iterate_wanted(draft.tables, draft.folder)
    return copier.copy_all(wanted, draft.folder, on_files=progress.advance)


def _build_manifest(draft: _Draft, counts: FileCounts) -> Manifest:
    return Manifest(
        format=FORMAT,
        started_at=draft.started_at,
        finished_at=timezone.now(),
        database=connection.vendor,
        versions=_list_versions(),
        migrations=list_applied_migrations(),
        secret_key=make_key_fingerprint(settings.SECRET_KEY),
        tables=tuple(draft.tables),
        vectors=tuple(draft.vectors),
        files=describe_list(draft.folder, counts),
        file_bytes=counts.byte_size,
        problems=tuple(draft.problems),
    )


def list_applied_migrations() -> tuple[str, ...]:
    """Return the migrations of the database. Those of programs that are no longer installed are left out."""
    loader = MigrationLoader(connection)
    return tuple(
        sorted(f"{app}.{name}" for app, name in loader.applied_migrations if (app, name) in loader.graph.nodes)
    )


def _list_versions() -> dict[str, str]:
    return {package: version(package) for package in _PACKAGES}
