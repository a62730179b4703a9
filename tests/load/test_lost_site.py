"""Two people work on a site while backups run and are killed. Then the machine is lost, and a backup is restored.

For each picture, the answers that people got before the last complete backup began, and the requests that they sent
before it ended, say where the restored site may have it. The site itself says where it is, with the checksum of its
bytes.
"""

import json
import os
import random
import shutil
import signal
import threading
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pytest_django import Settings

from collections_app.services.backup.manifest import find_latest_backup, is_complete, list_backup_folders
from tests.clock import wait_until
from tests.load.people import Library, Person, Place
from tests.processes.installation import (
    EMAIL,
    PASSWORD,
    Installation,
    Process,
    make_empty_installation,
    make_installation,
)
from tests.processes.servers import lend_servers
from tests.processes.visitor import Visitor

pytestmark = [pytest.mark.process, pytest.mark.timeout(900)]

OTHER_EMAIL = "b@example.com"
COLLECTIONS = 3
KILLED = 0.8
ACTED_AFTER_BACKUP_S = 1
MAKE_TEAM = f"""
from collections_app.services.library.collections import create_collection
other = User.objects.create_user("{OTHER_EMAIL}", "{PASSWORD}")
team = Team.objects.create(name="Family")
for user in User.objects.all():
    Membership.objects.create(team=team, user=user, role=Role.OWNER)
made = [create_collection(team=team, name=f"Year {{number}}", creator=other) for number in range({COLLECTIONS})]
print("collections", *[each.pk for each in made])
"""
SHOW_PICTURES = """
import hashlib, json
from collections_app.models import Image
for image in Image.objects.all():
    with image.file.open("rb") as file:
        sha256 = hashlib.sha256(file.read()).hexdigest()
    print("picture", json.dumps([sha256, image.collection_id, image.trashed_at is not None]))
"""


@dataclass(slots=True, kw_only=True)
class Backups:
    """Backups of a site, most of them killed."""

    folder: Path
    site: Installation
    services: Mapping[str, str]
    counts: Counter[str] = field(default_factory=Counter)

    def make(self) -> None:
        self.site.run("backup", str(self.folder), **self.services)
        self.counts["complete backups"] += 1

    def kill_one(self, after_s: float) -> None:
        """Start a backup, and kill it a while after it has begun to write."""
        former = set(list_backup_folders(self.folder))
        process = self.site.start("backup", str(self.folder), **self.services)
        wait_until(lambda: process.poll() is not None or bool(set(list_backup_folders(self.folder)) - former))
        time.sleep(after_s)
        process.kill()
        output, _ = process.communicate()
        assert process.returncode in (0, -signal.SIGKILL), output
        is_killed = not any(is_complete(each) for each in set(list_backup_folders(self.folder)) - former)
        self.counts["killed backups" if is_killed else "complete backups"] += 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """What is left of a lost site: its backups, its secret key, and what people remember."""

    backups: Backups
    secret_key: str
    library: Library
    counts: Counter[str]


def work_until_lost(site: Installation, folder: Path, load_s: float, services: Mapping[str, str]) -> Loss:
    made = site.start_shell(MAKE_TEAM, **services).communicate()[0]
    library = Library([int(word) for word in made.split("collections ")[1].split()])
    folder.mkdir()
    backups = Backups(folder=folder, site=site, services=services)
    lost = threading.Event()
    with (site.data_dir / "log").open("w") as log:
        served = site.serve(log, **services)
        visitors = [Visitor(site.address, email=email) for email in (EMAIL, OTHER_EMAIL)]
        people = [Person(visitor, library, lost, seed) for seed, visitor in enumerate(visitors)]
        for person in people:
            person.start()
        make_and_kill_backups(backups, load_s)
        time.sleep(ACTED_AFTER_BACKUP_S)
        lost.set()
        kill_site(served)
    for person in people:
        person.join()
    assert [person.error for person in people] == [None, None]
    counts = sum((person.counts for person in people), Counter[str]()) + backups.counts
    secret_key = (site.data_dir / "secret-key").read_text()
    shutil.rmtree(site.data_dir)
    return Loss(backups=backups, secret_key=secret_key, library=library, counts=counts)


def make_and_kill_backups(backups: Backups, load_s: float) -> None:
    choices = random.Random(5)
    end = time.monotonic() + load_s
    while time.monotonic() < end or not backups.counts["killed backups"]:
        if choices.random() < KILLED:
            backups.kill_one(after_s=choices.uniform(0, 1.5))
        else:
            backups.make()
    backups.make()


def kill_site(served: Process) -> None:
    """Kill the supervisor first, so that it restarts nothing, and all of its children."""
    children = Path(f"/proc/{served.pid}/task/{served.pid}/children").read_text().split()
    for pid in (served.pid, *map(int, children)):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    served.wait()
    wait_until(lambda: not any(is_running(pid) for pid in children))


def is_running(pid: str) -> bool:
    """A process that has ended and that nobody has waited for has no command line."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return bool(Path(f"/proc/{pid}/cmdline").read_text())
    return False


def restore(loss: Loss, data_dir: Path, services: Mapping[str, str]) -> Installation:
    new = make_empty_installation(data_dir, secret_key=loss.secret_key, **services)
    began = time.monotonic()
    new.run("restore", str(loss.backups.folder), **services)
    took_s = time.monotonic() - began
    counts = ", ".join(f"{count} {name}" for name, count in sorted(loss.counts.items()))
    print(f"\n{counts}; restored in {took_s:.1f} s")
    new.run("verify", "--deep", **services)
    new.run("reindex", "--check", "--deep", **services)
    return new


def read_places(site: Installation, services: Mapping[str, str]) -> dict[str, Place]:
    """Return the place of each picture, by the SHA-256 of the bytes that the storage has."""
    lines = site.shell(SHOW_PICTURES, **services).splitlines()
    found = [json.loads(line.split(maxsplit=1)[1]) for line in lines if line.startswith("picture ")]
    return {sha256: Place(collection=collection, is_trashed=is_trashed) for sha256, collection, is_trashed in found}


def assert_nothing_is_lost(loss: Loss, places: dict[str, Place]) -> None:
    backup = find_latest_backup(loss.backups.folder)
    assert backup
    span = (backup.manifest.started_at.timestamp(), backup.manifest.finished_at.timestamp())
    possible = {each.sha256: each.list_possible_places(*span) for each in loss.library.pictures}
    wrong = {sha256: places.get(sha256) for sha256 in possible if places.get(sha256) not in possible[sha256]}
    certain = sum(len(each) == 1 for each in possible.values())
    print(f"{len(places)} pictures restored; the place of {certain} of {len(possible)} uploaded ones was certain")
    assert wrong == {}
    assert set(places) <= set(possible)
    assert any(None not in each for each in possible.values())


def assert_people_use_the_site(site: Installation, services: Mapping[str, str]) -> None:
    with (site.data_dir / "log").open("w") as log:
        served = site.serve(log, WEB_WORKERS="1", **services)
    try:
        for email in (EMAIL, OTHER_EMAIL):
            visitor = Visitor(site.address, email=email)
            assert visitor.search("a dog") == 200
            assert visitor.upload(1) in (200, 201)
    finally:
        kill_site(served)


def test_site_lost_under_load_is_restored(tmp_path: Path, load_s: float) -> None:
    site = make_installation(tmp_path / "site")
    loss = work_until_lost(site, tmp_path / "backups", load_s, {})

    new = restore(loss, tmp_path / "new", {})

    assert_nothing_is_lost(loss, read_places(new, {}))
    assert_people_use_the_site(new, {})


@pytest.mark.server
@pytest.mark.django_db
def test_site_on_servers_lost_under_load_is_restored(
    settings: Settings, milvus_uri: str, tmp_path: Path, load_s: float
) -> None:
    with lend_servers(settings, milvus_uri) as services:
        site = make_installation(tmp_path / "site", **services)
        loss = work_until_lost(site, tmp_path / "backups", load_s, services)

    with lend_servers(settings, milvus_uri) as services:
        new = restore(loss, tmp_path / "new", services)

        assert_nothing_is_lost(loss, read_places(new, services))
        assert_people_use_the_site(new, services)
