"""The dashboard of the administration: what it shows, who may see and use it, and how much it reads."""

import subprocess
import sys
import tomllib
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import Permission
from django.core.checks import Warning as CheckWarning
from django.core.checks import register
from django.core.checks.registry import registry
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from collections_app.encoders import get_encoder
from collections_app.models import (
    AuditEvent,
    Image,
    IndexAudit,
    IndexingPause,
    IndexJob,
    IndexModel,
    IndexState,
    Membership,
    Role,
    Team,
    User,
)
from collections_app.services.indexing.audit import IndexReport, record_audit
from collections_app.services.indexing.kept_models import get_active_model
from collections_app.services.indexing.pausing import pause_indexing
from collections_app.services.indexing.worker import IndexWorker
from collections_app.services.library.collections import create_collection
from collections_app.services.site_state import TEAMS_SHOWN
from tests.sample_team import SampleTeam, put_picture, sign_in_client

pytestmark = pytest.mark.django_db

DASHBOARD = "/admin/collections_app/indexingpause/"
ROOT = Path(__file__).parent.parent


@pytest.fixture
def root(sample: SampleTeam) -> Client:
    return sign_in_client(User.objects.create_superuser("root@example.com", "a long password"))


def read_dashboard(client: Client, query: str = "") -> str:
    """Return the page with single blanks."""
    return " ".join(client.get(DASHBOARD + query).content.decode().split())


def make_report(*, vectors: int = 3, missing: Sequence[int] = ()) -> IndexReport:
    return IndexReport(model=get_active_model(), image_count=3, vectors=vectors, missing=list(missing))


def make_staff(*codenames: str) -> Client:
    person = User.objects.create_user("clerk@example.com", "a long password", is_staff=True)
    person.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return sign_in_client(person)


def fail_jobs(*errors: str) -> None:
    for error, job in zip(errors, IndexJob.objects.order_by("pk"), strict=True):
        IndexJob.objects.filter(pk=job.pk).update(is_failed=True, attempts=5, error=error)
        Image.objects.filter(pk=job.image_id).record_index_state(index_state=IndexState.FAILED, index_error=error)


def test_only_staff_with_the_right_see_it(sample: SampleTeam) -> None:
    assert Client().get(DASHBOARD).status_code == 302
    assert sign_in_client(sample.owner).get(DASHBOARD).status_code == 302
    clerk = make_staff("view_image", "view_team")
    assert clerk.get(DASHBOARD).status_code == 403
    assert "indexingpause" not in clerk.get("/admin/").content.decode()


def test_staff_who_may_only_view_cannot_pause(sample: SampleTeam) -> None:
    clerk = make_staff("view_indexingpause")
    assert "Pause indexing" not in read_dashboard(clerk)
    for action in ("pause", "resume", "retry"):
        assert clerk.post(f"{DASHBOARD}{action}/").status_code == 403
    assert not IndexingPause.objects.exists()
    assert not AuditEvent.objects.exists()


def test_staff_with_the_right_to_change_pause_and_resume(sample: SampleTeam) -> None:
    clerk = make_staff("view_indexingpause", "change_indexingpause")
    assert clerk.get(f"{DASHBOARD}pause/").status_code == 405
    page = clerk.post(f"{DASHBOARD}pause/", follow=True).content.decode()
    assert "Indexing is paused on all machines. Batches that have begun are finished." in page
    assert "clerk@example.com" in read_dashboard(clerk)
    assert "Indexing was paused already." in clerk.post(f"{DASHBOARD}pause/", follow=True).content.decode()
    assert "Indexing is resumed." in clerk.post(f"{DASHBOARD}resume/", follow=True).content.decode()
    assert "Indexing was not paused." in clerk.post(f"{DASHBOARD}resume/", follow=True).content.decode()


def test_forged_form_of_another_site_is_refused(sample: SampleTeam) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.create_superuser("root@example.com", "a long password"))
    assert client.post(f"{DASHBOARD}pause/").status_code == 403
    assert not IndexingPause.objects.exists()


def test_failed_jobs_are_shown_by_reason_and_retried(root: Client, sample: SampleTeam) -> None:
    for colour in ("navy", "teal"):
        put_picture(sample.collection, sample.owner, f"{colour}.png", colour=colour)
    fail_jobs("It is damaged.", "<b>The disk</b> was full.", "It is damaged.")
    page = read_dashboard(root)
    assert "<strong>2</strong> It is damaged." in page
    assert "<strong>1</strong> &lt;b&gt;The disk&lt;/b&gt; was full." in page
    assert "Retrying 3 jobs." in root.post(f"{DASHBOARD}retry/", follow=True).content.decode()
    assert not IndexJob.objects.failed().exists()
    assert "No job has failed." in root.post(f"{DASHBOARD}retry/", follow=True).content.decode()


def test_pause_is_shown_where_pictures_wait(sample: SampleTeam) -> None:
    pause_indexing(user=sample.owner)
    client = sign_in_client(sample.viewer)
    for address in ("/", "/indexing/status/", f"/images/{sample.image.pk}/"):
        assert "Indexing is paused" in client.get(address).content.decode(), address
    chip = client.get("/indexing/status/", headers={"HX-Request": "true"}).content.decode()
    assert "Indexing is paused: 1 picture waits" in " ".join(chip.split())
    page = client.get("/indexing/status/").content.decode()
    assert "An administrator has paused indexing. 1 picture waits" in " ".join(page.split())


def test_teams_are_shown_with_coverage_and_storage(root: Client, sample: SampleTeam) -> None:
    Team.objects.filter(pk=sample.team.pk).update(max_bytes=2**30)
    put_picture(sample.collection, sample.owner, "navy.png", colour="navy")
    indexed = Image.objects.filter(pk=sample.image.pk)
    indexed.record_index_state(index_state=IndexState.INDEXED, index_model_key=get_encoder().key)
    page = read_dashboard(root)
    assert "Gardeners" in page
    assert "1 (50&nbsp;%)" in page
    assert "1.0 GB used" in page.replace("\xa0", " ")


@pytest.mark.django_db(transaction=True)
def test_incomplete_teams_are_listed_alone(root: Client, sample: SampleTeam) -> None:
    page = read_dashboard(root, "?teams=incomplete")
    assert "Gardeners" in page
    assert ">viewer@example.com<" not in page
    IndexWorker().drain()
    assert "Gardeners" not in read_dashboard(root, "?teams=incomplete")


def test_teams_are_paged_without_gaps(root: Client, sample: SampleTeam) -> None:
    Team.objects.bulk_create(Team(name=f"Team number {number}") for number in range(TEAMS_SHOWN))
    names, query = set[str](), ""
    for _ in range(3):
        page = root.get(DASHBOARD + query).context["page"]
        names |= {state.team.name for state in page.teams}
        query = f"?after_id={page.next_id}"
        if page.next_id is None:
            break
    assert names == set(Team.objects.values_list("name", flat=True))
    assert root.get(f"{DASHBOARD}?after_id=x").status_code == 200


def test_last_audit_is_shown(root: Client, sample: SampleTeam) -> None:
    assert "Never. Run manage.py reindex --check." in read_dashboard(root)
    record_audit([make_report(vectors=1, missing=[1, 2])], is_check=True)
    assert "2 differences. Run manage.py reindex." in read_dashboard(root)
    record_audit([make_report()], is_check=True, altered=0)
    assert "Database and index agree." in read_dashboard(root)
    record_audit([], is_check=True, problem="The search index is damaged: a file.")
    assert "The search index is damaged: a file." in read_dashboard(root)
    assert root.get("/admin/collections_app/indexaudit/").status_code == 200


def test_model_in_preparation_is_shown_with_its_progress(root: Client, sample: SampleTeam) -> None:
    Image.objects.all().record_index_state(index_state=IndexState.INDEXED, index_model_key=get_encoder().key)
    assert "Another model" not in read_dashboard(root)
    begun = timezone.now() - timedelta(minutes=1)
    row = IndexModel.objects.create(
        name="other", dtype="float32", key="o", dim=2, slot=2, state="preparing", created_at=begun
    )
    assert "other, Being prepared, 0 / 1 pictures" in read_dashboard(root)
    put_picture(sample.collection, sample.owner, "navy.png", colour="navy")
    Image.objects.all().record_index_state(index_state=IndexState.INDEXED, index_model_key=get_encoder().key)
    Image.objects.filter(pk=sample.image.pk).record_index_state(second_model_key=row.key)
    assert "other, Being prepared, 1 / 2 pictures, time left: 1 minute" in read_dashboard(root).replace("\xa0", " ")
    IndexModel.objects.update(state="ready")
    assert "other, Ready<" in read_dashboard(root).replace(" <", "<")


def test_audit_of_two_models_is_one_record(db: None) -> None:
    audit = record_audit([make_report(missing=[1]), make_report(vectors=1, missing=[1, 2])], is_check=True)
    assert (audit.image_count, audit.vector_count, audit.missing, audit.altered) == (3, 4, 3, None)


def test_last_backup_is_shown(root: Client, sample: SampleTeam, settings: Settings, tmp_path: Path) -> None:
    assert "Unknown. Set BACKUP_DIR and BACKUP_AT." in read_dashboard(root)
    settings.BACKUP_DIR = tmp_path / "backups"
    assert "Never. Run manage.py backup." in read_dashboard(root)
    settings.BACKUP_DIR.mkdir()
    IndexWorker().drain()
    call_command("backup")
    assert " of files." in read_dashboard(root)


def test_only_the_latest_audits_are_kept(db: None) -> None:
    IndexAudit.objects.bulk_create(IndexAudit(is_check=True) for _ in range(150))
    latest = record_audit([make_report()], is_check=True)
    assert IndexAudit.objects.count() == 100
    assert IndexAudit.objects.filter(pk=latest.pk).exists()


def test_warnings_of_the_deployment_check_are_shown(root: Client, settings: Settings) -> None:
    settings.EMAIL_HOST = ""
    assert "imagesearch.W019" in read_dashboard(root)
    settings.EMAIL_HOST = "mail.example.com"
    assert "imagesearch.W019" not in read_dashboard(root)


def test_texts_of_warnings_are_escaped(root: Client) -> None:
    before = set(registry.registered_checks)

    @register
    def warn(**_: object) -> list[CheckWarning]:
        return [CheckWarning("<script>alert(1)</script>", id="test.W001")]

    try:
        assert "<script>alert(1)" not in read_dashboard(root)
    finally:
        registry.registered_checks = before


def test_versions_and_services_are_shown_without_secrets(root: Client, settings: Settings) -> None:
    settings.MILVUS_URI, settings.MILVUS_TOKEN = "https://user:tulip@milvus.example.com:19530", "rosebud"
    page = read_dashboard(root)
    assert "Milvus server at milvus.example.com" in page
    assert "tulip" not in page
    assert "rosebud" not in page
    assert "pymilvus" in page


def test_product_version_is_that_of_the_project(settings: Settings) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == settings.PRODUCT_VERSION


def test_dashboard_imports_neither_torch_nor_milvus() -> None:
    program = (
        "import os, sys; os.environ['DJANGO_SETTINGS_MODULE'] = 'imagesearch.settings'\n"
        "import django; django.setup()\n"
        "from collections_app.services.site_state import list_versions, list_modes\n"
        "from collections_app.admin.dashboard import list_deployment_warnings\n"
        "list_versions(), list_modes(), list_deployment_warnings()\n"
        "heavy = {'torch', 'transformers', 'pymilvus', 'milvus_lite', 'grpc'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)


def test_number_of_statements_does_not_depend_on_teams_and_jobs(root: Client, sample: SampleTeam) -> None:
    def count_statements() -> int:
        with CaptureQueriesContext(connection) as queries:
            root.get(DASHBOARD)
        return len(queries)

    few = count_statements()
    for number in range(9):
        team = Team.objects.create(name=f"Team {number}")
        Membership.objects.create(team=team, user=sample.owner, role=Role.OWNER)
        collection = create_collection(team=team, name="Garden", creator=sample.owner)
        put_picture(collection, sample.owner, f"{number}.png", colour=(number, 9, 9))
    fail_jobs(*(f"Reason {number}." for number in range(10)))
    assert count_statements() == few
