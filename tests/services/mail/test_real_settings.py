"""With the settings of an operator, in processes of their own: a mail server never decides what a page answers."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.mail_server import running_mail_server

ROOT = Path(__file__).parents[3]
PROGRAM = [sys.executable, "-m", "tests.services.mail.program"]


def build_environment(folder: Path, **variables: str) -> dict[str, str]:
    """Return the environment of a site with a database of its own."""
    own = {"DATA_DIR": str(folder), "DATABASE_URL": "", "STORAGE_URL": "", "CLIP_MODEL": "demo"}
    return {**os.environ, **own, "EMAIL_USE_TLS": "false", **variables}


def post_forms(folder: Path, **variables: str) -> list[dict[str, Any]]:
    environment = build_environment(folder, **variables)
    ended = subprocess.run(PROGRAM, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=90, check=True)
    return [json.loads(line) for line in ended.stdout.splitlines() if line.startswith("{")]


@pytest.mark.process
@pytest.mark.parametrize("state", ["refuses", "is silent"])
def test_forms_are_answered_while_the_mail_server_does_not_work(state: str, tmp_path: Path) -> None:
    with running_mail_server() as server:
        server.is_silent = True
        port = "9" if state == "refuses" else str(server.port)
        answers = post_forms(tmp_path, EMAIL_HOST="127.0.0.1", EMAIL_PORT=port)
    assert [answer["status"] for answer in answers] == [200, 200]
    assert all("on its way" in answer["page"] for answer in answers)


@pytest.mark.process
def test_worker_sends_what_the_site_has_written(tmp_path: Path) -> None:
    with running_mail_server() as server:
        variables = {"EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": str(server.port)}
        post_forms(tmp_path, **variables)
        environment = build_environment(tmp_path, **variables)
        worker = subprocess.Popen([sys.executable, "manage.py", "index_worker"], cwd=ROOT, env=environment)
        try:
            while len(server.recipients) < 2:
                assert worker.poll() is None
                server.stopped.wait(0.1)
        finally:
            worker.terminate()
            worker.wait()
    assert sorted(server.recipients) == ["new@example.com", "nobody@example.com"]


@pytest.mark.process
@pytest.mark.parametrize(("to_console", "is_printed"), [("false", False), ("true", True)])
def test_links_are_printed_only_if_a_setting_says_so(to_console: str, is_printed: bool, tmp_path: Path) -> None:
    environment = build_environment(tmp_path, EMAIL_HOST="", EMAIL_TO_CONSOLE=to_console)
    ended = subprocess.run(PROGRAM, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=90, check=True)
    assert ("Subject: [imagesearch]" in ended.stdout + ended.stderr) is is_printed
    reset = json.loads([line for line in ended.stdout.splitlines() if line.startswith("{")][-1])
    assert ("printed to the console of the server" in reset["page"]) is is_printed
    assert "on its way" not in reset["page"]
    assert ("Ask an administrator" in reset["page"]) is not is_printed
