"""The commands `backup` and `restore`: what they print, and how they exit."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from pytest_django import Settings

from collections_app.models import UnfinishedRestore
from collections_app.services.indexing.worker import IndexWorker
from tests.sample_team import SampleTeam, put_pictures
from tests.services.backup.sites import lose_everything

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def own_data_folder(settings: Settings, tmp_path: Path) -> None:
    """Give each test its own lock of restores, because tests run at once."""
    settings.DATA_DIR = tmp_path / "data"
    settings.DATA_DIR.mkdir()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "backups"
    folder.mkdir()
    return folder


def run(*words: str) -> str:
    out, err = StringIO(), StringIO()
    code: object = 0
    try:
        call_command(*words, stdout=out, stderr=err)
    except SystemExit as stop:
        code = stop.code
    return f"{out.getvalue()}{err.getvalue()}exit {code}"


def test_backup_and_restore_say_what_they_did(
    sample: SampleTeam, folder: Path, settings: Settings, tmp_path: Path
) -> None:
    IndexWorker().drain()
    put_pictures(sample, 2)

    told = run("backup", str(folder), "--keep", "3")

    assert "3 files (" in told
    assert "1 vectors." in told
    assert "Older backups deleted: 0\nexit 0" in told
    lose_everything(settings, tmp_path)

    told = run("restore", str(folder))

    assert "3 files, 1 vectors." in told
    assert "Pictures to encode: 2\nImages: 3, vectors: 3\nexit 0" in told
    assert not UnfinishedRestore.objects.exists()
    assert "exit 0" in run("verify", "--deep")


def test_lost_file_is_named_by_backup_and_restore(
    sample: SampleTeam, folder: Path, settings: Settings, tmp_path: Path
) -> None:
    put_pictures(sample, 1)
    default_storage.delete(sample.image.file_name)
    told = run("backup", str(folder))
    assert f"The file {sample.image.file_name} is missing from the storage." in told
    assert "exit 1" in told
    lose_everything(settings, tmp_path)

    told = run("restore", str(folder))

    assert f"At the time of the backup: The file {sample.image.file_name} is missing" in told
    assert "exit 1" in told


def test_backup_needs_a_folder(sample: SampleTeam, settings: Settings, folder: Path) -> None:
    settings.BACKUP_DIR = None
    with pytest.raises(CommandError, match="Name a folder, or set BACKUP_DIR"):
        run("backup")

    settings.BACKUP_DIR = folder
    assert "exit 0" in run("backup")


@pytest.mark.parametrize("keep", ["0", "-1", "all"])
def test_at_least_one_backup_is_kept(keep: str, sample: SampleTeam, folder: Path) -> None:
    with pytest.raises(CommandError, match="a whole number from 1 on"):
        run("backup", str(folder), f"--keep={keep}")


def test_restore_says_how_to_continue(sample: SampleTeam, folder: Path) -> None:
    run("backup", str(folder))
    with pytest.raises(CommandError, match="This installation is not empty"):
        run("restore", str(folder))
    with pytest.raises(CommandError, match="There is no backup 20200101-000000-000000"):
        run("restore", str(folder), "--backup", "20200101-000000-000000")
