"""The worker is killed or stopped while it unpacks a ZIP file: no picture is lost or doubled."""

import random
import signal
import sqlite3
import time
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

from tests.clock import wait_until
from tests.processes.installation import EMAIL, Installation
from tests.sample_team import picture_bytes

pytestmark = pytest.mark.process

COUNT = 200
KILLS = 4
STORE = """
from django.core.files import File
from collections_app.services.library.collections import create_collection
from collections_app.services.uploads.archives import store_archive
user = User.objects.get(email="{}")
collection = create_collection(team=user.personal_team, name="Mine", creator=user)
store_archive(file=File(open("{}", "rb")), name="a.zip", collection=collection, uploader=user)
"""


@pytest.fixture
def stored(installation: Installation, tmp_path: Path) -> Installation:
    """An installation in which an archive waits."""
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(COUNT):
            archive.writestr(f"{number}.png", picture_bytes((number, 90, 200)))
    installation.shell(STORE.format(EMAIL, path))
    return installation


def end_archive_leases(installation: Installation) -> None:
    with closing(sqlite3.connect(installation.data_dir / "imagesearch.sqlite3", timeout=20)) as database:
        database.execute("UPDATE collections_app_archiveimport SET leased_until = '2000-01-01' WHERE lease IS NOT NULL")
        database.commit()


def count_originals(installation: Installation) -> int:
    return sum(path.is_file() for path in (installation.data_dir / "uploads" / "originals").rglob("*"))


def test_archive_of_a_repeatedly_killed_worker_is_unpacked_once(stored: Installation) -> None:
    chance = random.Random(7)
    for _ in range(KILLS):
        before = stored.count("image")
        worker = stored.start("index_worker")
        wait_until(lambda before=before: stored.count("image") > before)  # type: ignore[misc]
        time.sleep(chance.random() / 4)
        worker.kill()
        worker.communicate()
        end_archive_leases(stored)
        stored.end_leases()
    assert stored.count("archiveimport", "state = 'running'") == 1
    stored.run("index_worker", "--drain")

    assert stored.count("image") == COUNT
    assert stored.count("archiveimport", f"state = 'done' AND added + known = {COUNT} AND refused = 0") == 1
    assert stored.count_indexed() == COUNT
    assert count_originals(stored) - stored.count("pendingfile") <= COUNT
    stored.run("reindex", "--check")


def test_stopped_worker_ends_between_two_pictures_and_the_next_continues(stored: Installation) -> None:
    worker = stored.start("index_worker")
    wait_until(lambda: stored.count("image") > 3)
    worker.send_signal(signal.SIGTERM)
    worker.communicate(timeout=60)
    assert worker.returncode == 0
    assert stored.count("archiveimport", "state = 'waiting' AND lease IS NULL AND attempts = 0") == 1
    assert 3 < stored.count("image") < COUNT

    stored.run("index_worker", "--drain")
    assert stored.count("archiveimport", f"state = 'done' AND added = {COUNT}") == 1
    assert stored.count("image") == COUNT
