"""The management commands as a person types them."""

import io
import json
import os
import signal
import zipfile
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from PIL import Image as Pillow

from collections_app.encoders import get_encoder
from collections_app.index import TRASH_PARTITION
from collections_app.models import ArchiveImport, Image, IndexJob
from collections_app.services.indexing.audit import queue_rebuild
from collections_app.services.indexing.kept_models import get_active_model
from collections_app.services.library.collections import create_collection
from collections_app.services.library.trash import trash_images
from collections_app.services.uploads.archives import store_archive
from tests.sample_team import SampleTeam, picture_bytes, put_picture, put_pictures
from tests.services.indexing.agreement import assert_index_agrees

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def own_signals() -> Iterator[None]:
    """The commands catch signals; the test run wants its own back."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two pictures, one of them in a folder below, a text, and a hidden file."""
    folder = tmp_path / "pictures"
    (folder / "below").mkdir(parents=True)
    (folder / "blue.png").write_bytes(picture_bytes("blue"))
    (folder / "below" / "green.png").write_bytes(picture_bytes("green"))
    (folder / "notes.txt").write_text("no picture")
    (folder / ".hidden.png").write_bytes(picture_bytes("black"))
    return folder


def typed(*words: str) -> str:
    out = StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


def import_pictures(folder: Path) -> str:
    return typed("import_images", str(folder), "--collection", "Mine", "--user", "owner@example.com")


def test_an_import_can_be_repeated(sample: SampleTeam, folder: Path) -> None:
    assert import_pictures(folder) == "2 imported, 0 already there, 0 refused, 1 not pictures, 1 system or hidden.\n"
    assert import_pictures(folder) == "0 imported, 2 already there, 0 refused, 1 not pictures, 1 system or hidden.\n"
    assert Image.objects.filter(collection__name="Mine").count() == 2


def test_import_names_the_file_that_is_not_a_picture(
    sample: SampleTeam, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import_pictures(folder)

    assert "notes.txt: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["import_images", "/nowhere", "--collection", "A", "--user", "owner@example.com"], "no folder /nowhere"),
        (
            ["import_images", "/", "--collection", "A", "--user", "nobody@example.com"],
            "no account with the email address",
        ),
        (["search", "red", "--user", "nobody@example.com"], "no account with the email address"),
        (["search", "red", "--user", "owner@example.com", "--limit", "0"], "must be a whole number"),
        (["reindex", "--team", "Nobody"], "There is no team"),
        (["reindex", "--collection", "99999"], "There is no collection"),
    ],
)
def test_wrong_argument_is_explained_in_a_sentence(sample: SampleTeam, words: list[str], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        typed(*words)


def test_reindex_brings_the_index_into_agreement(sample: SampleTeam) -> None:
    assert "All queued pictures are done." in typed("reindex")
    assert_index_agrees()


@pytest.mark.parametrize("options", [[], ["--all"], ["--team", "Gardeners"], ["--collection", "Garden"]])
def test_reindex_restores_a_lost_vector(sample: SampleTeam, options: list[str]) -> None:
    typed("reindex")
    get_active_model().index.delete([sample.image.pk])

    typed("reindex", *options)

    assert_index_agrees()


def test_reindex_drops_the_partitions_of_deleted_teams(sample: SampleTeam) -> None:
    own = create_collection(team=sample.outsider.personal_team, name="Mine", creator=sample.outsider)
    put_picture(own, sample.outsider, "sky.png")
    typed("reindex")
    kept, gone = sample.team.pk, sample.outsider.personal_team.pk
    trash_images(images=Image.objects.filter(pk=sample.image.pk), trasher=sample.owner)
    sample.outsider.delete()
    assert set(get_active_model().index.list_team_ids()) >= {kept, gone}

    typed("reindex")

    assert get_active_model().index.list_team_ids() == [TRASH_PARTITION, kept]
    assert_index_agrees()


def test_reindex_check_changes_nothing_and_sets_the_exit_code(sample: SampleTeam) -> None:
    IndexJob.objects.all().delete()
    with pytest.raises(SystemExit) as differing:
        typed("reindex", "--check")
    assert not IndexJob.objects.exists()
    typed("reindex")
    with pytest.raises(SystemExit) as agreeing:
        typed("reindex", "--check")

    assert (differing.value.code, agreeing.value.code) == (1, 0)


def test_reindex_without_waiting_only_queues_jobs(sample: SampleTeam) -> None:
    IndexJob.objects.all().delete()

    assert "Queued pictures: 1" in typed("reindex", "--no-wait")
    assert get_active_model().index.count() == 0


def test_reindex_all_encodes_every_picture_again(sample: SampleTeam) -> None:
    typed("reindex")
    typed("reindex", "--all", "--no-wait")
    sample.image.refresh_from_db()
    assert sample.image.index_sha256 == ""

    assert "already in progress" in typed("reindex", "--all")
    sample.image.refresh_from_db()
    assert sample.image.index_sha256 == sample.image.sha256


def test_interrupted_rebuild_queues_the_rest(sample: SampleTeam) -> None:
    put_pictures(sample, 4)
    typed("reindex")
    with connection.execute_wrapper(locked_the_second_time("INSERT")), pytest.raises(OperationalError):
        queue_rebuild(chunk_size=2)
    assert Image.objects.filter(index_sha256="").count() == IndexJob.objects.count() == 2

    assert "Continuing it" in typed("reindex", "--all", "--no-wait")

    assert Image.objects.filter(index_sha256="").count() == IndexJob.objects.count() == 5


def locked_the_second_time(statement: str) -> Callable[..., Any]:
    """Return a wrapper under which only the first statement that begins so finds the database free."""
    seen: list[str] = []

    def execute(go_on: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.lstrip().startswith(statement):
            seen.append(sql)
            if len(seen) > 1:
                raise OperationalError("database is locked")
        return go_on(sql, params, many, context)

    return execute


def test_rebuild_of_one_team_does_not_count_as_a_full_rebuild(sample: SampleTeam) -> None:
    elsewhere = create_collection(team=sample.outsider.personal_team, name="Mine", creator=sample.outsider)
    other = put_picture(elsewhere, sample.outsider, "sky.png")
    typed("reindex")
    typed("reindex", "--all", "--team", "Gardeners", "--no-wait")

    typed("reindex", "--all", "--no-wait")

    assert set(IndexJob.objects.values_list("image_id", flat=True)) == {sample.image.pk, other.pk}


def test_unreachable_index_is_reported_and_jobs_remain(sample: SampleTeam, broken_index: None) -> None:
    for words in (["reindex"], ["index_worker", "--drain"]):
        with pytest.raises(CommandError, match="kept"):
            typed(*words)

    assert IndexJob.objects.count() == 1


def test_worker_drains_the_queue_and_ends(sample: SampleTeam) -> None:
    typed("index_worker", "--drain")

    assert_index_agrees()
    assert not IndexJob.objects.exists()


def test_search_prints_json_and_writes_a_contact_sheet(sample: SampleTeam, tmp_path: Path) -> None:
    typed("index_worker", "--drain")
    sheet = tmp_path / "sheet.png"

    answer = typed("search", "red", "--user", "owner@example.com", "--json", "--sheet", str(sheet))

    (row,) = json.loads(answer)
    assert (row["id"], row["collection"], row["file"]) == (sample.image.pk, "Garden", "rose.png")
    with Pillow.open(sheet) as picture:
        assert picture.format == "PNG"


def test_an_outsiders_search_finds_nothing(sample: SampleTeam) -> None:
    typed("index_worker", "--drain")

    assert typed("search", "red", "--user", "outsider@example.com", "--json").strip() == "[]"


def test_model_names_the_active_model() -> None:
    assert get_encoder().key in typed("model")


def test_draining_the_worker_leaves_no_archive_waiting(sample: SampleTeam) -> None:
    store_zip(sample)
    typed("index_worker", "--drain")
    assert ArchiveImport.objects.get().state == "done"
    assert Image.objects.filter(original_name="blue.png", index_state="indexed").exists()


def test_draining_the_worker_says_why_an_archive_waits(sample: SampleTeam) -> None:
    archive = store_zip(sample)
    default_storage.delete(archive.file_name)
    with pytest.raises(CommandError, match="can't be stored right now"):
        typed("index_worker", "--drain")


def store_zip(sample: SampleTeam) -> ArchiveImport:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("blue.png", picture_bytes("blue"))
    file = ContentFile(content.getvalue())
    return store_archive(file=file, name="a.zip", collection=sample.collection, uploader=sample.owner)


def test_import_unpacks_archives_at_once(sample: SampleTeam, folder: Path) -> None:
    with zipfile.ZipFile(folder / "more.zip", "w") as archive:
        archive.writestr("tan.png", picture_bytes("tan"))
        archive.writestr("tan.xmp", "<x/>")
    assert import_pictures(folder).startswith("3 imported, 0 already there, 0 refused, 2 not pictures")
    assert not ArchiveImport.objects.exists()


def test_import_names_and_counts_what_it_cannot_read(
    sample: SampleTeam, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (folder / "linked").symlink_to(tmp_path / "elsewhere")
    (folder / "broken.png").symlink_to(tmp_path / "nowhere")
    (folder / "loop.png").symlink_to(folder / "loop.png")
    (folder / "damaged.png").write_bytes(picture_bytes("navy")[:-30])
    os.mkfifo(folder / "pipe.png")
    (folder / "link to a file.png").symlink_to(folder / "blue.png")
    with pytest.raises(SystemExit) as ended:
        import_pictures(folder)
    errors = capsys.readouterr().err
    assert ended.value.code == 1
    assert "linked: This is a link to a folder." in errors
    assert "broken.png: This link leads nowhere." in errors
    assert "loop.png: This can't be read" in errors
    assert "pipe.png: This is not a file" in errors
    assert "damaged.png: " in errors


def test_import_names_a_folder_it_may_not_enter(
    sample: SampleTeam, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    locked = folder / "locked"
    locked.mkdir()
    (locked / "rose.png").write_bytes(picture_bytes("tan"))
    locked.chmod(0)
    try:
        if os.access(locked, os.R_OK):
            pytest.skip("This account may read every folder.")
        with pytest.raises(SystemExit) as ended:
            import_pictures(folder)
    finally:
        locked.chmod(0o700)
    assert ended.value.code == 1
    assert "locked: This folder can't be read (Permission denied)." in capsys.readouterr().err


@pytest.mark.parametrize("name", ["@eaDir", "#recycle", "__MACOSX", "lost+found", ".Trashes"])
def test_import_passes_over_the_folders_of_systems(sample: SampleTeam, folder: Path, name: str) -> None:
    (folder / name).mkdir()
    (folder / name / "thumb.png").write_bytes(picture_bytes("tan"))
    (folder / "._blue.png").write_bytes(b"no picture")
    assert import_pictures(folder) == "2 imported, 0 already there, 0 refused, 1 not pictures, 3 system or hidden.\n"


def test_import_survives_names_that_are_no_text(
    sample: SampleTeam, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path(os.fsdecode(os.fsencode(folder) + b"/b\xff.png")).write_bytes(b"damaged")
    with pytest.raises(SystemExit):
        import_pictures(folder)
    assert ".png: This file isn't a picture" in capsys.readouterr().err
