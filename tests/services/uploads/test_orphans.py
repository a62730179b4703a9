"""Files of interrupted uploads are deleted after a day, and no other files."""

import os
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone
from pytest_django import Settings

from collections_app.models import Image, IndexJob, PendingFile
from collections_app.services.maintenance import run_maintenance
from tests.sample_team import SampleTeam, put_picture
from tests.services.uploads.test_ingest import stored_files

pytestmark = pytest.mark.django_db(transaction=True)
NAME = "originals/ab/" + "ab" * 16 + ".png"
LONG_AGO = timezone.now() - timedelta(days=2)


def store_pending_file(name: str, *, days: float = 2) -> None:
    default_storage.save(name, ContentFile(b"half a picture"))
    PendingFile.objects.create(file_name=name, created_at=timezone.now() - timedelta(days=days))


def test_file_without_a_row_is_deleted_after_a_day(sample: SampleTeam) -> None:
    store_pending_file(NAME)
    run_maintenance()
    assert stored_files() == [sample.image.file_name]
    assert not PendingFile.objects.exists()


def test_recent_file_without_a_row_stays(sample: SampleTeam) -> None:
    store_pending_file(NAME, days=0.9)
    run_maintenance()
    assert default_storage.exists(NAME)


def test_file_of_a_row_stays(sample: SampleTeam) -> None:
    PendingFile.objects.create(file_name=sample.image.file_name, created_at=LONG_AGO)
    run_maintenance()
    assert default_storage.exists(sample.image.file_name)


def test_file_of_a_queued_job_is_left_to_the_job(sample: SampleTeam) -> None:
    store_pending_file(NAME)
    IndexJob.objects.enqueue_deleted({10**6: NAME})
    run_maintenance()
    assert default_storage.exists(NAME)


def test_unregistered_files_stay(sample: SampleTeam) -> None:
    for name in (NAME, "backup/of/somebody/else.png"):
        default_storage.save(name, ContentFile(b"theirs"))
    run_maintenance()
    assert default_storage.exists(NAME)
    assert default_storage.exists("backup/of/somebody/else.png")


def test_finished_upload_leaves_no_registration(sample: SampleTeam) -> None:
    put_picture(sample.collection, sample.owner, "sky.png")
    put_picture(sample.collection, sample.owner, "again.png")
    assert Image.objects.count() == 2
    assert not PendingFile.objects.exists()


def test_only_old_temporary_upload_files_are_deleted(db: None, settings: Settings, tmp_path: Path) -> None:
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path
    old, young, other = tmp_path / "a.upload.png", tmp_path / "b.upload.png", tmp_path / "notes.txt"
    for path in (old, young, other):
        path.write_bytes(b"x")
    for path in (old, other):
        os.utime(path, (time.time() - 2 * 86400,) * 2)
    run_maintenance()
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["b.upload.png", "notes.txt"]
