"""The search index over names: a table that triggers update with every change of an image or collection.

The table is derived data, so no migration creates it: apps.py rebuilds it after migrations. Django changes an SQLite
table by copying it, which drops the table's triggers and fails if a trigger of another table names it.
"""

from types import ModuleType

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from collections_app.models import Collection, Image
from collections_app.services.search.name_index import postgresql, sqlite

_DIALECTS: dict[str, ModuleType] = {"sqlite": sqlite, "postgresql": postgresql}


def ensure_name_index(*, using: str) -> None:
    """Build the index unless all its triggers exist, which keep it up to date."""
    if _has_triggers(using) or not _has_tables(using):
        return
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        for statement in _get_dialect(using).REBUILD:
            cursor.execute(statement)


def register_functions(connection: BaseDatabaseWrapper) -> None:
    """Add the functions that the triggers need to a new connection. PostgreSQL stores its functions."""
    if connection.vendor == "sqlite":
        sqlite.add_token_function(connection)


def drop_name_triggers(*, using: str) -> None:
    """Drop the triggers. Call this before migrations change tables."""
    if not _has_tables(using):
        return
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        for statement in _get_dialect(using).DROP_TRIGGERS:
            cursor.execute(statement)


def _has_triggers(using: str) -> bool:
    dialect = _get_dialect(using)
    with connections[using].cursor() as cursor:
        cursor.execute(dialect.LIST_TRIGGERS)
        return set(dialect.TRIGGERS) <= {name for (name,) in cursor.fetchall()}


def _has_tables(using: str) -> bool:
    """Return whether the tables exist, which the first migration creates."""
    tables = connections[using].introspection.table_names()
    return {Image._meta.db_table, Collection._meta.db_table} <= set(tables)


def _get_dialect(using: str) -> ModuleType:
    return _DIALECTS[connections[using].vendor]
