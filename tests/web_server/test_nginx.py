"""deploy/nginx.conf before a web process: HTTPS, a site below a path, uploads, long addresses, hidden probes."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.clock import wait_until
from tests.processes.installation import Installation, find_free_port
from tests.processes.visitor import Visitor
from tests.test_documents import ROOT
from tests.web_server.test_probes import web_process

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(not shutil.which("nginx"), reason="needs Debian's package nginx"),
]

PATH = "/pictures"


@pytest.fixture
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files of deploy/make-secrets, with a certificate for localhost that requests trusts."""
    (tmp_path / "deploy").mkdir()
    script = shutil.copy(ROOT / "deploy" / "make-secrets", tmp_path / "deploy")
    subprocess.run([script], check=True, capture_output=True)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "secrets" / "certificate"))
    return tmp_path / "secrets"


@pytest.fixture
def address(installation: Installation, secrets: Path, tmp_path: Path) -> Iterator[str]:
    """The address of the site behind nginx."""
    port, plain_port, check_port = (find_free_port() for _ in range(3))
    changes = {
        "http2 on;": "",  # newer than Debian's nginx
        "/run/secrets/": f"{secrets}/",
        "/tmp/nginx.pid": f"{tmp_path}/nginx.pid",
        "/dev/stdout": f"{tmp_path}/access.log",
        "listen [::]:": "# ",
        "127.0.0.1:8081": f"127.0.0.1:{check_port}",
        "listen 8080": f"listen 127.0.0.1:{plain_port}",
        "listen 8443": f"listen 127.0.0.1:{port}",
        "web:8000": f"127.0.0.1:{installation.port}",
    }
    text = (ROOT / "deploy" / "nginx.conf").read_text()
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    (tmp_path / "nginx.conf").write_text(text)
    origin = f"https://localhost:{port}"
    settings = {"HTTPS": "true", "TRUSTED_PROXY_COUNT": "1", "SITE_PATH": PATH, "ALLOWED_HOSTS": "localhost"}
    nginx = ["nginx", "-c", str(tmp_path / "nginx.conf"), "-g", "daemon off;"]
    with web_process(installation, **settings, CSRF_TRUSTED_ORIGINS=origin), subprocess.Popen(nginx) as proxy:
        wait_until(lambda: (tmp_path / "nginx.pid").exists())
        yield f"{origin}{PATH}"
        proxy.terminate()


def test_people_sign_in_upload_and_download_through_the_proxy(address: str, tmp_path: Path) -> None:
    visitor = Visitor(address)
    assert visitor.upload(1) == 201
    page = visitor.session.get(f"{address}/", timeout=60)
    (thumbnail,) = set(re.findall(rf'src="({PATH}/[^"]+/thumbnail/)"', page.text))
    picture = visitor.session.get(f"{address.removesuffix(PATH)}{thumbnail}", timeout=60)
    assert picture.headers["Content-Type"] == "image/jpeg"
    assert PATH not in (tmp_path / "access.log").read_text()


def test_proxy_hides_probes_and_passes_on_what_the_site_accepts(address: str) -> None:
    assert requests.get(f"{address}/-/ready/", timeout=60).status_code == 404
    # The site answers, not nginx.
    assert "imagesearch" in requests.get(f"{address}/search/?q={'x' * 60_000}", timeout=60).text


def test_body_that_the_site_refuses_does_not_wait_in_the_proxy(address: str) -> None:
    """A signed-out person may send 256 KiB."""
    answer = requests.post(f"{address}/accounts/login/", data=b"x" * 2**20, timeout=60)
    assert answer.status_code == 413
