"""Several `serve` that start at once on one fresh folder. PostgreSQL: tests/commands/test_start_lock.py."""

import os
from pathlib import Path

import pytest

from collections_app.index.file_locks import try_lock
from tests.processes.installation import Installation, find_free_port, serve_at_once

pytestmark = pytest.mark.process


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A folder without a database."""
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    return folder


def test_sites_start_at_once_on_a_fresh_folder(data_dir: Path) -> None:
    serve_at_once([Installation(data_dir=data_dir, port=find_free_port()) for _ in range(2)])


def test_prepare_migrates_and_collects_like_serve(data_dir: Path) -> None:
    site = Installation(data_dir=data_dir, port=find_free_port())
    site.run("prepare")
    assert site.count("team") == 0
    assert (data_dir / "static" / "staticfiles.json").exists()


def test_prepare_that_is_stopped_while_it_waits_fails(data_dir: Path) -> None:
    """Others start after it only if it succeeds."""
    lock = try_lock(data_dir / "start.lock")
    assert lock is not None
    process = Installation(data_dir=data_dir, port=find_free_port()).start("prepare")
    assert process.stdout
    assert "Another process is preparing the database" in process.stdout.readline()
    process.terminate()
    output, _ = process.communicate(timeout=60)
    os.close(lock)
    assert process.returncode == 1
    assert "Stopped while another process" in output


def test_site_waits_for_another_that_prepares_the_database(data_dir: Path) -> None:
    lock = try_lock(data_dir / "start.lock")
    assert lock is not None
    process = Installation(data_dir=data_dir, port=find_free_port()).start("serve")
    assert process.stdout
    assert "Another process is preparing the database" in process.stdout.readline()
    assert not (data_dir / "imagesearch.sqlite3").exists()

    os.close(lock)

    assert "Serving on" in process.stdout.readline()
    process.terminate()
    process.communicate(timeout=60)
    assert process.returncode == 0


def test_site_that_waits_can_be_stopped(data_dir: Path) -> None:
    lock = try_lock(data_dir / "start.lock")
    assert lock is not None
    process = Installation(data_dir=data_dir, port=find_free_port()).start("serve")
    assert process.stdout
    process.stdout.readline()
    process.terminate()
    output, _ = process.communicate(timeout=60)
    os.close(lock)
    assert process.returncode == 0
    assert "Serving on" not in output
