"""Preparing the database and the static files when `serve` starts. Of several processes that start, one does it."""

import os
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from collections_app.index.file_locks import try_lock

# An arbitrary number that names the lock within the database.
MIGRATION_LOCK = 7_203_117_264
_POLL_S = 0.5


def prepare_site(*, stop: threading.Event, report: Callable[[str], object]) -> bool:
    """Migrate the database and collect the static files. Other processes of the installation wait meanwhile.

    Returns False if `stop` is set while another process has a lock.
    """
    with ExitStack() as held:
        if not _wait_for(lambda: _lock_data_dir(held), stop, report):
            return False
        if connections[DEFAULT_DB_ALIAS].vendor == "postgresql":
            # A session of its own: the lock lasts until the session ends.
            session = connections.create_connection(DEFAULT_DB_ALIAS)
            held.callback(session.close)
            if not _wait_for(lambda: _lock_database(session), stop, report):
                return False
        call_command("migrate", interactive=False, verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
    return True


def _wait_for(take_lock: Callable[[], bool], stop: threading.Event, report: Callable[[str], object]) -> bool:
    """Return True with the lock, or False if `stop` is set first."""
    if take_lock():
        return True
    report("Another process is preparing the database. Waiting for it.")
    while not stop.wait(_POLL_S):
        if take_lock():
            return True
    return False


def _lock_data_dir(held: ExitStack) -> bool:
    """Lock the database of SQLite and the static files, which are in DATA_DIR."""
    descriptor = try_lock(Path(settings.DATA_DIR) / "start.lock")
    if descriptor is None:
        return False
    held.callback(os.close, descriptor)
    return True


def _lock_database(session: BaseDatabaseWrapper) -> bool:
    """Try, and do not wait in PostgreSQL: an index that is built concurrently would wait for the waiting statement."""
    with session.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [MIGRATION_LOCK])
        (is_locked,) = cursor.fetchone()
    return bool(is_locked)
