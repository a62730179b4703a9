"""What the exporter reads from database and disk, and what it says about a part that fails or hangs."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from pytest_django import Settings

from collections_app.index import get_store_owner
from collections_app.management.metrics_exporter import export_metrics
from collections_app.metrics import announce_model
from collections_app.metrics.definitions import READ
from collections_app.models import Image, IndexJob, Team
from collections_app.models.index_job import Priority
from collections_app.services import monitoring
from collections_app.services.indexing.model_settings import ensure_active_model
from collections_app.services.indexing.worker import IndexWorker
from collections_app.services.library.trash import trash_images
from tests.metrics.conftest import Scrape
from tests.query_plans import explain, record_statements
from tests.sample_team import SampleTeam, put_pictures

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("recording")]
Take = Callable[[], Scrape]


def get_part(name: str) -> Any:
    return next(part for part in monitoring._PARTS if part.name == name)


def test_state_of_the_site_is_that_of_its_history(sample: SampleTeam, scrape: Take, settings: Settings) -> None:
    put_pictures(sample, 3)
    IndexWorker().drain()
    trash_images(images=Image.objects.filter(pk=sample.image.pk), trasher=sample.owner)
    IndexWorker().drain()
    put_pictures(sample, 5)  # two are new
    IndexJob.objects.filter(pk=IndexJob.objects.earliest("pk").pk).update(created_at="2020-01-01 00:00Z")
    page = scrape()
    sizes = dict(Image.objects.values_list("pk", "byte_size"))
    trashed = sizes.pop(sample.image.pk)
    assert page.read("imagesearch_images") == {("pending",): 2, ("indexed",): 4, ("failed",): 0}
    assert page.read("imagesearch_storage_bytes") == {("library",): sum(sizes.values()), ("trash",): trashed}
    assert page.read_one("imagesearch_index_queue_length") == 2
    assert page.read_one("imagesearch_index_queue_oldest_seconds") > 180 * 24 * 3600
    (coverage,) = page.read("imagesearch_embedding_coverage_ratio").values()
    assert coverage == 3 / 5
    assert page.read("imagesearch_model_info") == dict.fromkeys(page.read("imagesearch_embedding_coverage_ratio"), 1)
    assert page.read_one("imagesearch_store_bytes") > 1000
    assert page.read_one("imagesearch_data_free_bytes") > 0
    assert page.read("imagesearch_store_owner")["web",] == 1
    assert page.read("imagesearch_processes") == {("web",): 1, ("index_worker",): 0, ("command",): 0}
    assert set(page.read("imagesearch_part_readable").values()) == {1}
    (versions,) = page.read("imagesearch_build_info")
    assert "0.1.0" in versions
    assert {each.name for each in READ} <= page.names


def test_empty_site_has_no_queue_and_full_coverage(db: None, scrape: Take) -> None:
    announce_model("demo")
    page = scrape()
    assert page.read_one("imagesearch_index_queue_length") == 0
    assert page.read_one("imagesearch_index_queue_oldest_seconds") == 0
    assert page.read("imagesearch_embedding_coverage_ratio") == {("demo",): 1}
    assert page.read("imagesearch_store_owner") == {(kind,): 0 for kind in ("web", "index_worker", "command", "other")}


def test_coverage_is_that_of_the_active_model(sample: SampleTeam, scrape: Take) -> None:
    active = ensure_active_model()
    IndexWorker().drain()
    announce_model("another")
    page = scrape()
    assert page.read("imagesearch_embedding_coverage_ratio") == {(active.key,): 1}
    assert page.read("imagesearch_model_info") == {("another",): 1}


def test_teams_are_counted_by_their_quota(sample: SampleTeam, scrape: Take, settings: Settings) -> None:
    put_pictures(sample, 9)
    teams = Team.objects.filter(pk=sample.team.pk)
    assert scrape().read("imagesearch_teams") == {("none",): 4, ("free",): 0, ("near",): 0, ("full",): 0}
    for max_images, state in ((12, "free"), (11, "near"), (10, "full"), (9, "full")):
        teams.update(max_images=max_images)
        assert scrape().read("imagesearch_teams")[state,] == 1
    teams.update(max_images=0, max_bytes=1)
    assert scrape().read("imagesearch_teams")["full",] == 1
    settings.TEAM_MAX_IMAGES = 100
    assert scrape().read("imagesearch_teams") == {("none",): 0, ("free",): 3, ("near",): 0, ("full",): 1}


def test_queue_is_counted_up_to_a_limit(db: None, scrape: Take, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitoring, "MAX_COUNTED_JOBS", 5)
    IndexJob.objects.enqueue(range(1, 4))
    assert scrape().read_one("imagesearch_index_queue_length") == 3
    IndexJob.objects.enqueue(range(10, 20), priority=Priority.REBUILD)
    assert scrape().read_one("imagesearch_index_queue_length") == 5


def test_no_statement_reads_pictures_or_finished_work(sample: SampleTeam) -> None:
    put_pictures(sample, 3)
    with record_statements() as statements:
        monitoring._read_database()
        monitoring._read_quotas()
    assert len(statements) == 6
    image_table = f'"{Image._meta.db_table}"'
    assert not any(image_table in statement.sql for statement in statements)
    jobs = [explain(each) for each in statements if IndexJob._meta.db_table in each.sql]
    if connection.vendor == "sqlite":
        assert all("index_job_waiting" in plan.text for plan in jobs)


def test_broken_database_is_reported_and_other_parts_are_shown(
    sample: SampleTeam, scrape: Take, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection.close()
    with monkeypatch.context() as patch:
        patch.setitem(connection.settings_dict, "NAME", "/nonexistent/imagesearch.sqlite3")
        patch.setitem(connection.settings_dict, "PORT", "1")
        page, again = scrape(), scrape()
    readable = {("database",): 0, ("quotas",): 0, ("disk",): 1, ("processes",): 1}
    assert page.read("imagesearch_part_readable") == again.read("imagesearch_part_readable") == readable
    assert page.read("imagesearch_images") == {}
    assert page.read_one("imagesearch_processes", process="web") == 1
    assert len([line for line in caplog.messages if "“database” cannot be read" in line]) == 1
    assert set(scrape().read("imagesearch_part_readable").values()) == {1}


def test_part_that_hangs_ends_the_scrape_in_time_and_is_read_once(
    scrape: Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()
    monkeypatch.setattr(monitoring, "SCRAPE_TIMEOUT_S", 0.3)
    monkeypatch.setattr(get_part("database"), "read", lambda: (go_on.wait(60), [])[1])
    for _ in range(3):
        started = time.monotonic()
        page = scrape()
        assert time.monotonic() - started < 10
        assert page.read_one("imagesearch_part_readable", part="database") == 0
    assert [thread.name for thread in threading.enumerate()].count("read-database") == 1
    go_on.set()


def test_reading_is_kept_for_some_seconds(sample: SampleTeam, scrape: Take, monkeypatch: pytest.MonkeyPatch) -> None:
    scrape()
    monkeypatch.setattr(get_part("database"), "kept_s", 60)
    before = scrape().read_one("imagesearch_index_queue_length")
    put_pictures(sample, 2)
    assert scrape().read_one("imagesearch_index_queue_length") == before


def test_damaged_file_of_counts_is_reported(scrape: Take, settings: Settings) -> None:
    (settings.METRICS_DIR / "counter_7.db").write_bytes(b"\x40\0\0\0\0\0\0\0\x20\0\0\0{damaged" + bytes(48))
    page = scrape()
    assert page.read_one("imagesearch_part_readable", part="processes") == 0
    assert page.read_one("imagesearch_part_readable", part="database") == 1


def test_milvus_server_has_no_owner(settings: Settings) -> None:
    settings.MILVUS_URI = "http://127.0.0.1:9"
    assert get_store_owner() == 0


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/", "404"), ("POST", "/metrics", "405")])
def test_other_requests_are_refused(method: str, path: str, status: str) -> None:
    answers: list[str] = []
    body = export_metrics({"REQUEST_METHOD": method, "PATH_INFO": path}, lambda status, _: answers.append(status))
    assert b"imagesearch_" not in b"".join(body)
    assert answers[0].startswith(status)
