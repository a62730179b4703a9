"""The search index over names: a table that triggers keep in step with pictures and collections, whoever writes them.

It is derived, so it is no part of the migrations' history: apps.py has it made anew after them. Django remakes a table
of SQLite to change it, which loses the table's triggers, and which fails at triggers elsewhere that name the table.
"""

from types import ModuleType

from django.db import connections, transaction

from collections_app.models import Collection, Image
from collections_app.services.search.name_index import postgresql, sqlite

_DIALECTS: dict[str, ModuleType] = {"sqlite": sqlite, "postgresql": postgresql}


def ensure_name_index(*, using: str) -> None:
    """Make and fill the index, unless all its triggers are there: then it is in step already."""
    if _is_followed(using) or not _has_pictures(using):
        return
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        for statement in _dialect(using).MAKE_ANEW:
            cursor.execute(statement)


def drop_name_triggers(*, using: str) -> None:
    """Take the triggers away, before tables are changed."""
    if not _has_pictures(using):
        return
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        for statement in _dialect(using).DROP_TRIGGERS:
            cursor.execute(statement)


def _is_followed(using: str) -> bool:
    dialect = _dialect(using)
    with connections[using].cursor() as cursor:
        cursor.execute(dialect.TRIGGERS_THERE)
        return set(dialect.TRIGGERS) <= {name for (name,) in cursor.fetchall()}


def _has_pictures(using: str) -> bool:
    """Before the first migration there are no tables to follow."""
    tables = connections[using].introspection.table_names()
    return {Image._meta.db_table, Collection._meta.db_table} <= set(tables)


def _dialect(using: str) -> ModuleType:
    return _DIALECTS[connections[using].vendor]
