"""`verify`: what differs between rows, files, thumbnails and index is found and repaired."""

from collections.abc import Callable
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command

from collections_app.encoders import get_encoder
from collections_app.index import Record
from collections_app.models import Image
from collections_app.services.backup.making import make_backup
from collections_app.services.backup.repairing import repair_files
from collections_app.services.backup.stored_files import SavedFile
from collections_app.services.backup.verifying import FilesReport, verify_files
from collections_app.services.indexing.entries import build_entry
from collections_app.services.indexing.kept_models import get_active_model
from collections_app.services.indexing.worker import IndexWorker
from collections_app.services.library.renditions import Rendition, build_rendition_name
from tests.sample_team import SampleTeam, picture_bytes, put_pictures
from tests.services.backup.sites import Quiet

pytestmark = pytest.mark.django_db(transaction=True)
UNKNOWN = "originals/ab/" + "ab" * 16 + ".png"


@pytest.fixture
def whole(sample: SampleTeam) -> SampleTeam:
    """A site in which everything agrees."""
    put_pictures(sample, 2)
    IndexWorker().drain()
    return sample


@pytest.fixture
def folder(whole: SampleTeam, tmp_path: Path) -> Path:
    """A backup of that site."""
    folder = tmp_path / "backups"
    folder.mkdir()
    make_backup(folder, progress=Quiet())
    return folder


def verify(*words: str) -> str:
    out, err = StringIO(), StringIO()
    try:
        call_command("verify", *words, stdout=out, stderr=err)
    except SystemExit as stop:
        return f"{out.getvalue()}{err.getvalue()}exit {stop.code}"
    return f"{out.getvalue()}{err.getvalue()}exit 0"


def write_file(name: str, content: bytes) -> None:
    default_storage.delete(name)
    default_storage.save(name, ContentFile(content))


def lose_original(sample: SampleTeam) -> None:
    default_storage.delete(sample.image.file_name)


def cut_original(sample: SampleTeam) -> None:
    write_file(sample.image.file_name, picture_bytes("red")[:-1])


def change_original(sample: SampleTeam) -> None:
    content = picture_bytes("red")
    write_file(sample.image.file_name, content[:-1] + bytes([content[-1] ^ 1]))


def lose_thumbnail(sample: SampleTeam) -> None:
    default_storage.delete(build_rendition_name(sample.image.file_name, Rendition.GRID))


def leave_thumbnail(sample: SampleTeam) -> None:
    write_file(build_rendition_name(UNKNOWN, Rendition.GRID), b"x")


def lose_vector(sample: SampleTeam) -> None:
    get_active_model().index.delete([sample.image.pk])


def change_vector(sample: SampleTeam) -> None:
    vector = np.eye(1, get_encoder().dim, dtype=np.float32)[0]
    get_active_model().index.upsert([Record(entry=build_entry(sample.image), vector=vector)])


def test_site_in_agreement_passes(whole: SampleTeam) -> None:
    told = verify("--deep")
    assert "exit 0" in told
    assert f"{'files checked':<21}{3:>9}" in told


@pytest.mark.parametrize(
    "harm", [lose_original, cut_original, lose_thumbnail, leave_thumbnail, lose_vector], ids=lambda harm: harm.__name__
)
def test_difference_is_found_and_repaired(harm: Callable[[SampleTeam], None], whole: SampleTeam, folder: Path) -> None:
    harm(whole)
    assert "exit 1" in verify()

    assert "exit 0" in verify("--repair", "--backups", str(folder))

    assert "exit 0" in verify("--deep")


@pytest.mark.parametrize("harm", [change_original, change_vector], ids=lambda harm: harm.__name__)
def test_deep_check_finds_and_repairs_changed_bytes(
    harm: Callable[[SampleTeam], None], whole: SampleTeam, folder: Path
) -> None:
    harm(whole)
    assert "exit 0" in verify()
    assert "exit 1" in verify("--deep")

    assert "exit 0" in verify("--deep", "--repair", "--backups", str(folder))

    assert "exit 0" in verify("--deep")


def test_lost_original_without_a_backup_is_named(whole: SampleTeam) -> None:
    lose_original(whole)
    told = verify("--repair")
    assert f"missing: {whole.image.file_name}" in told
    assert "exit 1" in told


def test_original_of_a_picture_that_was_deleted_since_the_check_stays_away(whole: SampleTeam, folder: Path) -> None:
    lose_original(whole)
    report = verify_files(deep=False)
    whole.image.delete()
    assert repair_files(report, backups=folder, deletes_unknown=False).restored == 0
    assert not default_storage.exists(whole.image.file_name)


def test_repair_of_more_pictures_than_a_statement_has_variables(whole: SampleTeam, folder: Path) -> None:
    gone = 260_000
    lost = SavedFile(name=UNKNOWN, byte_size=1, sha256="00", path=UNKNOWN)
    report = FilesReport(missing=[lost] * gone, without_thumbnail=list(range(10**9, 10**9 + gone)))
    assert repair_files(report, backups=folder, deletes_unknown=False).restored == 0


def test_file_of_the_backup_with_other_bytes_is_not_used(whole: SampleTeam, folder: Path) -> None:
    change_original(whole)
    copy = folder / "files" / whole.image.file_name
    copy.unlink()
    copy.write_bytes(b"x")
    assert "exit 1" in verify("--deep", "--repair", "--backups", str(folder))
    assert default_storage.exists(whole.image.file_name)


def test_file_without_a_row_is_deleted_on_request_only(whole: SampleTeam) -> None:
    write_file(UNKNOWN, b"all that is left of a picture")
    told = verify("--repair")
    assert f"without a row: {UNKNOWN}" in told
    assert "exit 1" in told
    assert default_storage.exists(UNKNOWN)

    assert "exit 0" in verify("--repair", "--delete-unknown")

    assert not default_storage.exists(UNKNOWN)
    assert Image.objects.count() == 3


def test_files_of_other_programs_stay(whole: SampleTeam) -> None:
    write_file("backup/of/somebody/else.png", b"theirs")
    assert "exit 0" in verify("--repair", "--delete-unknown")
    assert default_storage.exists("backup/of/somebody/else.png")


def test_file_with_a_name_of_another_form_is_checked_too(whole: SampleTeam) -> None:
    write_file("photos/ab/rose.png", picture_bytes("red"))
    Image.objects.filter(pk=whole.image.pk).record_index_state(file="photos/ab/rose.png")
    default_storage.delete(whole.image.file_name)
    assert "exit 1" in verify()

    assert "exit 0" in verify("--repair")

    assert default_storage.exists("renditions/ab/rose-480.jpg")
    default_storage.delete("photos/ab/rose.png")
    assert "missing: photos/ab/rose.png" in verify()


def test_picture_that_is_uploaded_but_not_indexed_needs_no_thumbnail(sample: SampleTeam) -> None:
    assert verify_files(deep=True).is_consistent


def test_unreachable_index_is_reported(whole: SampleTeam, broken_index: None) -> None:
    with pytest.raises(CommandError, match="can't be reached"):
        verify()


def test_options_of_repairing_need_it(whole: SampleTeam) -> None:
    with pytest.raises(CommandError, match="need --repair"):
        verify("--delete-unknown")
