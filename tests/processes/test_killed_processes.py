"""Processes are killed at random moments, and some run concurrently: database and index agree in the end."""

import random
import re
import signal
import time
from pathlib import Path

import pytest

from tests.processes.conftest import PICTURES, write_pictures
from tests.processes.installation import EMAIL, Installation, Process, finish

pytestmark = pytest.mark.process

KILLS = 10
# Enough for an import that is killed ten times.
MANY_PICTURES = 120
KILLED_UPLOAD = """
import os
from django.db.models.signals import post_save
from collections_app.models import *
from collections_app.services.library.collections import create_collection
from collections_app.services.uploads.ingest import ingest_upload
user = User.objects.get(email="{}")
collection = create_collection(team=user.personal_team, name="Mine", creator=user)
post_save.connect(lambda **_: os._exit(9), sender=Image, weak=False)
ingest_upload(file=open("{}", "rb"), file_name="a.png", collection=collection, uploader=user)
"""
YESTERDAY = """
from datetime import timedelta
from django.db.models import F
PendingFile.objects.update(created_at=F("created_at") - timedelta(days=1))
"""


def kill(process: Process) -> str:
    process.kill()
    return process.communicate()[0]


def count_files(installation: Installation) -> int:
    return sum(path.is_file() for path in (installation.data_dir / "uploads" / "originals").rglob("*"))


def test_concurrent_imports_worker_and_rebuilds_end_in_agreement(installation: Installation, folder: Path) -> None:
    at_once = [
        installation.import_pictures(folder),
        installation.start("index_worker", "--drain"),
        installation.start("reindex", "--all"),
        installation.start("reindex", "--all"),
    ]
    for process in at_once:
        finish(process)
    installation.run("index_worker", "--drain")

    installation.run("reindex", "--check")
    assert installation.count_indexed() == PICTURES


def test_killed_rebuild_continues(installation: Installation, folder: Path) -> None:
    finish(installation.import_pictures(folder))
    installation.run("index_worker", "--drain")
    installation.run("reindex", "--all", "--no-wait")
    rebuild = installation.start("reindex", "--all")
    while installation.count("indexjob") == PICTURES:
        assert rebuild.poll() is None
        time.sleep(0.01)
    kill(rebuild)
    installation.end_leases()

    assert "Continuing it" in installation.run("reindex", "--all")

    installation.run("reindex", "--check")


def test_repeatedly_killed_import_and_site_lose_nothing(installation: Installation, folder: Path) -> None:
    """Whatever an import had acknowledged is there and becomes searchable; the last run completes it."""
    write_pictures(folder, range(PICTURES, MANY_PICTURES))
    moments = random.Random(7)
    for _ in range(KILLS):
        processes = [installation.import_pictures(folder), installation.start("index_worker")]
        time.sleep(moments.uniform(1, 4))
        moments.shuffle(processes)
        for process in processes:
            kill(process)
    installation.end_leases()
    before = installation.count("image")

    summary = finish(installation.import_pictures(folder))

    imported, known = map(int, re.findall(r"(\d+) (?:imported|already)", summary))
    assert (imported + known, known) == (MANY_PICTURES, before)
    installation.run("index_worker", "--drain")
    installation.run("reindex", "--check")
    assert installation.count_indexed() == MANY_PICTURES


def test_interrupted_import_keeps_its_progress_and_says_so(installation: Installation, folder: Path) -> None:
    process = installation.import_pictures(folder)
    while not installation.count("image"):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)

    assert process.returncode == 130
    assert "Imported pictures are kept" in output
    assert 0 < installation.count("image") == count_files(installation) <= PICTURES


def test_files_of_a_killed_upload_are_removed_after_a_day(installation: Installation, folder: Path) -> None:
    """Killed by itself, where it hurts most: the file is stored, the row is not committed."""
    process = installation.start("shell", "--no-imports", "-c", KILLED_UPLOAD.format(EMAIL, next(folder.iterdir())))
    assert process.wait(timeout=200) == 9
    assert (count_files(installation), installation.count("image")) == (1, 0)

    installation.shell(
        f"from collections_app.services.maintenance import run_maintenance\n{YESTERDAY}\nrun_maintenance()"
    )
    assert (count_files(installation), installation.count("pendingfile")) == (0, 0)
