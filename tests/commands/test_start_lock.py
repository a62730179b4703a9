"""Sites that start at once on one fresh database of PostgreSQL. SQLite: tests/processes/test_starts.py."""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from django.conf import settings

from collections_app.management.start_lock import MIGRATION_LOCK
from tests.processes.installation import Installation, find_free_port, serve_at_once

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif("postgresql" not in settings.DATABASES["default"]["ENGINE"], reason="Needs PostgreSQL."),
]


@pytest.fixture
def fresh_database(db: None) -> Iterator[str]:
    """The address of an empty database on the same server."""
    name = f"fresh_{uuid.uuid4().hex}"
    address = urlsplit(os.environ["DATABASE_URL"])
    with psycopg.connect(address.geturl(), autocommit=True) as session:
        session.execute(f"CREATE DATABASE {name}".encode())
        yield address._replace(path=f"/{name}").geturl()
        session.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def make_machine(data_dir: Path) -> Installation:
    """A machine of its own: no folder in common with another."""
    data_dir.mkdir()
    return Installation(data_dir=data_dir, port=find_free_port())


def test_sites_start_at_once_on_a_fresh_database(fresh_database: str, tmp_path: Path) -> None:
    machines = [make_machine(tmp_path / name) for name in ("first", "second")]
    serve_at_once(machines, DATABASE_URL=fresh_database)


def test_site_that_waits_for_another_machine_says_so(fresh_database: str, tmp_path: Path) -> None:
    with psycopg.connect(fresh_database, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [MIGRATION_LOCK])
        process = make_machine(tmp_path / "data").start("serve", DATABASE_URL=fresh_database)
        assert process.stdout
        assert "Another process is preparing the database" in process.stdout.readline()
        (tables,) = other.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() or (1,)
        assert tables == 0
        process.terminate()
        process.communicate(timeout=60)
    assert process.returncode == 0
