"""The settings: every variable is documented, and a wrong value stops the start with a sentence."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from imagesearch import env

ROOT = Path(__file__).parent.parent


def test_every_variable_is_documented_and_no_other() -> None:
    read = set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', (ROOT / "imagesearch" / "settings.py").read_text()))
    documented = set(re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "docs" / "operating.md").read_text(), re.MULTILINE))
    assert read == documented


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("MAX_UPLOAD_MB", "many", "MAX_UPLOAD_MB must be a whole number"),
        ("MAX_UPLOAD_MB", "0", "MAX_UPLOAD_MB must be at least 1"),
        ("HTTPS", "perhaps", "HTTPS must be true or false"),
        ("CLIP_DTYPE", "int3", "CLIP_DTYPE must be one of"),
        ("MILVUS_URI", "store.db", "MILVUS_URI must begin with http"),
        ("OIDC_NAME", "Acme", "OIDC_SERVER_URL, OIDC_CLIENT_ID, OIDC_CLIENT_SECRET must be set as well"),
        ("OIDC_SERVER_URL", "login.example.com", "OIDC_SERVER_URL must be an address that begins with https://"),
        ("MAX_ARCHIVE_PICTURES", "10", "MAX_ARCHIVE_PICTURES is now called MAX_ARCHIVE_IMAGES"),
        ("TEAM_MAX_PICTURES", "10", "TEAM_MAX_PICTURES is now called TEAM_MAX_IMAGES"),
        ("SCRIPT_NAME", "/pictures", "SCRIPT_NAME is now called SITE_PATH"),
        ("SITE_PATH", "pictures", "SITE_PATH must be a path such as /pictures"),
        ("INDEX_SHARE_OF_MACHINE", "101", "INDEX_SHARE_OF_MACHINE must be at most 100"),
        ("WEB_THREADS", "1", "WEB_THREADS must be at least 5"),
        ("WEB_MAX_ZIPS", "8", "WEB_MAX_ZIPS must be less than WEB_THREADS (8), not 8"),
        ("WEB_MAX_SEARCHES", "20", "WEB_MAX_SEARCHES must be less than WEB_THREADS (8), not 20"),
        ("EMAIL_TIMEOUT", "0", "EMAIL_TIMEOUT must be at least 1"),
        ("BACKUP_AT", "25:00", "BACKUP_AT must be a time of the day such as 03:30, not '25:00'"),
        ("BACKUP_AT", "03:30", "BACKUP_AT needs BACKUP_DIR"),
        ("BACKUP_KEEP", "0", "BACKUP_KEEP must be at least 1"),
        ("TRUSTED_PROXY_COUNT", "-1", "TRUSTED_PROXY_COUNT must be at least 0"),
    ],
)
def test_a_wrong_value_stops_the_start_with_a_sentence(name: str, value: str, sentence: str, tmp_path: Path) -> None:
    environment = {**os.environ, "DATA_DIR": str(tmp_path), name: value}
    ended = subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode != 0
    assert sentence in ended.stderr


def write_file(tmp_path: Path, content: bytes) -> str:
    path = tmp_path / "secret"
    path.write_bytes(content)
    return str(path)


@pytest.mark.parametrize("content", [b"p\xc3\xa4ss word", b"p\xc3\xa4ss word\n", b"\xef\xbb\xbfp\xc3\xa4ss word\r\n"])
def test_setting_may_come_from_a_file(content: bytes, tmp_path: Path) -> None:
    program = "from imagesearch import settings as s; print(ascii(s.EMAIL_HOST_PASSWORD))"
    ended = run_with(tmp_path, "-c", program, EMAIL_HOST_PASSWORD_FILE=write_file(tmp_path, content))
    assert ended.stdout.strip() == ascii("päss word")


def test_every_kind_of_setting_may_come_from_a_file(tmp_path: Path) -> None:
    files = {}
    for name, value in {"HTTPS": "true", "PORT": "8123", "ALLOWED_HOSTS": "a.example,b.example"}.items():
        (tmp_path / name).write_text(f"{value}\n")
        files[f"{name}_FILE"] = str(tmp_path / name)
    program = "from imagesearch import settings as s; print(s.HTTPS, s.PORT, s.ALLOWED_HOSTS)"
    assert run_with(tmp_path, "-c", program, **files).stdout.strip() == "True 8123 ['a.example', 'b.example']"


def test_keys_that_boto3_reads_may_come_from_files(tmp_path: Path) -> None:
    """The processes that `serve` starts inherit them."""
    program = tmp_path / "program.py"
    program.write_text(
        "import subprocess, sys; from imagesearch import settings\n"
        "import boto3; print(boto3.Session().get_credentials().secret_key, flush=True)\n"
        "if len(sys.argv) < 2: subprocess.run([sys.executable, sys.argv[0], 'child'], check=True)"
    )
    variables = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY_FILE": write_file(tmp_path, b"hidden\n")}
    ended = run_with(tmp_path, str(program), PYTHONPATH=str(ROOT), **variables)
    assert ended.stdout.split() == ["hidden", "hidden"]


@pytest.mark.parametrize(("uri", "expected"), [("", "0"), ("http://milvus:19530", "1000")])
def test_partitions_of_a_server_are_limited(uri: str, expected: str, tmp_path: Path) -> None:
    program = "from imagesearch import settings as s; print(s.MILVUS_MAX_PARTITIONS)"
    assert run_with(tmp_path, "-c", program, MILVUS_URI=uri).stdout.strip() == expected


@pytest.mark.parametrize("name", ["SECRET_KEY", "AWS_SECRET_ACCESS_KEY"])
def test_setting_that_is_given_twice_stops_the_start(name: str, tmp_path: Path) -> None:
    variables = {name: "hidden", f"{name}_FILE": write_file(tmp_path, b"hidden")}
    ended = run_with(tmp_path, "manage.py", "check", **variables)
    assert ended.returncode != 0
    assert f"{name} and {name}_FILE are both set. Keep one of them." in ended.stderr
    assert "hidden" not in ended.stderr


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "cannot be read: No such file or directory."),
        (b"hidden \xff", "is not a text in UTF-8."),
        (b"hidden \0", "is not a text in UTF-8."),
    ],
)
def test_file_of_a_setting_that_cannot_be_read_stops_the_start(
    content: bytes | None, sentence: str, tmp_path: Path
) -> None:
    path = str(tmp_path / "missing") if content is None else write_file(tmp_path, content)
    ended = run_with(tmp_path, "manage.py", "check", SECRET_KEY_FILE=path)
    assert ended.returncode != 0
    assert f"SECRET_KEY_FILE: the file {path} {sentence}" in ended.stderr
    assert "hidden" not in ended.stderr


def run_with(tmp_path: Path, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "DATA_DIR": str(tmp_path), **variables}
    environment = {name: value for name, value in environment.items() if value}
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"EMAIL_USE_SSL": "true", "EMAIL_USE_TLS": "true"}, "set only one of them to true"),
        ({"EMAIL_HOST": "mail.example.com", "EMAIL_TO_CONSOLE": "true"}, "EMAIL_TO_CONSOLE prints mail instead"),
    ],
)
def test_settings_of_mail_that_contradict_stop_the_start(
    variables: dict[str, str], sentence: str, tmp_path: Path
) -> None:
    ended = run_with(tmp_path, "manage.py", "check", **variables)
    assert ended.returncode != 0
    assert sentence in ended.stderr


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, "587 False True 10"),
        ({"EMAIL_USE_SSL": "true"}, "465 True False 10"),
        ({"EMAIL_PORT": "25"}, "25 False True 10"),
    ],
)
def test_port_and_encryption_of_mail_fit_together(variables: dict[str, str], expected: str, tmp_path: Path) -> None:
    names = ("EMAIL_PORT", "EMAIL_USE_SSL", "EMAIL_USE_TLS", "EMAIL_TIMEOUT")
    program = f"from imagesearch import settings as s; print({', '.join(f's.{name}' for name in names)})"
    assert run_with(tmp_path, "-c", program, **variables).stdout.strip() == expected


@pytest.mark.parametrize(("count", "is_reported"), [("", True), ("0", False), ("2", False)])
def test_https_without_the_number_of_proxies_is_reported(count: str, is_reported: bool, tmp_path: Path) -> None:
    ended = run_with(tmp_path, "manage.py", "check", "--deploy", HTTPS="true", TRUSTED_PROXY_COUNT=count)
    assert ("TRUSTED_PROXY_COUNT is not" in ended.stderr) is is_reported


def test_cookies_belong_to_this_host_only_with_https(tmp_path: Path) -> None:
    program = "from imagesearch import settings as s; print(s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME)"
    environment = {**os.environ, "DATA_DIR": str(tmp_path), "HTTPS": "true"}
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert ended.stdout.split() == ["__Host-sessionid", "__Host-csrftoken"]


def test_cores_are_counted_where_processes_cannot_be_restricted_to_some(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on macOS."""
    monkeypatch.delattr(os, "sched_getaffinity")
    assert env.count_cores() == os.cpu_count()
