"""One moment of the database, read while others write."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, connections, transaction

_ALIAS = "snapshot"


@contextmanager
def open_snapshot() -> Iterator[str]:
    """Yield the alias of a connection of its own, whose reads all see the same moment. No writer waits for it."""
    snapshot = connection.copy(alias=_ALIAS)
    if connection.vendor == "sqlite":
        # IMMEDIATE, the site's mode, would lock out all writers.
        snapshot.settings_dict["OPTIONS"]["transaction_mode"] = "DEFERRED"
    connections[_ALIAS] = snapshot
    try:
        with transaction.atomic(using=_ALIAS):
            with snapshot.cursor() as cursor:
                if connection.vendor == "postgresql":
                    cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                # The moment is that of the first read.
                cursor.execute("SELECT count(*) FROM django_migrations")
            yield _ALIAS
    finally:
        snapshot.close()
        del connections[_ALIAS]
