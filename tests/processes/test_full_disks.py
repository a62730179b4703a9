"""A full disk gives a sentence, loses nothing, and the same action succeeds once there is room."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clock import wait_until
from tests.processes.conftest import write_pictures
from tests.processes.installation import (
    EMAIL,
    Installation,
    Process,
    finish,
    make_empty_installation,
    make_installation,
)
from tests.processes.small_disk import SmallDisk, mount_small_disk
from tests.processes.visitor import Visitor

pytestmark = pytest.mark.process

PICTURES = 12
NO_ROOM = (
    "The database can't be read or written",
    "CommandError: The search index can't be read or written",
    "CommandError: The files could not be restored",
)
NOT_STORED = ("Pictures can't be stored right now", "The database is busy, full or unavailable")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with mount_small_disk(tmp_path / "disk", megabytes=128) as disk:
        yield disk


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "few pictures"
    folder.mkdir()
    write_pictures(folder, range(PICTURES))
    return folder


@pytest.fixture
def filled_installation(installation: Installation, pictures: Path) -> Installation:
    """An installation with pictures in the index, on a disk with room."""
    finish(installation.import_pictures(pictures))
    installation.run("index_worker", "--drain")
    return installation


def read_refusal(process: Process) -> str:
    """Return the last line of a command that fails and does not crash. The store logs its errors above it."""
    output, _ = process.communicate(timeout=200)
    assert process.returncode == 1, output
    assert 'manage.py", line' not in output
    return output.splitlines()[-1]


def assert_whole(installation: Installation) -> None:
    installation.run("verify", "--deep")
    installation.run("reindex", "--check")
    assert installation.count_indexed() == PICTURES


def test_upload_to_a_full_disk(disk: SmallDisk) -> None:
    site = make_installation(disk.folder / "data")
    served = site.serve(WEB_WORKERS="1")
    visitor = Visitor(site.address)
    first = visitor.submit("/upload/", files={"files": ("1.png", visitor.picture(1))}, new_name="Mine")
    assert first.status_code == 201
    wait_until(lambda: site.count_indexed() == 1)
    assert visitor.search("a dog") == 200

    disk.fill()

    refused = visitor.submit("/upload/", files={"files": ("2.png", visitor.picture(2))}, new_name="Mine")
    assert refused.status_code == 503
    assert refused.json()["error"].startswith(NOT_STORED)
    kept = visitor.session.get(f"{site.address}/images/{first.json()['id']}/file/", timeout=60)
    assert kept.content == visitor.picture(1)

    disk.empty()

    assert visitor.upload(2) == 201
    wait_until(lambda: site.count_indexed() == 2)
    assert visitor.search("a dog") == 200
    served.terminate()
    served.communicate(timeout=60)
    site.run("verify", "--deep")


@pytest.mark.parametrize("left_bytes", [0, 200_000])
def test_index_batch_on_a_full_disk(left_bytes: int, disk: SmallDisk, pictures: Path) -> None:
    site = make_installation(disk.folder / "data")
    finish(site.import_pictures(pictures))
    disk.fill(left_bytes=left_bytes)

    assert read_refusal(site.start("index_worker", "--drain")).startswith(NO_ROOM)

    disk.empty()
    site.end_leases()
    site.run("index_worker", "--drain")
    assert_whole(site)


def test_backup_to_a_full_disk(disk: SmallDisk, filled_installation: Installation, tmp_path: Path) -> None:
    backups = disk.folder / "backups"
    backups.mkdir()
    filled_installation.run("backup", str(backups))
    disk.fill(left_bytes=20_000)

    refusal = read_refusal(filled_installation.start("backup", str(backups)))

    assert "No space left on device" in refusal
    assert "Earlier backups are unchanged." in refusal
    secret_key = (filled_installation.data_dir / "secret-key").read_text()
    new = make_empty_installation(tmp_path / "new", secret_key=secret_key)
    new.run("restore", str(backups))
    assert_whole(new)
    disk.empty()
    assert "Backup" in filled_installation.run("backup", str(backups))


def test_backup_of_a_site_on_a_full_disk(disk: SmallDisk, pictures: Path, tmp_path: Path) -> None:
    """It cannot note in the database that it runs."""
    site = make_installation(disk.folder / "data")
    finish(site.import_pictures(pictures))
    site.run("index_worker", "--drain")
    backups = tmp_path / "backups"
    backups.mkdir()
    disk.fill()

    assert read_refusal(site.start("backup", str(backups))).startswith(NO_ROOM)

    disk.empty()
    assert "Backup" in site.run("backup", str(backups))
    assert_whole(site)


@pytest.mark.parametrize("left_bytes", [0, 400_000])
def test_restore_to_a_full_disk(
    left_bytes: int, disk: SmallDisk, filled_installation: Installation, tmp_path: Path
) -> None:
    backups = tmp_path / "backups"
    backups.mkdir()
    filled_installation.run("backup", str(backups))
    secret_key = (filled_installation.data_dir / "secret-key").read_text()
    new = make_empty_installation(disk.folder / "new", secret_key=secret_key)
    disk.fill(left_bytes=left_bytes)

    assert read_refusal(new.start("restore", str(backups))).startswith(NO_ROOM)

    disk.empty()
    new.run("restore", str(backups))
    assert_whole(new)


def test_export_to_a_full_disk(disk: SmallDisk, filled_installation: Installation, tmp_path: Path) -> None:
    team = filled_installation.shell(f"print('team', User.objects.get(email='{EMAIL}').personal_team.pk)").split()[-1]
    target = disk.folder / "export"
    disk.fill(left_bytes=20_000)

    refusal = read_refusal(filled_installation.start("export_team", team, str(target)))

    assert "No space left on device" in refusal
    assert not target.exists()
    disk.empty()
    filled_installation.run("export_team", team, str(target))
    assert len(list(target.rglob("*.png"))) == PICTURES
