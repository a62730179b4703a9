"""The state of each part: what fails is named, and neither hides nor delays the others."""

import json
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from pytest_django import Settings

from collections_app import encoders
from collections_app.encoders import load_in_background
from collections_app.errors import EncoderError
from collections_app.index import close_index
from collections_app.services.health import PART_NAMES, PartState, check_parts
from collections_app.services.library.local_storage import PrivateFolder
from tests.clock import wait_until
from tests.encoders.slow_encoder import SlowEncoder
from tests.sample_team import CLOSED_PORT
from tests.services.library.s3_server import faulty_s3

pytestmark = pytest.mark.django_db(transaction=True)
# A bound that a busy machine keeps.
BOUND_S = 30


@pytest.fixture(autouse=True)
def fresh_states(monkeypatch: pytest.MonkeyPatch) -> None:
    """Check the parts in every call."""
    monkeypatch.setattr("collections_app.services.health._KEPT_S", -1)


@pytest.fixture(autouse=True)
def drive(own_folders: None, settings: Settings, tmp_path: Path) -> None:
    """A folder, also where the other tests store their files on S3."""
    default = {
        "BACKEND": "collections_app.services.library.local_storage.PrivateFolder",
        "OPTIONS": {"location": tmp_path / "uploads", "base_url": None},
    }
    settings.STORAGES = {**settings.STORAGES, "default": default}


@pytest.fixture
def silent_server() -> Iterator[str]:
    """The address of a server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


class OtherBytes(PrivateFolder):
    """As a cache that answers with another file."""

    def _open(self, name: str, mode: str = "rb") -> ContentFile[bytes]:
        return ContentFile(b"other")


@pytest.fixture
def no_background_loads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoders, "_background_loads", {})


@pytest.fixture
def slow_model(no_background_loads: None, settings: Settings) -> Iterator[None]:
    """Loads when the test sets `SlowEncoder.is_loaded`, or ends."""
    settings.ENCODER_CLASS = "tests.encoders.slow_encoder.SlowEncoder"
    SlowEncoder.is_loaded.clear()
    yield
    SlowEncoder.is_loaded.set()
    wait_until(lambda: "check-model" not in [thread.name for thread in threading.enumerate()])


def list_failing(parts: dict[str, PartState]) -> list[str]:
    return [name for name, part in parts.items() if not part.is_ok]


def test_all_parts_work() -> None:
    assert tuple(check_parts()) == PART_NAMES
    assert list_failing(check_parts()) == []


def test_only_the_named_parts_are_checked(broken_index: None) -> None:
    assert list(check_parts(["storage", "database"])) == ["storage", "database"]
    assert list_failing(check_parts(["index"])) == ["index"]


def test_missing_migration_is_reported() -> None:
    recorder = MigrationRecorder(connection)
    app, name = max(migration for migration in recorder.applied_migrations() if migration[0] == "collections_app")
    recorder.record_unapplied(app, name)
    try:
        parts = check_parts()
    finally:
        recorder.record_applied(app, name)
    assert list_failing(parts) == ["migrations"]
    assert "Run manage.py migrate" in parts["migrations"].detail


def test_database_that_is_away_leaves_the_other_parts_working(monkeypatch: pytest.MonkeyPatch) -> None:
    connection.close()
    monkeypatch.setitem(connection.settings_dict, "NAME", "/nonexistent/imagesearch.sqlite3")
    monkeypatch.setitem(connection.settings_dict, "PORT", "1")
    parts = check_parts()
    monkeypatch.undo()
    assert list_failing(parts) == ["database", "migrations"]
    assert "nonexistent" not in str(parts)


def test_storage_keeps_no_file_of_a_check(settings: Settings) -> None:
    assert check_parts(["storage"])["storage"].is_ok
    assert default_storage.listdir("health") == ([], [])


def test_storage_that_cannot_be_written_is_reported_without_its_path(tmp_path: Path) -> None:
    (tmp_path / "uploads").mkdir(exist_ok=True)
    (tmp_path / "uploads" / "health").write_bytes(b"in the way of the folder")
    parts = check_parts()
    assert list_failing(parts) == ["storage"]
    assert str(tmp_path) not in str(parts)


def test_storage_that_returns_other_bytes_is_reported(settings: Settings) -> None:
    settings.STORAGES["default"]["BACKEND"] = "tests.services.test_health.OtherBytes"
    assert "other bytes" in check_parts(["storage"])["storage"].detail
    assert default_storage.listdir("health") == ([], [])


@pytest.mark.parametrize("fault", ["silent", "no right", "wrong key", "hangs up"])
def test_faults_of_s3_are_reported_in_bounded_time(
    fault: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"ACCESS_KEY_ID": "test", "SECRET_ACCESS_KEY": "test", "DEFAULT_REGION": "us-east-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    settings.STORAGES["default"] = {
        "BACKEND": "collections_app.services.library.s3_storage.PrivateBucket",
        "OPTIONS": {"bucket_name": "pictures", "file_overwrite": False},
    }
    with faulty_s3() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.address)
        server.fault = fault
        start = time.monotonic()
        parts = check_parts()
        assert time.monotonic() - start < BOUND_S
    assert list_failing(parts) == ["storage"]


def test_index_that_cannot_be_opened_is_reported_without_its_path(settings: Settings, tmp_path: Path) -> None:
    close_index()
    settings.EMBEDDED_STORE_DIR = tmp_path / "file"
    settings.EMBEDDED_STORE_DIR.write_bytes(b"")
    parts = check_parts()
    assert list_failing(parts) == ["index"]
    assert str(tmp_path) not in str(parts)


def test_index_that_is_silent_is_reported_in_bounded_time(settings: Settings, silent_server: str) -> None:
    close_index()
    settings.MILVUS_URI = f"http://{silent_server}"
    start = time.monotonic()
    parts = check_parts()
    assert time.monotonic() - start < BOUND_S
    assert list_failing(parts) == ["index"]


def test_index_works_without_a_model(settings: Settings, tmp_path: Path, no_background_loads: None) -> None:
    settings.CLIP_MODEL_PATH = str(tmp_path)
    parts = check_parts()
    assert list_failing(parts) == ["model"]
    assert str(tmp_path) not in str(parts)


def test_model_that_is_not_on_this_machine_is_not_downloaded(
    settings: Settings, no_background_loads: None, monkeypatch: pytest.MonkeyPatch, silent_server: str
) -> None:
    settings.CLIP_MODEL_PATH = "nobody/no-model"
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", f"http://{silent_server}")
    assert check_parts(["model"])["model"].detail == "The model cannot be loaded."


def test_model_is_ready_when_it_has_loaded_in_the_background(slow_model: None) -> None:
    loading = load_in_background(max_wait_s=0.01)
    assert check_parts(["model"])["model"].detail == "The model is still loading."
    SlowEncoder.is_loaded.set()
    loading.result(60)
    assert check_parts(["model"])["model"].is_ok


def test_check_that_hangs_is_reported_and_not_started_again(slow_model: None) -> None:
    load_in_background(max_wait_s=60)
    for _ in range(2):
        parts = check_parts(["database", "model"])
        assert list_failing(parts) == ["model"]
        assert "no answer within 3 seconds" in parts["model"].detail
    assert [thread.name for thread in threading.enumerate()].count("check-model") == 1


def test_damaged_model_is_reported_and_recovers(no_background_loads: None, settings: Settings, tmp_path: Path) -> None:
    """A site that is not ready gets no requests, so the check itself must try again."""
    settings.ENCODER_CLASS = "collections_app.encoders.clip.ClipEncoder"
    folder = tmp_path / "model"
    shutil.copytree(settings.DEMO_MODEL_DIR, folder)
    config = (folder / "config.json").read_text()
    (folder / "config.json").write_text(json.dumps({"model_type": "unknown"}))
    settings.CLIP_MODEL_PATH = str(folder)
    with pytest.raises(EncoderError):
        load_in_background().result(60)
    assert check_parts(["model"])["model"].detail == "The model cannot be loaded."
    (folder / "config.json").write_text(config)
    deadline = time.monotonic() + 60
    while not check_parts(["model"])["model"].is_ok:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_reason_is_logged_once(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    assert check_parts(["index"])["index"].is_ok
    close_index()
    settings.MILVUS_URI = CLOSED_PORT
    for _ in range(3):
        check_parts(["index"])
    assert len([line for line in caplog.messages if line.startswith("The index does not answer. (")]) == 1
