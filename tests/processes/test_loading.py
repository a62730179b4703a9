"""A server's process loads the model in the background; commands do not."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes.installation import make_empty_installation

pytestmark = pytest.mark.process

ROOT = Path(__file__).parent.parent.parent
SERVE_ONE = """
import sys, time
from imagesearch.wsgi import application
from wsgiref.util import setup_testing_defaults
assert "torch" not in sys.modules, "loading before the fork"
environ = {"PATH_INFO": "/healthz/", "HTTP_HOST": "localhost"}
setup_testing_defaults(environ)
print(b"".join(application(environ, lambda status, headers: print(status))))
deadline = time.monotonic() + 120
while "torch" not in sys.modules:
    assert time.monotonic() < deadline, "not loading after the first request"
    time.sleep(0.05)
from collections_app import encoders
encoders.load_in_background().result(120)
assert encoders.get_encoder().encode_texts(["dog"]).shape[0] == 1
"""


def test_first_request_of_a_server_starts_loading_the_model(tmp_path: Path) -> None:
    make_empty_installation(tmp_path)
    own = {"DATA_DIR": str(tmp_path), "CLIP_MODEL": "demo", "MILVUS_URI": "", "DATABASE_URL": "", "STORAGE_URL": ""}
    command = [sys.executable, "-c", SERVE_ONE]
    subprocess.run(command, cwd=ROOT, env={**os.environ, **own}, check=True, timeout=200)
