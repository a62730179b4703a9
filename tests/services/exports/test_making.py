"""Exports that owners request: made by the worker, one at a time, deleted in time."""

import hashlib
import shutil
import zipfile
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core import mail
from django.core.files.storage import default_storage
from django.utils import timezone, translation
from pytest_django import Settings

from collections_app.errors import LimitReached
from collections_app.models import ExportPart, ExportState, Favourite, PendingFile, TeamExport
from collections_app.services.exports.making import MAX_EXPORT_ATTEMPTS, Exporter
from collections_app.services.exports.queue import claim_export, delete_expired_exports, delete_exports, request_export
from collections_app.services.maintenance import run_maintenance
from collections_app.services.sharing.notices import list_notices
from collections_app.services.uploads.orphans import delete_orphaned_files
from tests.sample_team import SampleTeam, put_pictures

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS = "https://example.com/teams/1/export/"


def request(sample: SampleTeam) -> TeamExport:
    return request_export(team=sample.team, requester=sample.owner, address=ADDRESS)


def stored_files() -> list[str]:
    storage: Any = default_storage
    return [name for name, _size in storage.list_files("exports/")]


def read_parts(export: TeamExport) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for part in export.parts.all():
        with default_storage.open(part.file_name) as file:
            archive = zipfile.ZipFile(BytesIO(file.read()))
        assert archive.testzip() is None
        found |= {name: archive.read(name) for name in archive.namelist()}
    return found


def test_worker_makes_zip_files_and_tells_the_owner(sample: SampleTeam, settings: Settings) -> None:
    put_pictures(sample, 4)
    Favourite.objects.create(user=sample.owner, image=sample.image)
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    export = request(sample)
    assert Exporter().export_next()
    assert not Exporter().export_next()
    export.refresh_from_db()
    assert (export.state, export.position, export.image_count) == (ExportState.DONE, 5, 5)
    files = read_parts(export)
    for line in files["SHA256SUMS"].decode().splitlines():
        assert hashlib.sha256(files[line[66:]]).hexdigest() == line[:64]
    assert len(files) == 5 * 2 + 3
    assert b'"is_favourite": true' in files["metadata.json"]
    notice = list_notices(sample.owner)[0]
    assert (notice.is_export, notice.is_failed, notice.target, notice.pk) == (True, False, "Gardeners", export.pk)
    assert list_notices(sample.viewer) == []
    assert mail.outbox[0].to == ["owner@example.com"]
    assert ADDRESS in mail.outbox[0].body


def test_large_exports_are_divided_into_parts(sample: SampleTeam, settings: Settings) -> None:
    settings.EXPORT_PART_MB = 0  # each part ends after one file
    export = request(sample)
    Exporter().export_next()
    assert list(export.parts.values_list("number", flat=True)) == list(range(1, 6))
    assert len(read_parts(export)) == 5


def test_one_export_of_a_team_at_a_time(sample: SampleTeam) -> None:
    request(sample)
    with pytest.raises(LimitReached):
        request(sample)
    Exporter().export_next()
    assert len(stored_files()) == 1
    second = request(sample)
    assert list(TeamExport.objects.all()) == [second]
    assert stored_files() == []


def test_killed_worker_leaves_an_export_that_starts_again(sample: SampleTeam) -> None:
    export = request(sample)
    dead = Exporter()
    assert claim_export(worker=dead.id)
    name = default_storage.save("exports/ab/part.zip", BytesIO(b"half"))
    PendingFile.objects.create(file_name=name)
    ExportPart.objects.create(export=export, number=1, file_name=name, byte_size=4)
    assert not Exporter().export_next()
    TeamExport.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    assert Exporter().export_next()
    assert export.parts.count() == 1
    assert len(stored_files()) == 1
    assert "metadata.json" in read_parts(export)


def test_export_that_kills_workers_fails_with_a_sentence(sample: SampleTeam) -> None:
    export = request(sample)
    with translation.override("ru"):
        TeamExport.objects.update(attempts=MAX_EXPORT_ATTEMPTS)
        Exporter().export_next()
    export.refresh_from_db()
    assert export.state == ExportState.FAILED
    assert export.message.startswith("The export failed several times.")
    assert list_notices(sample.owner)[0].is_failed


@pytest.mark.usefixtures("folder_storage")
def test_export_waits_for_the_storage_as_long_as_it_is_away(sample: SampleTeam, tmp_path: Path) -> None:
    export = request(sample)
    originals = Path(default_storage.path("originals"))
    originals.rename(tmp_path / "away")
    for _ in range(MAX_EXPORT_ATTEMPTS + 1):
        TeamExport.objects.update(run_after=timezone.now())
        assert Exporter().export_next()
        export.refresh_from_db()
        assert (export.state, export.attempts) == (ExportState.WAITING, 0)
        assert "can't be read or stored right now" in export.message
    (tmp_path / "away").rename(originals)
    TeamExport.objects.update(run_after=timezone.now())
    assert Exporter().export_next()
    export.refresh_from_db()
    assert export.state == ExportState.DONE


def test_stopped_worker_gives_the_export_back_without_an_attempt(sample: SampleTeam) -> None:
    export = request(sample)
    exporter = Exporter()
    exporter.stop.set()
    assert not exporter.export_next()
    exporter.stop.clear()
    claimed = claim_export(worker=exporter.id)
    assert claimed
    exporter.stop.set()
    exporter._export_or_postpone(claimed)
    export.refresh_from_db()
    assert (export.state, export.attempts, export.lease) == (ExportState.WAITING, 0, None)
    assert stored_files() == []


def test_export_deleted_while_it_is_made_leaves_no_file(sample: SampleTeam) -> None:
    request(sample)
    exporter = Exporter()
    claimed = claim_export(worker=exporter.id)
    assert claimed
    delete_exports(exports=TeamExport.objects.all())
    exporter._export_or_postpone(claimed)
    assert stored_files() == []
    assert not TeamExport.objects.exists()


def test_maintenance_deletes_expired_exports_and_keeps_others(sample: SampleTeam) -> None:
    export = request(sample)
    Exporter().export_next()
    PendingFile.objects.update(created_at=timezone.now() - timedelta(days=2))
    delete_orphaned_files()
    assert delete_expired_exports() == 0
    assert len(stored_files()) == 1
    TeamExport.objects.update(expires_at=timezone.now())
    run_maintenance()
    assert stored_files() == []
    assert not TeamExport.objects.filter(pk=export.pk).exists()


def test_files_of_a_deleted_team_are_found_by_maintenance(sample: SampleTeam) -> None:
    request(sample)
    Exporter().export_next()
    sample.team.delete()
    PendingFile.objects.update(created_at=timezone.now() - timedelta(days=2))
    delete_orphaned_files()
    assert stored_files() == []


def test_full_disk_fails_at_once_with_a_sentence(sample: SampleTeam, monkeypatch: pytest.MonkeyPatch) -> None:
    export = request(sample)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=2**20))
    Exporter().export_next()
    export.refresh_from_db()
    assert export.state == ExportState.FAILED
    assert "not enough free disk space" in export.message
    assert stored_files() == []
