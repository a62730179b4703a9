"""The state of the site for programs: healthz, live and ready."""

from pathlib import Path

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from pytest_django import Settings

from collections_app import encoders
from collections_app.index import close_index
from collections_app.services.health import PART_NAMES
from tests.sample_team import CLOSED_PORT

PROBES = ("/-/live/", "/-/ready/")
# What Kubernetes sends: the address of the container, over http.
CONTAINER = {"host": "10.1.2.3:8000"}


@pytest.fixture(autouse=True)
def fresh_states(monkeypatch: pytest.MonkeyPatch) -> None:
    """Check the parts in every call."""
    monkeypatch.setattr("collections_app.services.health._KEPT_S", -1)


def test_health_needs_no_account(client: Client, db: None) -> None:
    answer = client.get("/healthz/")
    assert (answer.status_code, answer.content) == (200, b"ok")


def test_site_is_healthy(client: Client, db: None) -> None:
    assert client.get("/healthz/").content == b"ok"
    assert client.get("/healthz/", headers={"Accept": "application/json"}).json() == {"status": "ok"}


def test_health_check_reports_a_missing_migration(client: Client, db: None) -> None:
    recorder = MigrationRecorder(connection)
    app, name = max(migration for migration in recorder.applied_migrations() if migration[0] == "collections_app")
    recorder.record_unapplied(app, name)
    response = client.get("/healthz/")
    assert response.status_code == 503
    assert "Run manage.py migrate" in response.content.decode()
    answer = client.get("/healthz/", headers={"Accept": "application/json"})
    assert (answer.status_code, "Run manage.py migrate" in answer.json()["error"]) == (503, True)


def test_health_check_reports_a_database_without_tables(client: Client, db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE django_migrations RENAME TO django_migrations_away")
    assert client.get("/healthz/").status_code == 503


def test_live_needs_no_database(client: Client) -> None:
    """Without the fixture `db`, every use of the database is an error."""
    answer = client.get("/-/live/")
    assert (answer.status_code, answer.content) == (200, b"ok")


def test_ready_names_each_part(client: Client, db: None) -> None:
    answer = client.get("/-/ready/")
    parts = answer.json()
    assert answer.status_code == 200
    assert tuple(parts) == PART_NAMES
    assert all(part["ok"] is True and part["detail"].endswith(".") for part in parts.values())


def test_ready_is_a_503_that_names_the_part(client: Client, db: None, broken_index: None) -> None:
    answer = client.get("/-/ready/")
    assert answer.status_code == 503
    assert [name for name, part in answer.json().items() if not part["ok"]] == ["index"]


def break_part(part: str, settings: Settings, patch: pytest.MonkeyPatch, folder: Path) -> None:
    if part == "database":
        connection.close()
        patch.setitem(connection.settings_dict, "NAME", "/nonexistent/imagesearch.sqlite3")
        patch.setitem(connection.settings_dict, "PORT", "1")
    elif part == "storage":
        (folder / "health").rmdir()
        (folder / "health").write_bytes(b"in the way of the folder")
    elif part == "index":
        close_index()
        settings.MILVUS_URI = CLOSED_PORT
    else:
        patch.setattr(encoders, "_background_loads", {})
        settings.CLIP_MODEL_PATH = str(folder)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("part", "failing"),
    [("database", ["database", "migrations"]), *((part, [part]) for part in ("storage", "index", "model"))],
)
def test_ready_names_what_fails_and_recovers(
    part: str, failing: list[str], client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "storage"
    folder.mkdir()
    local = "collections_app.services.library.local_storage.PrivateFolder"
    default = {"BACKEND": local, "OPTIONS": {"location": folder, "base_url": None}}
    settings.STORAGES = {**settings.STORAGES, "default": default}
    before = (settings.MILVUS_URI, settings.CLIP_MODEL_PATH)
    assert client.get("/-/ready/").status_code == 200
    with monkeypatch.context() as patch:
        break_part(part, settings, patch, folder)
        answer = client.get("/-/ready/")
    assert answer.status_code == 503
    assert [name for name, state in answer.json().items() if not state["ok"]] == failing
    assert str(tmp_path) not in answer.content.decode()
    close_index()
    settings.MILVUS_URI, settings.CLIP_MODEL_PATH = before
    if part == "storage":
        (folder / "health").unlink()
    assert client.get("/-/ready/").status_code == 200


@pytest.mark.parametrize("path", PROBES)
def test_probe_may_name_any_host_and_use_http(path: str, client: Client, db: None, settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["pictures.example.com"]
    settings.SECURE_SSL_REDIRECT = True
    assert client.get(path, headers=CONTAINER).status_code == 200


@pytest.mark.parametrize("path", ["/healthz/", "/", "/-/", "/-/other/"])
def test_other_addresses_keep_the_checks_of_host_and_https(
    path: str, client: Client, db: None, settings: Settings
) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert client.get(path).status_code == 301
    settings.SECURE_SSL_REDIRECT = False
    settings.ALLOWED_HOSTS = ["pictures.example.com"]
    assert client.get(path, headers=CONTAINER).status_code == 400


@pytest.mark.parametrize("path", PROBES)
def test_probe_is_not_cached_and_sets_no_cookie(path: str, client: Client, db: None) -> None:
    answer = client.get(path)
    assert "no-store" in answer.headers["Cache-Control"]
    assert not answer.cookies
