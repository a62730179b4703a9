"""A site of the first release, 0.1.0: its database and its embedded index are brought to this version.

`release_0.1.0.tar.xz` is a DATA_DIR that 0.1.0 itself wrote, with at least one row in each of its tables. Vectors of a
layout that no release wrote are tested in tests/index/test_superseded.py.
"""

import sqlite3
import tarfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.processes.installation import Installation, find_free_port

pytestmark = pytest.mark.process

RELEASE = Path(__file__).parent / "release_0.1.0.tar.xz"
SETTINGS = {"CLIP_DTYPE": "float32"}
# The site makes them again from other rows, or Django keeps them for itself.
DERIVED = ("image_names", "sqlite_", "django_migrations", "django_content_type", "auth_permission")
RENAMED_TABLES = {
    "collections_app_mark": "collections_app_relevancejudgment",
    "collections_app_distinctimages": "collections_app_duplicatedismissal",
}
RENAMED_COLUMNS = {"marked_at": "judged_at", "dead": "is_failed", "asked_at": "searched_at"}
# The first moved to a table of its own, the second is encrypted now. Both have tests below.
MOVED_COLUMNS = {("collections_app_distinctimages", "image_ids"), ("mfa_authenticator", "data")}

Rows = dict[Any, dict[str, Any]]


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder as the release left it."""
    return unpack(tmp_path_factory.mktemp("before"))


@pytest.fixture(scope="module")
def upgraded(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """The same folder after the start of this version, before anything is indexed."""
    folder = unpack(tmp_path_factory.mktemp("after"))
    installation = Installation(data_dir=folder, port=find_free_port())
    installation.run("migrate", "--no-input", **SETTINGS)
    return installation


def unpack(folder: Path) -> Path:
    with tarfile.open(RELEASE) as archive:
        archive.extractall(folder, filter="data")
    return folder


def read_tables(folder: Path) -> dict[str, Rows]:
    """Return the rows of all tables by their primary keys, and each row by its columns."""
    with closing(sqlite3.connect(folder / "imagesearch.sqlite3")) as database:
        database.row_factory = sqlite3.Row
        names = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return {name: read_rows(database, name) for (name,) in names if not name.startswith(DERIVED)}


def read_rows(database: sqlite3.Connection, table: str) -> Rows:
    columns = database.execute(f"PRAGMA table_info({table})").fetchall()
    key = next(column["name"] for column in columns if column["pk"])
    return {row[key]: dict(row) for row in database.execute(f"SELECT * FROM {table}")}


def test_every_table_of_the_release_has_rows(before: Path) -> None:
    assert [name for name, rows in read_tables(before).items() if not rows] == []


def test_every_row_and_value_is_kept(before: Path, upgraded: Installation) -> None:
    after = read_tables(upgraded.data_dir)
    lost = []
    for table, rows in read_tables(before).items():
        kept = after[RENAMED_TABLES.get(table, table)]
        for key, row in rows.items():
            for column, value in row.items():
                name = RENAMED_COLUMNS.get(column, column)
                if (table, column) not in MOVED_COLUMNS and kept.get(key, {}).get(name) != value:
                    lost.append((table, key, column, value, kept.get(key, {}).get(name)))
    assert lost == []


def test_dismissed_duplicates_and_codes_are_kept(upgraded: Installation) -> None:
    program = (
        "from allauth.mfa.models import Authenticator\n"
        "from collections_app.services.sharing.secret_encryption import decrypt_secret\n"
        "print(sorted(DuplicateDismissal.objects.get().images.values_list('pk', flat=True)))\n"
        "print(decrypt_secret(Authenticator.objects.get(type='totp').data['secret']))"
    )
    assert upgraded.shell(program, **SETTINGS).split("\n")[:2] == ["[1, 2]", "JBSWY3DPEHPK3PXP"]


def test_site_finds_the_pictures_without_encoding_them_again(before: Path, upgraded: Installation) -> None:
    """The release had prepared six pictures. One waited for the worker, and one had failed."""
    upgraded.run("index_worker", "--drain", **SETTINGS)
    states = [row["index_state"] for _, row in sorted(read_tables(upgraded.data_dir)["collections_app_image"].items())]
    assert states == [*["indexed"] * 7, "failed"]

    found = upgraded.run("search", "a white dog", "--user", "anna@example.com", "--limit", "2", **SETTINGS)
    assert "Three white dogs on the sea" in found
    assert "A white dog on the sea" in found

    upgraded.run("reindex", **SETTINGS)
    checked = upgraded.run("reindex", "--check", "--deep", **SETTINGS)
    # The release stored no checksums, so these six vectors are its own.
    assert "without a checksum           6" in checked
