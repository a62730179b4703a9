"""Whole processes on one installation: some are killed, some run at once; database and index agree in the end."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.house import picture_bytes

pytestmark = pytest.mark.process

ROOT = Path(__file__).parent.parent.parent
PICTURES = 120
MAKE_USER = "from collections_app.models import User; User.objects.create_user('a@example.com', 'a long password')"
COUNT_INDEXED = (
    "from collections_app.models import Image; print('indexed', Image.objects.filter(index_state='indexed').count())"
)

Manage = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def manage(tmp_path: Path) -> Manage:
    """Return a function that starts manage.py on an installation of this test's own, with an account."""
    own = {"DATA_DIR": str(tmp_path / "data"), "CLIP_MODEL": "demo", "MILVUS_URI": "", "INDEX_BATCH_SIZE": "4"}
    environment = {**os.environ, **own}

    def start(*words: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "manage.py", *words]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, cwd=ROOT, env=environment, text=True, stdout=pipe, stderr=subprocess.STDOUT)

    finish(start("migrate", "--verbosity", "0"))
    finish(start("shell", "-c", MAKE_USER))
    return start


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(PICTURES):
        (folder / f"{number}.png").write_bytes(picture_bytes((number, 90, 200)))
    return folder


def finish(process: "subprocess.Popen[str]") -> str:
    output, _ = process.communicate(timeout=200)
    assert process.returncode == 0, output
    return output


def import_pictures(manage: Manage, folder: Path) -> "subprocess.Popen[str]":
    return manage("import_images", str(folder), "--collection", "Mine", "--user", "a@example.com")


def test_a_worker_killed_in_the_middle_leaves_nothing_undone(manage: Manage, folder: Path) -> None:
    finish(import_pictures(manage, folder))
    worker = manage("index_worker")
    deadline = time.monotonic() + 100
    while "indexed 0" in finish(manage("shell", "-c", COUNT_INDEXED)) and time.monotonic() < deadline:
        assert worker.poll() is None
    worker.kill()
    worker.communicate()

    finish(manage("index_worker", "--drain"))

    finish(manage("reindex", "--check"))
    assert f"indexed {PICTURES}" in finish(manage("shell", "-c", COUNT_INDEXED))


def test_uploads_a_worker_and_reindex_at_once_agree_in_the_end(manage: Manage, folder: Path) -> None:
    at_once = [import_pictures(manage, folder), manage("index_worker", "--drain"), manage("reindex", "--all")]
    for process in at_once:
        finish(process)
    finish(manage("index_worker", "--drain"))

    finish(manage("reindex", "--check"))
    assert f"indexed {PICTURES}" in finish(manage("shell", "-c", COUNT_INDEXED))
