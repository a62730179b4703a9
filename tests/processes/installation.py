"""An installation: a data directory with one account, and manage.py run on it as whole processes."""

import atexit
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TextIO

ROOT = Path(__file__).parent.parent.parent
EMAIL = "a@example.com"
PASSWORD = "kettle-orchard-42"
START_S = 120

_MIGRATE = """
from django.core.management import call_command
from django.db import connection
call_command("migrate", verbosity=0)
"""
_KEEP_EMPTY = "connection.cursor().execute('VACUUM INTO %s', ['{}'])\n"
_MAKE_ACCOUNT = f"User.objects.create_user('{EMAIL}', '{PASSWORD}')\n"

Process = subprocess.Popen[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    data_dir: Path
    port: int

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, *words: str, **settings: str) -> Process:
        """Start manage.py; its output can be read from the process."""
        return self._start(words, settings, subprocess.PIPE)

    def _start(self, words: Sequence[str], settings: Mapping[str, str], output: TextIO | int) -> Process:
        own = {"DATA_DIR": str(self.data_dir), "CLIP_MODEL": "demo", "MILVUS_URI": "", "INDEX_BATCH_SIZE": "4"}
        own |= {"DATABASE_URL": "", "STORAGE_URL": ""}
        environment = {**os.environ, **own, "PORT": str(self.port), "HOST": "127.0.0.1", "HTTPS": "", **settings}
        command = [sys.executable, "manage.py", *words]
        return subprocess.Popen(command, cwd=ROOT, env=environment, text=True, stdout=output, stderr=subprocess.STDOUT)

    def run(self, *words: str, **settings: str) -> str:
        return finish(self.start(*words, **settings))

    def shell(self, program: str, **settings: str) -> str:
        return finish(self.start_shell(program, **settings))

    def start_shell(self, program: str, **settings: str) -> Process:
        words = ("shell", "--no-imports", "-c", f"from collections_app.models import *\n{program}")
        return self.start(*words, **settings)

    def count(self, table: str, condition: str = "1") -> int:
        """Count rows in the database while other processes use it."""
        with closing(sqlite3.connect(self.data_dir / "imagesearch.sqlite3", timeout=20)) as database:
            query = f"SELECT count(*) FROM collections_app_{table} WHERE {condition}"
            return int(database.execute(query).fetchone()[0])

    def count_indexed(self) -> int:
        return self.count("image", "index_state = 'indexed'")

    def end_leases(self) -> None:
        """End the leases of killed workers at once. Call it when all of them are dead."""
        with closing(sqlite3.connect(self.data_dir / "imagesearch.sqlite3", timeout=20)) as database:
            database.execute(
                "UPDATE collections_app_indexjob SET leased_until = '2000-01-01 00:00:00' WHERE lease IS NOT NULL"
            )
            database.commit()

    def import_pictures(self, folder: Path) -> Process:
        return self.start("import_images", str(folder), "--collection", "Mine", "--user", EMAIL)

    def serve(self, log: TextIO | None = None, **settings: str) -> Process:
        """Start the site and wait until it answers; its output goes to `log`, or can be read from the process."""
        process = self._start(["serve"], settings, log or subprocess.PIPE)
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            assert process.poll() is None, finish(process)
            try:
                urllib.request.urlopen(f"{self.address}/healthz/", timeout=5).close()
            except (urllib.error.URLError, OSError):
                time.sleep(0.2)
            else:
                return process
        raise AssertionError(f"The site did not answer within {START_S} s.")


def make_installation(data_dir: Path, **settings: str) -> Installation:
    """Return an installation whose database has its tables and the account. With SQLite it is a copy."""
    data_dir.mkdir(parents=True, exist_ok=True)
    installation = Installation(data_dir=data_dir, port=find_free_port())
    if settings:
        installation.shell(_MIGRATE + _MAKE_ACCOUNT, **settings)
    else:
        shutil.copytree(_make_originals() / "with account", data_dir, dirs_exist_ok=True)
    return installation


def make_empty_installation(data_dir: Path, *, secret_key: str = "", **settings: str) -> Installation:
    """Return an installation whose database has its tables and no rows. With SQLite it is a copy."""
    data_dir.mkdir(parents=True, exist_ok=True)
    installation = Installation(data_dir=data_dir, port=find_free_port())
    if secret_key:
        (data_dir / "secret-key").write_text(secret_key)
    if settings:
        installation.run("migrate", "--verbosity", "0", **settings)
    else:
        shutil.copy(_make_originals() / "empty.sqlite3", data_dir / "imagesearch.sqlite3")
    return installation


@cache
def _make_originals() -> Path:
    """Migrate once in each process that runs tests. Return a folder with an installation and an empty database."""
    folder = Path(tempfile.mkdtemp(prefix="imagesearch-installation-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    (folder / "with account").mkdir()
    installation = Installation(data_dir=folder / "with account", port=find_free_port())
    installation.shell(_MIGRATE + _KEEP_EMPTY.format(folder / "empty.sqlite3") + _MAKE_ACCOUNT)
    return folder


def serve_at_once(sites: Sequence[Installation], **settings: str) -> None:
    """Start all sites at the same time, with one web process each, and stop them when each has answered or failed."""
    with ThreadPoolExecutor(len(sites)) as threads:
        starts = [threads.submit(site.serve, None, WEB_WORKERS="1", **settings) for site in sites]
    for start in starts:
        if not start.exception():
            start.result().terminate()
            start.result().communicate(timeout=60)
    for start in starts:
        start.result()


def find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def finish(process: Process) -> str:
    output, _ = process.communicate(timeout=200)
    assert process.returncode == 0, output
    return output
