"""The daily backup of the index worker's process."""

import threading
from datetime import datetime, time, timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from collections_app.services.backup.manifest import find_latest_backup, iterate_backups
from collections_app.services.backup.schedule import ScheduledBackups, is_backup_due
from tests.sample_team import SampleTeam

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def folder(tmp_path: Path, settings: Settings) -> Path:
    folder = tmp_path / "backups"
    folder.mkdir()
    settings.BACKUP_DIR, settings.BACKUP_AT, settings.BACKUP_KEEP = folder, time(3, 30), 2
    return folder


def make_due() -> None:
    ScheduledBackups(stop=threading.Event()).make_due()


def tomorrow_at(hour: int, minute: int) -> datetime:
    day = timezone.localtime() + timedelta(days=1)
    return day.replace(hour=hour, minute=minute)


def test_backup_is_due_once_a_day(sample: SampleTeam, folder: Path) -> None:
    assert is_backup_due(timezone.localtime())
    make_due()
    first = find_latest_backup()
    assert first
    make_due()

    assert find_latest_backup() == first
    assert not is_backup_due(timezone.localtime())
    assert is_backup_due(tomorrow_at(3, 31))


def test_nothing_is_due_without_a_time(sample: SampleTeam, folder: Path, settings: Settings) -> None:
    settings.BACKUP_AT = None
    make_due()
    assert find_latest_backup() is None


def test_old_backups_are_deleted(sample: SampleTeam, folder: Path, settings: Settings) -> None:
    for minutes in (1, 2, 3):
        settings.BACKUP_AT = (timezone.localtime() + timedelta(minutes=minutes - 5)).time()
        for backup in iterate_backups(folder):
            age(backup.folder)
        make_due()
    assert len(list(iterate_backups(folder))) == 2


def test_missing_drive_is_tried_again_only_later(sample: SampleTeam, folder: Path) -> None:
    folder.rmdir()
    schedule = ScheduledBackups(stop=threading.Event())
    schedule.make_due()
    folder.mkdir()
    schedule.make_due()

    assert find_latest_backup() is None


def age(folder: Path) -> None:
    """Make a backup a day older."""
    manifest = folder / "manifest.json"
    today = timezone.now().date()
    manifest.write_text(manifest.read_text().replace(f"{today}", f"{today - timedelta(days=1)}"))
