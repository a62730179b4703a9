"""`manage.py check`: data that others can read, and connections that others can read."""

import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.checks import run_checks
from django.utils import timezone
from pytest_django import Settings

from collections_app.services.backup.manifest import FORMAT, Manifest, PartFile, write_manifest

ROOT = Path(__file__).parent.parent


def run_manage(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command as somebody whose new files are readable for all, as on most machines."""
    return subprocess.run(
        ["sh", "-c", 'umask 022; exec "$@"', "sh", sys.executable, "manage.py", *words],
        cwd=ROOT,
        env={**os.environ, "DATA_DIR": str(folder), "HTTPS": "true", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def list_open_to_others(folder: Path) -> set[str]:
    """Return what another account of the machine can read: files in folders that it may enter."""
    found: set[str] = set()
    for path in folder.iterdir():
        mode = stat.S_IMODE(path.stat().st_mode)
        if path.is_dir() and mode & 0o011:
            found |= {f"{path.name}/{name}" for name in list_open_to_others(path)}
        if path.is_file() and mode & 0o077:
            found.add(path.name)
    return found


def test_others_read_nothing_in_a_folder_that_was_made_by_hand(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    ended = run_manage(tmp_path, "migrate", "--verbosity", "0")
    assert ended.returncode == 0, ended.stderr
    assert (tmp_path / "imagesearch.sqlite3").stat().st_size > 0
    assert list_open_to_others(tmp_path) == set()


def test_data_of_an_earlier_version_is_closed_at_the_next_start(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    for name in ("imagesearch.sqlite3", "imagesearch.sqlite3-wal", "imagesearch.sqlite3-shm", "secret-key"):
        (tmp_path / name).write_text("secret")
        (tmp_path / name).chmod(0o644)
    for name in ("uploads", "index"):
        (tmp_path / name).mkdir(mode=0o755)
        (tmp_path / name / "picture.jpg").write_text("secret")
    assert run_manage(tmp_path, "check").returncode == 0
    assert list_open_to_others(tmp_path) == set()


def test_check_warns_of_a_folder_in_which_others_can_replace_files(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    assert "imagesearch.W011" in run_manage(tmp_path, "check").stderr
    tmp_path.chmod(0o755)
    assert "imagesearch.W01" not in run_manage(tmp_path, "check").stderr


def test_check_warns_of_data_that_cannot_be_closed(tmp_path: Path, settings: Settings) -> None:
    """Such as files of another account: only their owner can close them."""
    file = tmp_path / "imagesearch.sqlite3"
    file.write_text("")
    settings.PRIVATE_PATHS = [file, tmp_path / "missing"]
    for mode, expected in ((0o644, ["imagesearch.W010"]), (0o640, ["imagesearch.W010"]), (0o600, [])):
        file.chmod(mode)
        assert [each.id for each in run_checks() if each.id == "imagesearch.W010"] == expected


OIDC = {"OIDC_NAME": "Acme", "OIDC_CLIENT_ID": "id", "OIDC_CLIENT_SECRET": "secret"}
POSTGRESQL = "postgresql://user:password@{}/name"


@pytest.mark.parametrize(
    ("environment", "number"),
    [
        ({**OIDC, "OIDC_SERVER_URL": "http://login.example.com"}, "E010"),
        ({"MILVUS_URI": "http://milvus.example.com:19530"}, "W012"),
        ({"MILVUS_URI": "http://milvus.example.com:19530", "MILVUS_TOKEN": "token"}, "W002"),
        ({"STORAGE_URL": "s3://bucket", "AWS_ENDPOINT_URL": "http://s3.example.com"}, "W013"),
        ({"STORAGE_URL": "s3://bucket", "AWS_ENDPOINT_URL_S3": "http://s3.example.com"}, "W013"),
        ({"DATABASE_URL": POSTGRESQL.format("db.example.com")}, "W014"),
        ({"DATABASE_URL": POSTGRESQL.format("db.example.com") + "?sslmode=prefer"}, "W014"),
        ({"EMAIL_HOST": "mail.example.com", "EMAIL_USE_TLS": "false"}, "W015"),
    ],
)
def test_deployment_check_reports_unencrypted_connections(
    environment: dict[str, str], number: str, tmp_path: Path
) -> None:
    ended = run_manage(tmp_path, "check", "--deploy", "--fail-level", "WARNING", **environment)
    assert ended.returncode != 0
    assert f"imagesearch.{number}" in ended.stderr


SEVERAL = {"MACHINES": "2", "SECRET_KEY": "abcdefghij" * 6}
SERVICES = {
    "DATABASE_URL": f"{POSTGRESQL.format('db.example.com')}?sslmode=verify-full",
    "MILVUS_URI": "https://milvus.example.com",
    "STORAGE_URL": "s3://bucket",
}
COMPLETE = {"TRUSTED_PROXY_COUNT": "1", "EMAIL_HOST": "mail.example.com", "BACKUP_AT": "03:30"}


@pytest.fixture
def backups(tmp_path: Path) -> Path:
    """A folder with one complete backup of nothing."""
    folder = tmp_path / "backups" / "20261101-033000-000000"
    folder.mkdir(parents=True)
    manifest = Manifest(
        format=FORMAT,
        started_at=timezone.now(),
        finished_at=timezone.now(),
        database="sqlite",
        versions={},
        migrations=(),
        secret_key="",
        tables=(),
        vectors=(),
        files=PartFile(path="files.jsonl", rows=0, sha256=""),
        file_bytes=0,
        problems=(),
    )
    write_manifest(folder, manifest)
    return folder.parent


@pytest.mark.parametrize(
    ("environment", "number"),
    [
        ({**SEVERAL, **SERVICES, "DATABASE_URL": ""}, "W016"),
        ({**SEVERAL, **SERVICES, "MILVUS_URI": ""}, "W017"),
        ({**SEVERAL, **SERVICES, "STORAGE_URL": ""}, "W018"),
        ({"EMAIL_HOST": ""}, "W019"),
        ({"TRUSTED_PROXY_COUNT": None}, "W003"),
        ({"BACKUP_AT": ""}, "W020"),
        ({**SEVERAL, **SERVICES, "BACKUP_DIR": "/nonexistent"}, "W021"),
    ],
)
def test_deployment_check_warns_of_what_is_missing(
    environment: dict[str, str | None], number: str, tmp_path: Path, backups: Path
) -> None:
    every = {**COMPLETE, "BACKUP_DIR": str(backups), **environment}
    given = {name: value for name, value in every.items() if value is not None}
    ended = run_manage(tmp_path, "check", "--deploy", "--fail-level", "WARNING", **given)
    assert ended.returncode != 0
    assert re.findall(r"imagesearch\.(\w+)", ended.stderr) == [number]


@pytest.mark.parametrize("environment", [{}, {"MACHINES": "1"}, {**SEVERAL, **SERVICES}])
def test_complete_deployment_has_no_warning(environment: dict[str, str], tmp_path: Path, backups: Path) -> None:
    given = {**COMPLETE, "BACKUP_DIR": str(backups), **environment}
    ended = run_manage(tmp_path, "check", "--deploy", "--fail-level", "WARNING", **given)
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize(
    "environment",
    [
        {**OIDC, "OIDC_SERVER_URL": "https://login.example.com"},
        {**OIDC, "OIDC_SERVER_URL": "http://localhost:9000"},
        {"MILVUS_URI": "https://milvus.example.com"},
        {"MILVUS_URI": "http://127.0.0.1:19530"},
        {"STORAGE_URL": "s3://bucket"},
        {"STORAGE_URL": "s3://bucket", "AWS_ENDPOINT_URL": "http://127.0.0.1:9000"},
        {"AWS_ENDPOINT_URL": "http://s3.example.com"},
        {"DATABASE_URL": POSTGRESQL.format("localhost")},
        {"DATABASE_URL": POSTGRESQL.format("db.example.com") + "?sslmode=verify-full"},
        {"EMAIL_HOST": "mail.example.com"},
        {"EMAIL_HOST": "localhost", "EMAIL_USE_TLS": "false"},
    ],
)
def test_deployment_check_accepts_encrypted_and_local_connections(environment: dict[str, str], tmp_path: Path) -> None:
    ended = run_manage(tmp_path, "check", "--deploy", **environment)
    assert ended.returncode == 0, ended.stderr
    assert not [name for name in ("E010", "W012", "W013", "W014", "W015") if f"imagesearch.{name}" in ended.stderr]


def test_single_sign_on_over_http_fails_the_deployment_check(tmp_path: Path) -> None:
    ended = run_manage(tmp_path, "check", "--deploy", **OIDC, OIDC_SERVER_URL="http://login.example.com")
    assert ended.returncode != 0
