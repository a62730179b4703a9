"""A site that is lost, and an empty one in its place; all rows of a database as it stores them."""

import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import connection
from pytest_django import Settings

from collections_app.index import close_index
from collections_app.services.backup.restoring import end_restore, find_backup, restore_backup
from collections_app.services.backup.verifying import verify_files, verify_index

# What a backup leaves out, and what the database says about itself.
LEFT_OUT = {
    *("collections_app_indexjob", "collections_app_example", "collections_app_outgoingmail"),
    *("collections_app_backuphold", "collections_app_unfinishedrestore", "collections_app_indexpartition"),
    *("collections_app_imagetotal", "collections_app_imagemonth", "collections_app_tagtotal"),
    *("django_session", "usersessions_usersession", "django_migrations", "cache"),
}
# The worker changes these while it encodes.
OF_THE_WORKER = {
    *("index_state", "index_model_key", "index_sha256", "index_error", "vector_checksum", "perceptual_hash"),
    "compared_at",
}
Rows = dict[str, list[dict[str, Any]]]


class Quiet:
    """Progress that nobody sees."""

    def begin(self, what: str, total: int) -> None:
        pass

    def advance(self, count: int) -> None:
        pass


def read_all_rows(*, ignored: Mapping[str, set[str]] | None = None) -> Rows:
    """Return the rows of all tables, by their names, with the values that the database has in its columns."""
    ignored = ignored or {}
    found: Rows = {}
    with connection.cursor() as cursor:
        for table in sorted(set(connection.introspection.table_names(cursor)) - LEFT_OUT):
            if table.startswith("image_names"):
                continue
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)} ORDER BY 1")
            names = [column[0] for column in cursor.description]
            left_out = ignored.get(table, set())
            found[table] = [
                {name: value for name, value in zip(names, row, strict=True) if name not in left_out}
                for row in cursor.fetchall()
            ]
    return found


def lose_everything(settings: Settings, folder: Path) -> None:
    """Begin with an empty database, other files and another index."""
    close_index()
    call_command("flush", interactive=False, verbosity=0)
    default = settings.STORAGES["default"]
    name = uuid.uuid4().hex
    place = {"location": name} if "bucket_name" in default["OPTIONS"] else {"location": folder / name}
    settings.STORAGES = {**settings.STORAGES, "default": {**default, "OPTIONS": {**default["OPTIONS"], **place}}}
    settings.EMBEDDED_STORE_DIR = folder / f"index-{name}"


def restore(folder: Path, **options: Any) -> int:
    """Restore the newest backup, without the encoding at the end; return how many vectors were restored."""
    return restore_backup(backup=find_backup(folder), progress=Quiet(), **options)


def assert_site_is_whole() -> None:
    files = verify_files(deep=True)
    assert files.is_consistent, files
    index = verify_index(deep=True)
    assert index.is_consistent, index
    end_restore()
