"""`reindex` on a damaged embedded store, and its deep check."""

import re
from io import StringIO
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from collections_app.encoders import get_encoder
from collections_app.index import Record, close_index
from collections_app.models import Image, IndexAudit, IndexJob
from collections_app.services.indexing.entries import build_entry
from collections_app.services.indexing.kept_models import get_active_model
from collections_app.services.indexing.pausing import pause_indexing
from collections_app.services.indexing.worker import IndexWorker
from tests.sample_team import SampleTeam, put_pictures, sign_in_client
from tests.services.indexing.agreement import assert_index_agrees

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def store(sample: SampleTeam, settings: Settings) -> Path:
    """The files of an index of five pictures that nobody has open."""
    put_pictures(sample, 4)
    IndexWorker().drain()
    close_index()
    return Path(settings.EMBEDDED_STORE_DIR) / "store.db"


def reindex(*words: str) -> str:
    out, err = StringIO(), StringIO()
    try:
        call_command("reindex", *words, stdout=out, stderr=err)
    except SystemExit as stop:
        return f"{out.getvalue()}{err.getvalue()}exit {stop.code}"
    return f"{out.getvalue()}{err.getvalue()}"


def empty(store: Path, pattern: str) -> None:
    for path in store.rglob(pattern):
        path.write_bytes(b"")


@pytest.mark.parametrize("pattern", ["*.idx", "schema.json", "manifest.json*", "*.parquet"])
def test_damaged_store_is_set_aside_and_rebuilt(store: Path, pattern: str) -> None:
    empty(store, pattern)

    told = reindex()

    (aside,) = store.parent.glob("damaged-*")
    assert str(aside) in told
    assert f"Vectors read from it: {0 if pattern == '*.parquet' else 5}" in told
    assert_index_agrees()
    assert "exit 0" in reindex("--check", "--deep")


def test_vectors_that_can_be_read_are_not_made_again(store: Path, settings: Settings) -> None:
    empty(store, "*.idx")
    for path in Path(settings.STORAGES["default"]["OPTIONS"]["location"]).rglob("originals/*/*"):
        path.unlink()

    told = reindex()

    assert "All queued pictures are done." in told
    assert get_active_model().index.count() == 5


def test_check_reports_the_damage_and_changes_nothing(store: Path) -> None:
    empty(store, "schema.json")

    told = reindex("--check")

    assert "The search index is damaged:" in told
    assert "schema.json" in told
    assert "exit 1" in told
    assert store.is_dir()
    assert not list(store.parent.glob("damaged-*"))


def test_search_tells_the_damage_and_works_after_reindex(store: Path, sample: SampleTeam) -> None:
    empty(store, "manifest.json*")
    visitor = sign_in_client(sample.owner)

    broken = visitor.get("/search/", {"q": "red"})
    reindex()
    repaired = visitor.get("/search/", {"q": "red"})

    assert broken.status_code == 503
    assert (
        "The search index is damaged. An administrator rebuilds it with manage.py reindex." in broken.content.decode()
    )
    assert repaired.status_code == 200


def test_damage_under_a_running_site_is_found_and_repaired(store: Path) -> None:
    assert get_active_model().index.count() == 5
    empty(store, "schema.json")

    assert "exit 1" in reindex("--check")
    reindex()

    assert get_active_model().index.count() == 5
    assert "exit 0" in reindex("--check", "--deep")


def test_altered_vector_is_found_and_made_again(store: Path) -> None:
    image = Image.objects.select_related("collection").first()
    assert image
    vector = np.eye(1, get_encoder().dim, dtype=np.float32)[0]
    get_active_model().index.upsert([Record(entry=build_entry(image), vector=vector)])

    assert "exit 0" in reindex("--check")
    told = reindex("--check", "--deep")
    assert "exit 1" in told
    assert f"{'altered':<21}{1:>9}" in told

    reindex("--deep")

    assert "exit 0" in reindex("--check", "--deep")


def test_one_changed_number_in_the_files_is_found(store: Path) -> None:
    """The file is well-formed, and the vector nearly of unit length."""
    path = next(store.rglob("data_*.parquet"))
    table = pq.read_table(path)
    vectors = table["vector"].to_pylist()
    vectors[0][0] = float(np.nextafter(np.float32(vectors[0][0]), np.float32(2)))
    column = table.schema.get_field_index("vector")
    field = table.schema.field(column)
    pq.write_table(table.set_column(column, field, pa.array(vectors, type=field.type)), path)
    for index in store.rglob("*.idx"):
        index.unlink()

    assert "exit 0" in reindex("--check")
    assert "exit 1" in reindex("--check", "--deep")


def test_vectors_without_a_checksum_are_counted(store: Path) -> None:
    Image.objects.all().record_index_state(vector_checksum=None)

    told = reindex("--check", "--deep")

    assert f"{'without a checksum':<21}{5:>9}" in told
    assert "exit 0" in told


def test_reindex_says_that_a_store_in_use_by_another_program_stays(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from milvus_lite.db import MilvusLite

    from collections_app.index import embedded_store

    monkeypatch.setattr(embedded_store, "OWNER_TIMEOUT_S", 0.5)
    other = MilvusLite(str(store))

    with pytest.raises(CommandError, match="can't be reached"):
        reindex()

    other.close()
    assert not list(store.parent.glob("damaged-*"))


def test_share_of_the_machine_is_stored_with_the_rebuild(store: Path) -> None:
    reindex("--all", "--no-wait", "--share-of-machine", "25")
    assert set(IndexJob.objects.values_list("machine_percent", flat=True)) == {25}

    reindex("--no-wait")
    assert set(IndexJob.objects.values_list("machine_percent", flat=True)) == {25}

    assert "Continuing it" in reindex("--all", "--no-wait")
    assert set(IndexJob.objects.values_list("machine_percent", flat=True)) == {100}


@pytest.mark.parametrize("percent", ["0", "101", "ten"])
def test_share_of_the_machine_is_a_percentage(percent: str) -> None:
    with pytest.raises(CommandError, match="a whole number from 1 to 100"):
        reindex("--all", "--share-of-machine", percent)


def test_rebuild_shows_its_speed_and_the_time_left(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reindex("--all")

    shown = capsys.readouterr().err
    assert re.search(r"5 of 5 pictures, \d+\.\d pictures/s, time left: less than a minute", shown)


def test_outcome_of_an_audit_of_all_pictures_is_recorded(store: Path, sample: SampleTeam) -> None:
    reindex("--check", "--team", "Gardeners")
    assert not IndexAudit.objects.exists()
    reindex("--check")
    audit = IndexAudit.objects.latest("pk")
    assert (audit.is_check, audit.is_consistent, audit.image_count, audit.vector_count) == (True, True, 5, 5)
    assert audit.altered is None
    get_active_model().index.delete([sample.image.pk])
    assert "exit 1" in reindex("--check", "--deep")
    audit = IndexAudit.objects.latest("pk")
    assert (audit.is_consistent, audit.missing, audit.difference_count, audit.altered) == (False, 1, 1, 0)
    reindex()
    audit = IndexAudit.objects.latest("pk")
    assert (audit.is_check, audit.missing) == (False, 1)
    reindex("--check")
    assert IndexAudit.objects.latest("pk").is_consistent


def test_damage_that_a_check_finds_is_recorded(store: Path) -> None:
    empty(store, "schema.json")
    reindex("--check")
    audit = IndexAudit.objects.get()
    assert "schema.json" in audit.problem
    assert not audit.is_consistent


def test_reindex_says_that_indexing_is_paused_and_keeps_the_jobs(store: Path, sample: SampleTeam) -> None:
    pause_indexing(user=sample.owner)
    with pytest.raises(CommandError, match=r"Indexing is paused\. .* The queued jobs are kept\."):
        reindex("--all")
    assert IndexJob.objects.waiting().count() == 5
    assert "Queued pictures: 5" in reindex("--no-wait")
