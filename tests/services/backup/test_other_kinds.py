"""From SQLite, files and the embedded store to PostgreSQL, a bucket and a Milvus server, and back: everything is equal.

Runs with `python -m tests.with_services`, which starts PostgreSQL and the bucket.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from collections_app.services.backup.manifest import find_latest_backup
from collections_app.services.backup.rows import iterate_rows
from tests.processes.conftest import write_pictures
from tests.processes.installation import finish, make_empty_installation, make_installation
from tests.processes.servers import lend_servers

pytestmark = [pytest.mark.server, pytest.mark.process, pytest.mark.django_db, pytest.mark.timeout(600)]
PICTURES = 12
MORE_ROWS = """
from django.db.models import JSONField, Value
from collections_app.services.library.trash import trash_images
from collections_app.services.sharing.public_links import create_link
user = User.objects.get()
create_link(collection=Collection.objects.get(), creator=user)
trash_images(images=Image.objects.filter(pk__lte=3), trasher=user)
Image.objects.filter(pk__gt=3).update(tags=["sea", "Ærø"], title="Ærø")
Favourite.objects.create(user=user, image=Image.objects.first())
Image.objects.last().delete()
"""


@pytest.fixture
def services(settings: Settings, milvus_uri: str) -> Iterator[dict[str, str]]:
    """The settings of an empty installation on servers."""
    with lend_servers(settings, milvus_uri) as services:
        yield services


def read_backup_rows(folder: Path) -> dict[str, list[Any]]:
    backup = find_latest_backup(folder)
    assert backup
    return {table.model: list(iterate_rows(backup.folder / table.path)) for table in backup.manifest.tables}


def test_site_moves_to_servers_and_back(services: dict[str, str], tmp_path: Path) -> None:
    source = make_installation(tmp_path / "source")
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    write_pictures(pictures, range(PICTURES))
    finish(source.import_pictures(pictures))
    source.run("index_worker", "--drain")
    source.shell(MORE_ROWS)
    source.run("index_worker", "--drain")
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
    source.run("backup", str(first))

    secret_key = (source.data_dir / "secret-key").read_text()
    restored = make_empty_installation(tmp_path / "servers", secret_key=secret_key, **services)
    told = restored.run("restore", str(first), **services)

    assert f"{PICTURES - 1} vectors" in told
    assert "Pictures to encode: 0" in told
    restored.run("verify", "--deep", **services)
    restored.run("reindex", "--check", "--deep", **services)
    restored.run("backup", str(second), **services)
    assert json.dumps(read_backup_rows(second), sort_keys=True) == json.dumps(read_backup_rows(first), sort_keys=True)

    back = make_empty_installation(tmp_path / "back", secret_key=secret_key)
    assert "Pictures to encode: 0" in back.run("restore", str(second))
    back.run("verify", "--deep")
    back.run("reindex", "--check", "--deep")
