"""Restoring a backup into an empty installation, also with another database, storage or index.

First all checksums are compared, then the files are stored, then the rows in one transaction, then the vectors. After
an interruption the same call continues: files that are there are skipped, and an `UnfinishedRestore` says that the rows
are. The caller then compares database and index, lets the worker encode what has no vector, and calls `end_restore`.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db import DEFAULT_DB_ALIAS, IntegrityError, connection, transaction

from collections_app.errors import RestoreFailed
from collections_app.errors import gettext_noop as _
from collections_app.index.file_locks import try_lock
from collections_app.models import Image, IndexModel, ModelState, UnfinishedRestore
from collections_app.services.backup.making import Progress, list_applied_migrations
from collections_app.services.backup.manifest import (
    Backup,
    Manifest,
    PartFile,
    find_latest_backup,
    hash_file,
    list_backup_folders,
    make_key_fingerprint,
    open_pool,
    read_backup,
)
from collections_app.services.backup.rows import (
    PREFILLED,
    empty_prefilled_tables,
    iterate_rows,
    list_saved_models,
    load_table,
)
from collections_app.services.backup.stored_files import restore_files
from collections_app.services.backup.thumbnails import make_thumbnails
from collections_app.services.backup.vectors import count_restorable, restore_vectors
from collections_app.services.indexing.model_settings import (
    describe_settings,
    has_model_of_settings,
    refuse_unprepared_model,
)
from collections_app.services.library.image_totals import drop_total_triggers, ensure_image_totals
from collections_app.services.search.name_index import drop_name_triggers, ensure_name_index
from collections_app.services.sharing.secret_encryption import encrypt_stored_secrets


def find_backup(folder: Path, *, name: str = "") -> Backup:
    """Return the backup of this name, or the newest complete one. Raises RestoreFailed."""
    if name:
        if folder / name not in list_backup_folders(folder):
            raise RestoreFailed(_("There is no backup %(name)s in %(folder)s."), name=name, folder=str(folder))
        return read_backup(folder / name)
    if latest := find_latest_backup(folder):
        return latest
    raise RestoreFailed(_("There is no complete backup in %(folder)s."), folder=str(folder))


def restore_backup(*, backup: Backup, progress: Progress, accepts_other_key: bool = False) -> int:
    """Restore files, rows, vectors and thumbnails; return how many vectors.

    Raises RestoreFailed, OSError, StorageUnavailable, IndexUnavailable or EncoderError. Call it again to continue.
    """
    with _lock_installation():
        _check_migrations(backup.manifest)
        if not accepts_other_key:
            _check_secret_key(backup.manifest)
        has_rows = _has_rows_of(backup)
        _check_parts(backup, progress)
        _check_model(backup)
        progress.begin("files", backup.manifest.files.rows)
        restore_files(backup, open_pool(backup.folder.parent), on_files=progress.advance)
        if not has_rows:
            progress.begin("rows", backup.manifest.row_count)
            _load_rows(backup, progress.advance)
        encrypt_stored_secrets()
        refuse_unprepared_model()
        progress.begin("vectors", count_restorable(backup.manifest))
        restored = restore_vectors(backup.folder, backup.manifest, on_vectors=progress.advance)
        progress.begin("thumbnails", Image.objects.indexed().count())
        make_thumbnails(Image.objects.indexed(), on_images=progress.advance)
        return restored


def end_restore() -> None:
    UnfinishedRestore.objects.all().delete()


@contextmanager
def _lock_installation() -> Iterator[None]:
    lock = try_lock(Path(settings.DATA_DIR) / "restore.lock")
    if lock is None:
        raise RestoreFailed(_("Another process restores a backup here."))
    try:
        yield
    finally:
        os.close(lock)


def _check_migrations(manifest: Manifest) -> None:
    """Rows fit the tables of the same version only."""
    here = set(list_applied_migrations())
    there = set(manifest.migrations)
    if missing := sorted(there - here):
        sentence = _(
            "The backup has the migration %(name)s, which this database lacks. Run manage.py migrate, or install the "
            "version of imagesearch that made the backup."
        )
        raise RestoreFailed(sentence, name=missing[-1])
    if further := sorted(here - there):
        sentence = _(
            "The backup comes from an earlier version of imagesearch, without the migration %(name)s. "
            "Restore it with that version, then update."
        )
        raise RestoreFailed(sentence, name=further[0])


def _check_secret_key(manifest: Manifest) -> None:
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    if manifest.secret_key not in map(make_key_fingerprint, keys):
        raise RestoreFailed(
            _(
                "The site of this backup had another SECRET_KEY. Set it, or copy its file secret-key to DATA_DIR. "
                "Without it, codes of authenticator apps and recovery codes do not work: then use --other-secret-key."
            )
        )


def _has_rows_of(backup: Backup) -> bool:
    """Return whether an interrupted restore of the backup has written its rows. Raises RestoreFailed for others."""
    unfinished = UnfinishedRestore.objects.first()
    if unfinished and unfinished.backup == backup.name:
        return True
    if unfinished:
        sentence = _("The restore of the backup %(name)s was interrupted here. Finish it with --backup %(name)s.")
        raise RestoreFailed(sentence, name=unfinished.backup)
    for model in list_saved_models():
        if model not in PREFILLED and model._base_manager.exists():
            sentence = _("This installation is not empty: it has rows of %(model)s. Restore into a new one.")
            raise RestoreFailed(sentence, model=model._meta.label_lower)
    return False


def _check_parts(backup: Backup, progress: Progress) -> None:
    """Compare the checksums of everything but the stored files, before anything is changed."""
    manifest = backup.manifest
    parts: tuple[PartFile, ...] = (*manifest.tables, *manifest.vectors, manifest.files)
    progress.begin("checksums", len(parts))
    for part in parts:
        path = backup.folder / part.path
        if not path.is_file():
            raise RestoreFailed(_("The backup lacks the file %(name)s."), name=part.path)
        if hash_file(path) != part.sha256:
            raise RestoreFailed(_("The file %(name)s of the backup is damaged."), name=part.path)
        progress.advance(1)


def _check_model(backup: Backup) -> None:
    """Refuse what the first start of the site would refuse: settings that name none of the kept models."""
    parts = [part for part in backup.manifest.tables if part.model == IndexModel._meta.label_lower]
    rows = [IndexModel(**row) for part in parts for row in iterate_rows(backup.folder / part.path)]
    kept = [row for row in rows if row.state != ModelState.DROPPED]
    if kept and not has_model_of_settings(kept):
        sentence = _(
            "The site of this backup uses the model %(name)s, but CLIP_MODEL is %(given)s. Set %(settings)s and "
            "restore again. To change the model, then run: manage.py model prepare %(given)s"
        )
        active = next(row for row in kept if row.state == ModelState.ACTIVE)
        values = {"name": active.name, "given": settings.CLIP_MODEL, "settings": describe_settings(active)}
        raise RestoreFailed(sentence, **values)


@transaction.atomic
def _load_rows(backup: Backup, on_rows: Callable[[int], object]) -> None:
    """Load all tables, or none. Without the triggers, which would count and name each image while it is inserted."""
    drop_name_triggers(using=DEFAULT_DB_ALIAS)
    drop_total_triggers(using=DEFAULT_DB_ALIAS)
    empty_prefilled_tables()
    for table in backup.manifest.tables:
        load_table(table, backup.folder, on_rows=on_rows)
    try:
        connection.check_constraints()
    except IntegrityError as error:
        sentence = _("The rows of the backup do not fit together: %(reason)s")
        raise RestoreFailed(sentence, reason=str(error).strip()) from error
    ensure_name_index(using=DEFAULT_DB_ALIAS)
    ensure_image_totals(using=DEFAULT_DB_ALIAS)
    UnfinishedRestore.objects.create(backup=backup.name)
    ContentType.objects.clear_cache()
