"""The worker unpacks stored ZIP files: rights, interruptions, a storage that fails, and the clean-up."""

import io
import threading
import uuid
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, default_storage
from django.utils import timezone
from pytest_django import Settings

from collections_app.errors import StorageUnavailable, TooManyArchives
from collections_app.models import ArchiveImport, Collection, Image, Membership, PendingFile, Role, Team, User
from collections_app.services.library.collections import create_collection
from collections_app.services.maintenance import run_maintenance
from collections_app.services.uploads.archives import claim_archive, store_archive
from collections_app.services.uploads.unpacking import MAX_ENTRY_ATTEMPTS, ArchiveUnpacker
from tests.sample_team import SampleTeam, picture_bytes

pytestmark = pytest.mark.django_db(transaction=True)


class FailingStorage(FileSystemStorage):
    """A storage whose writes of pictures fail while `is_away`."""

    is_away = False

    def save(self, name: str | None, content: Any, max_length: int | None = None) -> str:
        if self.is_away and (name or "").startswith("originals/"):
            raise StorageUnavailable("The picture storage can't be reached. Try again in a minute.")
        return super().save(name, content, max_length)


@pytest.fixture
def failing_storage(settings: Settings, tmp_path: Path) -> Any:
    failing = {"BACKEND": f"{__name__}.FailingStorage", "OPTIONS": {"location": tmp_path / "uploads"}}
    settings.STORAGES = {**settings.STORAGES, "default": failing}
    yield FailingStorage
    FailingStorage.is_away = False


class StopAfter(threading.Event):
    """An event that is set after a number of checks, like a signal between two entries."""

    def __init__(self, checks: int) -> None:
        super().__init__()
        self._checks = checks

    def is_set(self) -> bool:
        self._checks -= 1
        return self._checks < 0


def zipped(count: int = 5) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(count):
            archive.writestr(f"{number}.png", picture_bytes((number, 9, 9)))
    return buffer.getvalue()


def store(sample: SampleTeam, content: bytes | None = None, uploader: User | None = None) -> ArchiveImport:
    file = ContentFile(content or zipped())
    return store_archive(file=file, name="holiday.zip", collection=sample.collection, uploader=uploader or sample.owner)


def read_counts(archive: ArchiveImport) -> tuple[str, int, int, int, int]:
    archive.refresh_from_db()
    return archive.state, archive.position, archive.added, archive.known, archive.refused


def forget_lease(archive: ArchiveImport) -> None:
    """End the lease, as for a killed worker."""
    ArchiveImport.objects.filter(pk=archive.pk).update(leased_until=timezone.now() - timedelta(seconds=1))


def test_an_archive_is_unpacked_and_its_file_deleted(sample: SampleTeam) -> None:
    archive = store(sample)
    name = archive.file_name
    assert default_storage.exists(name)
    ArchiveUnpacker().drain()
    assert read_counts(archive) == ("done", 5, 5, 0, 0)
    assert not default_storage.exists(name)
    assert archive.file_name == ""
    assert not PendingFile.objects.exists()


def test_a_stopped_worker_ends_between_two_entries_and_another_continues(sample: SampleTeam) -> None:
    archive = store(sample)
    assert ArchiveUnpacker(stop=StopAfter(2)).unpack_next()
    assert read_counts(archive) == ("waiting", 2, 2, 0, 0)
    ArchiveUnpacker().drain()
    assert read_counts(archive) == ("done", 5, 5, 0, 0)
    assert Image.objects.exclude(pk=sample.image.pk).count() == 5


def test_a_killed_worker_s_archive_is_continued_without_doubles(sample: SampleTeam) -> None:
    """The picture that was stored before the progress was is found by its bytes."""
    archive = store(sample)
    ArchiveUnpacker(stop=StopAfter(3)).unpack_next()
    ArchiveImport.objects.filter(pk=archive.pk).update(position=2, added=2)
    assert claim_archive(worker=uuid.uuid4())
    assert not ArchiveUnpacker().unpack_next()
    forget_lease(archive)
    ArchiveUnpacker().drain()
    assert read_counts(archive) == ("done", 5, 4, 1, 0)
    assert Image.objects.exclude(pk=sample.image.pk).count() == 5


def test_a_file_that_kills_the_worker_each_time_is_refused_and_the_rest_unpacked(sample: SampleTeam) -> None:
    archive = store(sample)
    for _ in range(MAX_ENTRY_ATTEMPTS):
        assert claim_archive(worker=uuid.uuid4())
        forget_lease(archive)
    ArchiveUnpacker().drain()
    assert read_counts(archive) == ("done", 5, 4, 0, 1)
    assert archive.report["rejections"] == [["The server stopped each time it read this file.", ["0.png"], 1]]


def test_a_worker_that_lost_its_lease_writes_no_progress(sample: SampleTeam) -> None:
    archive = store(sample)

    class Thief(threading.Event):
        def is_set(self) -> bool:
            ArchiveImport.objects.filter(pk=archive.pk).exclude(lease=None).update(lease=uuid.uuid4())
            return False

    ArchiveUnpacker(stop=Thief()).unpack_next()
    assert read_counts(archive)[:2] == ("running", 0)


def test_a_right_that_ended_ends_the_unpacking(sample: SampleTeam) -> None:
    archive = store(sample)
    ArchiveUnpacker(stop=StopAfter(2)).unpack_next()
    Membership.objects.filter(user=sample.owner, team=sample.team).update(role=Role.VIEWER)
    ArchiveUnpacker().drain()
    assert read_counts(archive)[:3] == ("failed", 2, 2)
    assert "may no longer add pictures" in archive.message


def test_a_deleted_collection_ends_the_unpacking(sample: SampleTeam) -> None:
    archive = store(sample)
    Collection.objects.filter(pk=sample.collection.pk).update(trashed_at=timezone.now())
    ArchiveUnpacker().drain()
    assert read_counts(archive)[:3] == ("failed", 0, 0)
    assert not default_storage.exists(archive.file_name or "none")


def test_a_closed_account_ends_the_unpacking(sample: SampleTeam) -> None:
    archive = store(sample)
    User.objects.filter(pk=sample.owner.pk).update(is_active=False)
    ArchiveUnpacker().drain()
    assert read_counts(archive)[:3] == ("failed", 0, 0)


def test_file_of_a_deleted_account_is_deleted_after_a_day(sample: SampleTeam) -> None:
    own = create_collection(team=sample.outsider.personal_team, name="Mine", creator=sample.outsider)
    file = ContentFile(zipped())
    archive = store_archive(file=file, name="a.zip", collection=own, uploader=sample.outsider)
    PendingFile.objects.update(created_at=timezone.now() - timedelta(days=2))
    run_maintenance()
    assert default_storage.exists(archive.file_name)
    sample.outsider.delete()
    run_maintenance()
    assert not default_storage.exists(archive.file_name)


def test_unpacking_waits_while_the_storage_is_away_and_says_so(failing_storage: Any, sample: SampleTeam) -> None:
    archive = store(sample)
    failing_storage.is_away = True
    ArchiveUnpacker().unpack_next()
    assert read_counts(archive) == ("waiting", 0, 0, 0, 0)
    assert "can't be stored right now" in archive.message
    with pytest.raises(StorageUnavailable):
        ArchiveUnpacker().drain()
    failing_storage.is_away = False
    ArchiveImport.objects.update(run_after=timezone.now())
    ArchiveUnpacker().drain()
    assert read_counts(archive) == ("done", 5, 5, 0, 0)
    assert archive.message == ""


def test_missing_file_ends_the_unpacking_after_some_attempts(sample: SampleTeam) -> None:
    archive = store(sample)
    default_storage.delete(archive.file_name)
    for _ in range(MAX_ENTRY_ATTEMPTS + 1):
        ArchiveUnpacker().unpack_next()
        ArchiveImport.objects.update(run_after=timezone.now())
    assert read_counts(archive)[0] == "failed"
    assert "missing from the storage" in archive.message


def test_pictures_over_the_quota_are_refused_before_they_are_decoded(sample: SampleTeam) -> None:
    """A damaged picture over the quota is refused because of the quota: it was not decoded."""
    Team.objects.filter(pk=sample.team.pk).update(max_images=3)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(2):
            archive.writestr(f"{number}.png", picture_bytes((number, 9, 9)))
        archive.writestr("damaged.png", picture_bytes("navy")[:60])
    stored = store(sample, buffer.getvalue())
    ArchiveUnpacker().drain()
    assert read_counts(stored) == ("done", 3, 2, 0, 1)
    assert "has no storage left" in stored.report["rejections"][0][0]


def test_archives_take_turns(sample: SampleTeam) -> None:
    """The worker changes to another archive after a time slice, so that a long archive does not delay others."""
    first, second = store(sample), store(sample, zipped(2))
    unpacker = ArchiveUnpacker(slice_s=0)
    unpacker.unpack_next()
    unpacker.unpack_next()
    assert read_counts(first)[1] == 1
    assert read_counts(second)[1] == 1


def test_a_person_has_a_limited_number_of_waiting_archives(sample: SampleTeam, settings: Settings) -> None:
    settings.MAX_WAITING_ARCHIVES = 2
    store(sample)
    store(sample)
    with pytest.raises(TooManyArchives, match="2 ZIP files waiting"):
        store(sample)
    ArchiveUnpacker().drain()
    store(sample)


def test_old_reports_are_deleted(sample: SampleTeam, settings: Settings) -> None:
    archive = store(sample)
    ArchiveUnpacker().drain()
    run_maintenance()
    assert ArchiveImport.objects.filter(pk=archive.pk).exists()
    ArchiveImport.objects.update(finished_at=timezone.now() - timedelta(days=settings.ARCHIVE_REPORT_DAYS + 1))
    run_maintenance()
    assert not ArchiveImport.objects.exists()
