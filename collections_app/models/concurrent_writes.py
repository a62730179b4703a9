"""Writes that do not block other writers: many rows in a statement, many statements in chunks, and giving up early."""

import itertools
import json
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar, cast

from django.db import connection, models, transaction

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

WRITE_CHUNK_SIZE = 250
FIRST_CHUNK_SIZE = 50
_SMALLEST_CHUNK_SIZE = 10
# Aim of `write_in_chunks`. Tests and the documentation name 0.2 s as the limit, which leaves room for slow moments.
_CHUNK_S = 0.05
_LONGEST_PAUSE_S = 0.1
_LONGEST_WAIT_MS = 300


def split_into_chunks(items: Iterable[_Item], *, size: int = WRITE_CHUNK_SIZE) -> Iterator[list[_Item]]:
    """Yield lists of at most `size` items. The caller writes each list in its own transaction.

    SQLite has one writer at a time, and waiting writers retry every 0.1 s. After each chunk, this pauses for about as
    long as the chunk took, so that they find the database free. There is no pause within a transaction or on other
    databases, which lock rows.
    """
    remaining = iter(items)
    while chunk := list(itertools.islice(remaining, size)):
        started = time.monotonic()
        yield chunk
        if len(chunk) == size:
            _pause(time.monotonic() - started)


def write_in_chunks(items: Iterable[_Item], write: Callable[[list[_Item]], _Result]) -> Iterator[_Result]:
    """Call `write` for lists of items, each in its own short transaction, and yield what it returns.

    The first list has FIRST_CHUNK_SIZE items. The size of each further one follows from the time of the one before, so
    that a transaction takes about 0.05 s on any machine. It pauses like `split_into_chunks`.
    """
    remaining, size = iter(items), FIRST_CHUNK_SIZE
    while chunk := list(itertools.islice(remaining, size)):
        with transaction.atomic():
            started = time.monotonic()  # the transaction has the lock now, so that waiting for it does not count
            result = write(chunk)
        took_s = time.monotonic() - started
        yield result
        if len(chunk) == size:
            _pause(took_s)
        fitting = int(size * min(_CHUNK_S / max(took_s, 0.001), 2))
        size = min(max(fitting, _SMALLEST_CHUNK_SIZE), WRITE_CHUNK_SIZE)


def _pause(took_s: float) -> None:
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        # The random factor prevents the pauses from having the same rhythm as the retries.
        time.sleep(min(took_s, _LONGEST_PAUSE_S) * random.uniform(0.75, 1.25))


def build_row_source(
    fields: Sequence["models.Field[Any, Any]"], rows: Iterable[Sequence[Any]]
) -> tuple[str, list[Any]]:
    """Return SQL for a table "given" with the rows and the columns of the fields, and its parameters.

    The number of parameters does not depend on the number of rows, which databases limit.
    """
    prepared = [
        [field.get_db_prep_save(value, connection) for field, value in zip(fields, row, strict=True)] for row in rows
    ]
    columns = list(map(quote_column, fields))
    if connection.vendor == "sqlite":
        places = ", ".join(f"json_extract(value, '$[{place}]') AS {name}" for place, name in enumerate(columns))
        return f"(SELECT {places} FROM json_each(%s)) AS given", [json.dumps(prepared)]  # noqa: S608
    types = ", ".join(f"%s::{field.db_type(connection)}[]" for field in fields)
    values = [[row[place] for row in prepared] for place in range(len(fields))]
    return f"unnest({types}) AS given({', '.join(columns)})", values


def update_each(model: type[models.Model], fields: Sequence[str], rows: Mapping[int, Sequence[Any]]) -> None:
    """Write different values to many rows in one statement. `rows` maps ids to values in the order of `fields`.

    Django's `bulk_update` takes many times as long.
    """
    every = get_fields(model, [model._meta.pk.attname, *fields])
    source, parameters = build_row_source(every, ((pk, *values) for pk, values in rows.items()))
    table = connection.ops.quote_name(model._meta.db_table)
    key, *changed = map(quote_column, every)
    assignments = ", ".join(f"{column} = given.{column}" for column in changed)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET {assignments} FROM {source} WHERE {table}.{key} = given.{key}",  # noqa: S608
            parameters,
        )


def get_fields(model: type[models.Model], names: Iterable[str]) -> "list[models.Field[Any, Any]]":
    return [cast("models.Field[Any, Any]", model._meta.get_field(name)) for name in names]


def quote_column(field: "models.Field[Any, Any]") -> str:
    return connection.ops.quote_name(str(field.column))


@contextmanager
def give_up_when_busy() -> Iterator[None]:
    """Make writes in the block raise OperationalError if another process writes to SQLite for more than 0.3 s.

    Other databases lock rows, so there this does nothing.
    """
    if connection.vendor != "sqlite":
        yield
        return
    connection.ensure_connection()
    execute = connection.connection.execute  # the driver's call, which does not count as a statement of the page
    (usual_ms,) = execute("PRAGMA busy_timeout").fetchone()
    execute(f"PRAGMA busy_timeout = {_LONGEST_WAIT_MS}")
    try:
        yield
    finally:
        execute(f"PRAGMA busy_timeout = {usual_ms}")
