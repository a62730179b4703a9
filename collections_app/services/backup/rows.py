"""The rows of a site as JSON lines, one compressed file for each table: the same from and for all databases.

A copy in the database's own format would be tied to it. Left out is what follows from other rows (totals, the index of
names, index jobs), and what must not come back: sessions, mail that was probably sent meanwhile, uploaded examples,
exports that owners requested, a pause of indexing, checks of the index. The first line of a file has the names of the
fields.
"""

import base64
import gzip
import json
from collections.abc import Callable, Iterator
from datetime import date, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

from allauth.usersessions.models import UserSession
from django.apps import apps
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db import DatabaseError, connection, connections, models

from collections_app.errors import RestoreFailed
from collections_app.errors import gettext_noop as _
from collections_app.models import (
    BackupHold,
    Example,
    ExportPart,
    ImageMonth,
    ImageTotal,
    IndexAudit,
    IndexingPause,
    IndexJob,
    IndexModel,
    IndexPartition,
    OutgoingMail,
    TagTotal,
    TeamExport,
    UnfinishedRestore,
)
from collections_app.models.concurrent_writes import quote_column
from collections_app.services.backup.manifest import TablePart, describe_part

Model = type[models.Model]
Field = models.Field[Any, Any]

_DERIVED: frozenset[Model] = frozenset({ImageTotal, ImageMonth, TagTotal})
_PASSING: frozenset[Model] = frozenset(
    {
        BackupHold,
        Example,
        ExportPart,
        IndexAudit,
        IndexingPause,
        IndexJob,
        IndexPartition,
        OutgoingMail,
        Session,
        TeamExport,
        UnfinishedRestore,
        UserSession,
    }
)
# Migrations and the first start of a site fill these tables, so an empty installation has rows in them.
PREFILLED: tuple[Model, ...] = (Permission, ContentType, IndexModel)
_CHUNK_SIZE = 1000
# Most of what gzip saves, in a third of the time of its default.
_COMPRESSION = 3


def list_saved_models() -> list[Model]:
    """Return all models whose rows a backup contains, those that apps of later versions add included."""
    managed = (model for model in apps.get_models(include_auto_created=True) if model._meta.managed)
    return [model for model in managed if not model._meta.proxy and model not in _DERIVED | _PASSING]


def count_rows(*, using: str) -> int:
    return sum(model._base_manager.using(using).count() for model in list_saved_models())


def write_table(model: Model, folder: Path, *, using: str, on_rows: Callable[[int], object]) -> TablePart:
    """Write the rows of a model below the folder of a backup. Calls `on_rows` with the number of rows written."""
    path = folder / "rows" / f"{model._meta.label_lower}.jsonl.gz"
    path.parent.mkdir(exist_ok=True)
    names = [field.attname for field in _list_fields(model)]
    rows = model._base_manager.using(using).order_by("pk").values_list(*names).iterator(chunk_size=_CHUNK_SIZE)
    count = 0
    with gzip.open(path, "wt", compresslevel=_COMPRESSION) as file:
        file.write(f"{json.dumps(names)}\n")
        while chunk := list(islice(rows, _CHUNK_SIZE)):
            file.writelines(f"{json.dumps(list(map(_encode, row)))}\n" for row in chunk)
            count += len(chunk)
            on_rows(len(chunk))
    return TablePart(
        **describe_part(folder, path, count), model=model._meta.label_lower, last_id=_read_last_id(model, using)
    )


def iterate_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a file, with their values as they are written in it."""
    with gzip.open(path, "rt") as file:
        names = json.loads(next(file))
        yield from (dict(zip(names, json.loads(line), strict=True)) for line in file)


def load_table(part: TablePart, folder: Path, *, on_rows: Callable[[int], object]) -> None:
    """Insert the rows of a file, with their ids. Raises RestoreFailed if the database refuses a row."""
    model: Model = apps.get_model(part.model)
    fields = _list_fields(model)
    marks = ", ".join(["%s"] * len(fields))
    table, columns = connection.ops.quote_name(model._meta.db_table), ", ".join(map(quote_column, fields))
    insert = f"INSERT INTO {table} ({columns}) VALUES ({marks})"  # noqa: S608
    rows = iterate_rows(folder / part.path)
    read = partial(_read_row, fields)
    try:
        with connection.cursor() as cursor:
            while chunk := [read(row) for row in islice(rows, _CHUNK_SIZE)]:
                cursor.executemany(insert, chunk)
                on_rows(len(chunk))
    except (DatabaseError, KeyError, ValueError) as error:
        sentence = _("The rows of %(model)s cannot be stored in this database: %(reason)s")
        raise RestoreFailed(sentence, model=part.model, reason=str(error).strip()) from error
    _set_last_id(model, part.last_id)


def empty_prefilled_tables() -> None:
    """Delete the rows of an empty installation. Call this in the transaction that loads those of a backup."""
    with connection.cursor() as cursor:
        for model in PREFILLED:
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(model._meta.db_table)}")  # noqa: S608


def _list_fields(model: Model) -> list[Field]:
    return [field for field in model._meta.concrete_fields if not field.generated]


def _encode(value: Any) -> Any:
    """Return what JSON can store. `to_python` of the value's field reads it, with every digit."""
    if value is None or isinstance(value, bool | int | float | str | list | dict):
        return value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(value).decode()
    raise TypeError(f"Backups cannot store values of {type(value)}.")


def _read_row(fields: list[Field], row: dict[str, Any]) -> list[Any]:
    return [_prepare(field, row[field.attname]) for field in fields]


def _prepare(field: Field, value: Any) -> Any:
    """Return the parameter for a value of the file. A JSON field without NULL stores None as JSON."""
    if value is None and isinstance(field, models.JSONField) and not field.null:
        return field.get_db_prep_value(None, connection)
    return field.get_db_prep_save(field.to_python(value), connection)


def _read_last_id(model: Model, using: str) -> int:
    """Return the last id that the table has given, so that a restored site does not give it to another row."""
    key = model._meta.auto_field
    if key is None:
        return 0
    database = connections[using]
    with database.cursor() as cursor:
        if database.vendor == "sqlite":
            cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [model._meta.db_table])
            return int((cursor.fetchone() or [0])[0])
        sequence = _get_sequence(cursor, model)
        cursor.execute(f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {sequence}")  # noqa: S608
        return int(cursor.fetchone()[0])


def _set_last_id(model: Model, last_id: int) -> None:
    if model._meta.auto_field is None:
        return
    last_id = max(last_id, model._base_manager.aggregate(last=models.Max("pk"))["last"] or 0)
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            table = model._meta.db_table
            cursor.execute("DELETE FROM sqlite_sequence WHERE name = %s", [table])
            cursor.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", [table, last_id])
        elif last_id:
            cursor.execute("SELECT setval(%s, %s)", [_get_sequence(cursor, model), last_id])


def _get_sequence(cursor: Any, model: Model) -> str:
    key = model._meta.auto_field
    cursor.execute("SELECT pg_get_serial_sequence(%s, %s)", [model._meta.db_table, key and key.column])
    return str(cursor.fetchone()[0])
