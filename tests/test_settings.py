"""The settings: every variable is documented, and a wrong value stops the start with a sentence."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

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
        ("WEB_THREADS", "1", "WEB_THREADS must be at least 5"),
        ("WEB_MAX_ZIPS", "8", "WEB_MAX_ZIPS must be less than WEB_THREADS (8), not 8"),
        ("WEB_MAX_SEARCHES", "20", "WEB_MAX_SEARCHES must be less than WEB_THREADS (8), not 20"),
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


def test_cookies_belong_to_this_host_only_with_https(tmp_path: Path) -> None:
    program = "from imagesearch import settings as s; print(s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME)"
    environment = {**os.environ, "DATA_DIR": str(tmp_path), "HTTPS": "true"}
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert ended.stdout.split() == ["__Host-sessionid", "__Host-csrftoken"]
