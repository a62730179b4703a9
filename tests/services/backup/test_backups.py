"""Backups of a site and their restore into an empty one."""

import errno
import json
import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group, Permission
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.db.models import JSONField, Value
from pytest_django import Settings

from collections_app.errors import BackupFailed, BackupRunning, RestoreFailed, StorageUnavailable
from collections_app.index import close_index
from collections_app.models import (
    BackupHold,
    Collection,
    Image,
    ImageTotal,
    IndexJob,
    PublicLink,
    UnfinishedRestore,
    User,
)
from collections_app.models.image import ImageQuerySet
from collections_app.models.text_search import ScopedWords
from collections_app.services.backup.making import make_backup, prune_backups
from collections_app.services.backup.manifest import Backup, find_latest_backup, open_pool
from collections_app.services.backup.repairing import queue_index_repairs
from collections_app.services.backup.restoring import end_restore, find_backup, restore_backup
from collections_app.services.backup.stored_files import FileCopier, SavedFile, put_into_storage
from collections_app.services.backup.verifying import verify_index
from collections_app.services.indexing.kept_models import get_active_model, read_kept_models
from collections_app.services.indexing.model_settings import ensure_active_model
from collections_app.services.indexing.worker import IndexWorker
from collections_app.services.library.trash import purge_trash, trash_images
from collections_app.services.maintenance import run_maintenance
from collections_app.services.sharing.public_links import create_link
from collections_app.services.sharing.secret_encryption import decrypt_secret, encrypt_secret
from tests.other_model import keep_rotated_model, make_rotated_model
from tests.sample_team import CLOSED_PORT, SampleTeam, put_picture, put_pictures
from tests.services.backup.sites import Quiet, assert_site_is_whole, lose_everything, read_all_rows, restore
from tests.services.library.s3_server import FaultyS3
from tests.services.library.test_storage_faults import bucket as bucket
from tests.services.library.test_storage_faults import make_unreadable
from tests.services.library.test_storage_faults import s3 as s3

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "backups"
    folder.mkdir()
    return folder


def back_up(folder: Path) -> Backup:
    return make_backup(folder, progress=Quiet()).backup


def pooled_files(folder: Path) -> list[Path]:
    return sorted(path for path in (folder / "files").rglob("*") if path.is_file())


def test_restored_site_has_the_same_rows_files_and_vectors(
    sample: SampleTeam, folder: Path, settings: Settings, tmp_path: Path
) -> None:
    put_pictures(sample, 3)
    group = Group.objects.create(name="Staff")
    group.permissions.set(Permission.objects.all()[:3])
    sample.owner.groups.add(group)
    link = create_link(collection=sample.collection, creator=sample.owner)
    link.expires_at = datetime(2030, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC)
    link.save()
    trash_images(images=Image.objects.filter(pk=sample.image.pk), trasher=sample.owner)
    Image.objects.exclude(pk=sample.image.pk).update(tags=["sea"], taken_at=datetime(2020, 2, 3, 4, 5, 6, 7))
    IndexWorker().drain()
    vectors = get_active_model().index.get_vectors(list(Image.objects.values_list("pk", flat=True)))
    rows = read_all_rows()
    back_up(folder)
    lose_everything(settings, tmp_path)

    assert restore(folder) == 4

    assert read_all_rows() == rows
    assert PublicLink.objects.get().expires_at == link.expires_at
    assert not IndexJob.objects.exists()
    restored = get_active_model().index.get_vectors(list(vectors))
    assert {pk: vector.tobytes() for pk, vector in restored.items()} == {
        pk: vector.tobytes() for pk, vector in vectors.items()
    }
    assert_site_is_whole()


def test_vectors_of_both_kept_models_are_restored(
    sample: SampleTeam, folder: Path, settings: Settings, tmp_path: Path
) -> None:
    put_pictures(sample, 2)
    IndexWorker().drain()
    keep_rotated_model(tmp_path / "rotated")
    vectors = read_vectors_of_kept_models()
    rows = read_all_rows()
    back_up(folder)
    lose_everything(settings, tmp_path)

    assert restore(folder) == 6

    assert read_all_rows() == rows
    assert read_vectors_of_kept_models() == vectors
    assert queue_index_repairs(verify_index(deep=False)) == 0
    assert_site_is_whole()


def read_vectors_of_kept_models() -> dict[str, dict[int, bytes]]:
    ids = list(Image.objects.values_list("pk", flat=True))
    found = {model.key: model.index.get_vectors(ids) for model in read_kept_models()}
    return {key: {pk: vector.tobytes() for pk, vector in own.items()} for key, own in found.items()}


def test_first_start_before_the_restore_is_no_obstacle(
    sample: SampleTeam, folder: Path, settings: Settings, tmp_path: Path
) -> None:
    ensure_active_model()
    IndexWorker().drain()
    rows = read_all_rows()
    back_up(folder)
    lose_everything(settings, tmp_path)
    ensure_active_model()

    restore(folder)

    assert read_all_rows() == rows


def test_restore_with_another_model_changes_nothing_and_says_what_to_set(
    sample: SampleTeam, folder: Path, settings: Settings, tmp_path: Path
) -> None:
    ensure_active_model()
    IndexWorker().drain()
    back_up(folder)
    lose_everything(settings, tmp_path)
    demo = settings.CLIP_MODEL, settings.CLIP_MODEL_PATH
    settings.CLIP_MODEL = settings.CLIP_MODEL_PATH = str(make_rotated_model(tmp_path / "rotated"))
    with pytest.raises(RestoreFailed, match=r"uses the model demo.* Set CLIP_MODEL=demo and .* model prepare /"):
        restore(folder)
    assert not Image.objects.exists()
    settings.CLIP_MODEL, settings.CLIP_MODEL_PATH = demo

    assert restore(folder) == 1

    assert_site_is_whole()


def test_json_without_a_value_is_restored(sample: SampleTeam, folder: Path, settings: Settings, tmp_path: Path) -> None:
    Image.objects.update(tags=Value(None, JSONField()))
    rows = read_all_rows()
    back_up(folder)
    lose_everything(settings, tmp_path)
    restore(folder)
    assert read_all_rows() == rows


def test_restored_site_counts_and_finds_its_pictures(
    sample: SampleTeam, folder: Path, settings: Settings, tmp_path: Path
) -> None:
    back_up(folder)
    lose_everything(settings, tmp_path)
    restore(folder)

    assert ImageTotal.objects.sum_images() == 1
    words = ScopedWords("rose", team_ids=(sample.team.pk,))
    assert [image.pk for image in Image.objects.having_names(words)] == [sample.image.pk]
    owner = User.objects.get(pk=sample.owner.pk)
    put_picture(Collection.objects.get(), owner, "tulip.png", colour="green")
    assert ImageTotal.objects.sum_images() == 2


def test_ids_of_deleted_rows_are_not_given_again(
    sample: SampleTeam, folder: Path, settings: Settings, tmp_path: Path
) -> None:
    last = put_picture(sample.collection, sample.owner, "sky.png")
    Image.objects.filter(pk=last.pk).delete()
    back_up(folder)
    lose_everything(settings, tmp_path)
    restore(folder)

    collection, owner = Collection.objects.get(), User.objects.get(pk=sample.owner.pk)
    assert put_picture(collection, owner, "sea.png", colour="green").pk > last.pk


def test_pictures_without_a_vector_in_the_backup_are_encoded(
    sample: SampleTeam, folder: Path, settings: Settings, tmp_path: Path
) -> None:
    IndexWorker().drain()
    put_pictures(sample, 2)
    back_up(folder)
    lose_everything(settings, tmp_path)

    assert restore(folder) == 1

    assert queue_index_repairs(verify_index(deep=False)) == 2
    IndexWorker().drain()
    assert_site_is_whole()


def test_backup_copies_only_files_that_are_new(sample: SampleTeam, folder: Path) -> None:
    first = make_backup(folder, progress=Quiet())
    put_pictures(sample, 2)
    second = make_backup(folder, progress=Quiet())

    assert (first.counts.count, first.counts.added) == (1, 1)
    assert (second.counts.count, second.counts.added) == (3, 2)
    assert len(pooled_files(folder)) == 3


def test_older_backup_can_be_restored(sample: SampleTeam, folder: Path, settings: Settings, tmp_path: Path) -> None:
    older = back_up(folder)
    put_pictures(sample, 2)
    back_up(folder)
    lose_everything(settings, tmp_path)

    restore_backup(backup=find_backup(folder, name=older.name), progress=Quiet())

    assert Image.objects.count() == 1


def test_old_backups_and_the_files_that_only_they_have_are_deleted(sample: SampleTeam, folder: Path) -> None:
    back_up(folder)
    put_pictures(sample, 1)
    purge_trash(images=_trash(sample.image, sample))
    IndexWorker().drain()
    kept = back_up(folder)

    assert prune_backups(folder, keep=1) == 1

    assert find_backup(folder).name == kept.name
    assert [path.name for path in pooled_files(folder)] == [Path(Image.objects.get().file_name).name]


def test_files_of_a_backup_that_cannot_be_read_stay(sample: SampleTeam, folder: Path) -> None:
    back_up(folder)
    put_pictures(sample, 1)
    unreadable = back_up(folder)
    (unreadable.folder / "manifest.json").write_text("{")
    prune_backups(folder, keep=1)
    assert len(pooled_files(folder)) == 2

    (unreadable.folder / "files.jsonl.gz").write_bytes(b"damaged")
    with pytest.raises(BackupFailed, match="could not be deleted"):
        prune_backups(folder, keep=1)
    assert len(pooled_files(folder)) == 2


def make_circular(image: Image) -> None:
    place = Path(default_storage.path(image.file_name))
    place.unlink()
    place.symlink_to(place)


@pytest.mark.parametrize(
    ("harm", "reason"),
    [(make_unreadable, os.strerror(errno.EIO)), (make_circular, os.strerror(errno.ELOOP))],
    ids=["bad sector", "circular link"],
)
@pytest.mark.parametrize("is_linked", [True, False], ids=["linked", "copied"])
@pytest.mark.usefixtures("folder_storage")
def test_unreadable_original_stops_no_backup(
    sample: SampleTeam,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    harm: Callable[[Image], None],
    reason: str,
    is_linked: bool,
) -> None:
    put_pictures(sample, 1)
    harm(sample.image)

    def refuse_link(*_: object) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    if not is_linked:
        monkeypatch.setattr(os, "link", refuse_link)

    made = back_up(folder)

    assert made.manifest.problems == (f"The file {sample.image.file_name} cannot be read: {reason}.",)
    assert len(pooled_files(folder)) == 1


def copy_from_bucket(folder: Path) -> list[str]:
    """Copy a picture to the pool and return the problems."""
    copier = FileCopier(pool=open_pool(folder), problems=[], stop=threading.Event())
    wanted = SavedFile(name="originals/ab/a.png", byte_size=1, sha256="", path="originals/ab/a.png")
    copier.copy_all([wanted], folder, on_files=lambda _count: None)
    return copier.problems


def test_object_that_a_bucket_cannot_send_stops_no_backup(bucket: FaultyS3, folder: Path) -> None:
    bucket.fault = "cuts its body"
    (problem,) = copy_from_bucket(folder)
    assert problem.startswith("The file originals/ab/a.png cannot be read: ")
    assert pooled_files(folder) == []


@pytest.mark.parametrize("fault", ["silent", "no right"])
def test_bucket_that_does_not_answer_stops_the_backup(bucket: FaultyS3, folder: Path, fault: str) -> None:
    bucket.fault = fault
    with pytest.raises(StorageUnavailable):
        copy_from_bucket(folder)


@pytest.mark.usefixtures("folder_storage")
def test_drive_that_is_not_mounted_stops_the_backup(sample: SampleTeam, folder: Path, tmp_path: Path) -> None:
    Path(default_storage.path("originals")).rename(tmp_path / "away")
    with pytest.raises(StorageUnavailable):
        back_up(folder)


def test_full_disk_of_the_backups_is_no_problem_of_a_file(
    sample: SampleTeam, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = folder / "files" / f"{sample.image.file_name}.draft"
    draft.parent.mkdir(parents=True)
    monkeypatch.setattr(Path, "unlink", lambda *_args, **_named: None)
    draft.symlink_to("/dev/full")
    with pytest.raises(BackupFailed, match=f"could not be written to .*{os.strerror(errno.ENOSPC)}"):
        back_up(folder)


def test_backup_of_a_site_that_lost_files_deletes_no_older_one(
    sample: SampleTeam, folder: Path, settings: Settings, tmp_path: Path
) -> None:
    """The pool still has the lost file, so the later backup is complete too."""
    back_up(folder)
    lost = put_picture(sample.collection, sample.owner, "lost.png")
    default_storage.delete(lost.file_name)
    default_storage.delete(sample.image.file_name)
    damaged = back_up(folder)

    assert damaged.manifest.problems == (f"The file {lost.file_name} is missing from the storage.",)
    assert prune_backups(folder, keep=1) == 0
    assert len(pooled_files(folder)) == 1
    lose_everything(settings, tmp_path)
    restore(folder)
    assert default_storage.exists(sample.image.file_name)


def test_damaged_file_is_copied_and_restored_as_it_is(
    sample: SampleTeam, folder: Path, settings: Settings, tmp_path: Path
) -> None:
    replace_file(sample.image, b"no picture any more")
    backup = back_up(folder)
    assert "damaged" in backup.manifest.problems[0]
    lose_everything(settings, tmp_path)

    restore(folder)

    with default_storage.open(sample.image.file_name) as file:
        assert file.read() == b"no picture any more"


def test_backup_without_an_index_is_made_and_says_so(sample: SampleTeam, folder: Path, settings: Settings) -> None:
    IndexWorker().drain()
    close_index()
    settings.MILVUS_URI = CLOSED_PORT
    backup = back_up(folder)

    assert backup.manifest.vectors == ()
    assert "The vectors could not be read" in backup.manifest.problems[0]


def test_site_keeps_files_of_deleted_pictures_while_a_backup_runs(sample: SampleTeam) -> None:
    hold = BackupHold.objects.create(until=datetime.now(UTC) + timedelta(minutes=1))
    purge_trash(images=_trash(sample.image, sample))
    IndexWorker().drain()
    run_maintenance()
    assert default_storage.exists(sample.image.file_name)
    assert not IndexJob.objects.exists()

    hold.delete()
    run_maintenance()

    assert not default_storage.exists(sample.image.file_name)


def test_hold_of_a_killed_backup_ends_by_itself(sample: SampleTeam) -> None:
    BackupHold.objects.create(until=datetime.now(UTC) - timedelta(seconds=1))
    purge_trash(images=_trash(sample.image, sample))
    IndexWorker().drain()
    assert not default_storage.exists(sample.image.file_name)


def test_backup_whose_hold_expired_is_not_complete(sample: SampleTeam, folder: Path) -> None:
    class Slow(Quiet):
        def begin(self, what: str, total: int) -> None:
            if what == "files":
                BackupHold.objects.update(until=datetime.now(UTC))

    with pytest.raises(BackupFailed, match="Run it again"):
        make_backup(folder, progress=Slow())

    assert find_latest_backup(folder) is None
    assert not BackupHold.objects.exists()


def test_stopped_backup_is_not_complete_and_the_next_one_removes_it(sample: SampleTeam, folder: Path) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(BackupFailed, match="stopped"):
        make_backup(folder, progress=Quiet(), stop=stop)
    with pytest.raises(RestoreFailed, match="no complete backup"):
        find_backup(folder)
    (interrupted,) = (each for each in folder.iterdir() if each.is_dir() and each.name != "files")
    with pytest.raises(RestoreFailed, match="is not complete"):
        find_backup(folder, name=interrupted.name)

    back_up(folder)

    assert not interrupted.exists()


def test_folder_inside_the_data_is_refused(sample: SampleTeam, settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    (tmp_path / "backups").mkdir()
    with pytest.raises(BackupFailed, match="is inside DATA_DIR"):
        back_up(tmp_path / "backups")


def test_missing_folder_is_refused(sample: SampleTeam, tmp_path: Path) -> None:
    with pytest.raises(BackupFailed, match="Create it, or mount its drive"):
        back_up(tmp_path / "nowhere")


def test_folder_that_cannot_be_written_is_reported(sample: SampleTeam, folder: Path) -> None:
    (folder / "files").write_bytes(b"not a folder")
    with pytest.raises(BackupFailed, match=r"could not be written to .*Not a directory"):
        back_up(folder)


def test_second_backup_at_once_is_refused(sample: SampleTeam, folder: Path) -> None:
    class Second(Quiet):
        def begin(self, what: str, total: int) -> None:
            with pytest.raises(BackupRunning, match="Another process"):
                back_up(folder)

    make_backup(folder, progress=Second())


def test_installation_with_data_is_refused(sample: SampleTeam, folder: Path) -> None:
    back_up(folder)
    with pytest.raises(RestoreFailed, match="This installation is not empty: it has rows of collections_app"):
        restore(folder)


def test_damaged_backup_changes_nothing(sample: SampleTeam, folder: Path, settings: Settings, tmp_path: Path) -> None:
    backup = back_up(folder)
    path = backup.folder / "rows" / "collections_app.image.jsonl.gz"
    path.write_bytes(path.read_bytes()[:-1])
    lose_everything(settings, tmp_path)
    with pytest.raises(RestoreFailed, match=r"collections_app\.image\.jsonl\.gz of the backup is damaged"):
        restore(folder)
    assert not User.objects.exists()


def test_damaged_file_of_a_backup_is_named(
    sample: SampleTeam, folder: Path, settings: Settings, tmp_path: Path
) -> None:
    back_up(folder)
    (path,) = pooled_files(folder)
    path.unlink()
    path.write_bytes(b"x" * sample.image.byte_size)
    lose_everything(settings, tmp_path)
    with pytest.raises(RestoreFailed, match=f"{path.name} of the backup is damaged"):
        restore(folder)
    assert not User.objects.exists()


def test_backup_cannot_name_files_outside_of_its_folder(
    sample: SampleTeam, folder: Path, settings: Settings, tmp_path: Path
) -> None:
    outside = SavedFile(name="originals/aa/x.png", byte_size=1, sha256="", path="../../secret")
    with pytest.raises(RestoreFailed, match="outside of its folder"):
        put_into_storage(outside, open_pool(folder))


def test_interrupted_restore_continues(sample: SampleTeam, folder: Path, settings: Settings, tmp_path: Path) -> None:
    put_pictures(sample, 2)
    IndexWorker().drain()
    rows = read_all_rows()
    backup = back_up(folder)
    for moment in ("files", "rows", "vectors", "thumbnails"):
        lose_everything(settings, tmp_path)
        with pytest.raises(ZeroDivisionError):
            restore_backup(backup=backup, progress=Interrupted(moment))

        restore(folder)

        assert read_all_rows() == rows, moment
        assert_site_is_whole()


def test_interrupted_restore_of_another_backup_is_named(
    sample: SampleTeam, folder: Path, settings: Settings, tmp_path: Path
) -> None:
    IndexWorker().drain()
    older = back_up(folder)
    back_up(folder)
    lose_everything(settings, tmp_path)
    with pytest.raises(ZeroDivisionError):
        restore_backup(backup=older, progress=Interrupted("thumbnails"))
    with pytest.raises(RestoreFailed, match=f"Finish it with --backup {older.name}"):
        restore(folder)
    end_restore()
    assert not UnfinishedRestore.objects.exists()


def test_other_secret_key_is_refused(sample: SampleTeam, folder: Path, settings: Settings, tmp_path: Path) -> None:
    secret = encrypt_secret("JBSWY3DPEHPK3PXP")
    Authenticator.objects.create(user=sample.owner, type=Authenticator.Type.TOTP, data={"secret": secret})
    first_key = settings.SECRET_KEY
    back_up(folder)
    lose_everything(settings, tmp_path)
    settings.SECRET_KEY = "another key"
    with pytest.raises(RestoreFailed, match="had another SECRET_KEY"):
        restore(folder)

    settings.SECRET_KEY_FALLBACKS = [first_key]
    restore(folder)

    settings.SECRET_KEY_FALLBACKS = []
    assert decrypt_secret(Authenticator.objects.get().data["secret"]) == "JBSWY3DPEHPK3PXP"


def test_other_secret_key_can_be_accepted(sample: SampleTeam, folder: Path, settings: Settings, tmp_path: Path) -> None:
    back_up(folder)
    lose_everything(settings, tmp_path)
    settings.SECRET_KEY = "another key"
    restore(folder, accepts_other_key=True)
    assert Image.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"migrations": []}, "comes from an earlier version"),
        ({"migrations": ["collections_app.9999_later"]}, "9999_later, which this database lacks"),
        ({"format": 2}, "another version of imagesearch"),
        ({"tables": 3}, "cannot be read"),
    ],
)
def test_backup_of_another_version_is_refused(
    change: dict[str, object], sentence: str, sample: SampleTeam, folder: Path, settings: Settings, tmp_path: Path
) -> None:
    backup = back_up(folder)
    manifest = backup.folder / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | change))
    lose_everything(settings, tmp_path)
    with pytest.raises(RestoreFailed, match=sentence):
        restore_backup(backup=find_backup(folder, name=backup.name), progress=Quiet())


def test_backup_is_private_and_holds_no_secret_key(sample: SampleTeam, folder: Path, settings: Settings) -> None:
    backup = back_up(folder)
    assert backup.folder.stat().st_mode & 0o077 == 0
    assert settings.SECRET_KEY not in (backup.folder / "manifest.json").read_text()


def test_writers_do_not_wait_for_the_copy_of_the_rows(sample: SampleTeam, folder: Path) -> None:
    class Busy(Quiet):
        def begin(self, what: str, total: int) -> None:
            if what == "vectors":
                put_picture(sample.collection, sample.owner, "late.png")

    backup = make_backup(folder, progress=Busy()).backup

    assert Image.objects.count() == 2
    assert backup.manifest.files.rows == 1
    assert connection.in_atomic_block is False


class Interrupted(Quiet):
    """Ends the work at the first step of a part."""

    def __init__(self, what: str) -> None:
        self._what, self._is_there = what, False

    def begin(self, what: str, total: int) -> None:
        self._is_there = what == self._what

    def advance(self, count: int) -> None:
        if self._is_there:
            raise ZeroDivisionError


def replace_file(image: Image, content: bytes) -> None:
    default_storage.delete(image.file_name)
    default_storage.save(image.file_name, ContentFile(content))


def _trash(image: Image, sample: SampleTeam) -> ImageQuerySet:
    images = Image.objects.filter(pk=image.pk)
    trash_images(images=images, trasher=sample.owner)
    return images
