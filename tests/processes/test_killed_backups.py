"""Backups that are killed at random moments while people work; then the whole installation is lost and restored."""

import random
import shutil
import time
from pathlib import Path

import pytest

from tests.processes.conftest import PICTURES, write_pictures
from tests.processes.installation import Installation, finish, make_empty_installation
from tests.processes.test_killed_processes import kill

pytestmark = pytest.mark.process

KILLS = 4
# Moves, trashes and deletes pictures until it is killed.
BUSY_PERSON = """
import itertools, random, time
from collections_app.services.library.collections import create_collection
from collections_app.services.library.images import move_images
from collections_app.services.library.trash import purge_trash, trash_images
user = User.objects.get()
targets = [*Collection.objects.all(), create_collection(team=user.personal_team, name="{name}", creator=user)]
choices = random.Random("{name}")
while True:
    images = list(Image.objects.not_trashed().values_list("pk", flat=True))
    for pk in choices.sample(images, min(3, len(images))):
        move_images(images=Image.objects.filter(pk=pk), target=choices.choice(targets))
    trash_images(images=Image.objects.filter(pk__in=choices.sample(images, min(1, len(images)))), trasher=user)
    purge_trash(images=Image.objects.trashed())
    time.sleep(0.3)
"""
SHOW_SHA256 = "print('known', *Image.objects.values_list('sha256', flat=True))"


def read_pictures(installation: Installation) -> set[str]:
    line = next(line for line in installation.shell(SHOW_SHA256).splitlines() if line.startswith("known"))
    return set(line.split()[1:])


def test_site_that_is_lost_after_killed_backups_is_restored(
    installation: Installation, folder: Path, tmp_path: Path
) -> None:
    backups = tmp_path / "backups"
    backups.mkdir()
    finish(installation.import_pictures(folder))
    more = tmp_path / "more"
    more.mkdir()
    write_pictures(more, range(PICTURES, 4 * PICTURES))
    busy = [
        installation.start("index_worker"),
        installation.import_pictures(more),
        installation.start_shell(BUSY_PERSON.format(name="Ann")),
        installation.start_shell(BUSY_PERSON.format(name="Bea")),
    ]
    moments = random.Random(11)
    for _ in range(KILLS):
        process = installation.start("backup", str(backups))
        time.sleep(moments.uniform(2, 5))
        kill(process)
    before = read_pictures(installation)

    told = installation.run("backup", str(backups))

    after = read_pictures(installation)
    for process in busy:
        kill(process)
    secret_key = (installation.data_dir / "secret-key").read_text()
    shutil.rmtree(installation.data_dir)
    new = make_empty_installation(tmp_path / "new", secret_key=secret_key)
    new.run("restore", str(backups))
    new.run("verify", "--deep")
    new.run("reindex", "--check", "--deep")
    # No picture is imported twice, so what was there before and after the backup was there when it began.
    assert before & after <= read_pictures(new), told
    assert "Backup" in told


def is_restored(installation: Installation) -> bool:
    """Return whether a restore has ended; it may have been killed afterwards, on its way out."""
    return installation.count("user") > 0 and installation.count("unfinishedrestore") == 0


def test_killed_restore_continues(installation: Installation, folder: Path, tmp_path: Path) -> None:
    backups = tmp_path / "backups"
    backups.mkdir()
    finish(installation.import_pictures(folder))
    installation.run("index_worker", "--drain")
    installation.run("backup", str(backups))
    secret_key = (installation.data_dir / "secret-key").read_text()
    new = make_empty_installation(tmp_path / "new", secret_key=secret_key)
    moments = random.Random(3)
    for _ in range(KILLS):
        process = new.start("restore", str(backups))
        time.sleep(moments.uniform(3, 7))
        kill(process)
        if is_restored(new):
            break
    else:
        new.run("restore", str(backups))

    new.run("verify", "--deep")
    new.run("reindex", "--check")
    assert new.count_indexed() == PICTURES
