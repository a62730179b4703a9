"""Processes that record at the same time, one after another, and after a crash."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client.multiprocess import MultiProcessCollector
from pytest_django import Settings

from collections_app.metrics import announce_model, count_search, join_metrics, leave_metrics
from collections_app.metrics.places import list_recording, take_place

ROOT = Path(__file__).parents[2]
PROGRAM = """
import os, sys, django; django.setup()
from collections_app.metrics import announce_model, count_search, join_metrics
join_metrics(sys.argv[1]); announce_model("demo")
for _ in range(int(sys.argv[2])): count_search("done")
print("ready", flush=True); sys.stdin.read()
"""


@pytest.fixture
def folder(settings: Settings, tmp_path: Path) -> Path:
    settings.METRICS_PORT, settings.METRICS_DIR = 9464, tmp_path / "metrics"
    return tmp_path / "metrics"


def start(folder: Path, process: str, searches: int) -> "subprocess.Popen[str]":
    """Start a process that counts searches and then waits."""
    own = {"DATA_DIR": str(folder.parent), "METRICS_PORT": "9464", "DJANGO_SETTINGS_MODULE": "imagesearch.settings"}
    words = [sys.executable, "-c", PROGRAM, process, str(searches)]
    started = subprocess.Popen(
        words, cwd=ROOT, env={**os.environ, **own}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert started.stdout
    assert started.stdout.readline() == "ready\n"
    return started


def count(folder: Path) -> float:
    metrics = MultiProcessCollector(None, str(folder)).collect()  # type: ignore[no-untyped-call]
    return sum(
        float(sample.value) for each in metrics for sample in each.samples if sample.name.startswith("imagesearch_sea")
    )


def test_counts_of_processes_are_added_and_survive_kills(folder: Path) -> None:
    web, worker = start(folder, "web", 3), start(folder, "index_worker", 4)
    assert count(folder) == 7
    assert [(each.process, each.pid, each.model_key) for each in list_recording(folder)] == [
        ("web", web.pid, "demo"),
        ("index_worker", worker.pid, "demo"),
    ]
    web.send_signal(signal.SIGKILL)
    web.wait()
    assert count(folder) == 7
    assert [each.process for each in list_recording(folder)] == ["index_worker"]
    again = start(folder, "web", 5)
    assert count(folder) == 12
    assert len(list(folder.glob("counter_*.db"))) == 2
    for process in (again, worker):
        process.terminate()
        process.wait()
    assert list(list_recording(folder)) == []


def test_first_process_after_all_have_ended_begins_at_zero(folder: Path) -> None:
    process = start(folder, "web", 3)
    process.kill()
    process.wait()
    (folder / "counter_0.db").write_bytes(b"damaged")
    join_metrics("web")
    count_search("done")
    leave_metrics()
    assert count(folder) == 1


def test_model_is_written_when_it_changes(folder: Path) -> None:
    join_metrics("web")
    for key in ("", "first", "", "second"):
        announce_model(key)
    assert [each.model_key for each in list_recording(folder)] == ["second"]
    leave_metrics()


def test_nothing_is_recorded_without_a_port(settings: Settings, folder: Path) -> None:
    settings.METRICS_PORT = 0
    join_metrics("web")
    count_search("done")
    assert not folder.exists()


def test_full_disk_leaves_no_place_taken(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    with pytest.raises(OSError, match="No space left"):
        take_place(folder, process="web")
    assert list(list_recording(folder)) == []
    assert list(folder.glob("*.db")) == []


def test_folder_is_closed_to_others(folder: Path) -> None:
    join_metrics("web")
    leave_metrics()
    assert folder.stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.glob("*.db"))
