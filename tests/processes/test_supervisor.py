"""The supervisor of `serve` and children that are frozen, busy, or write nothing."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from collections_app.management import liveness
from collections_app.management.supervisor import Child, supervise
from tests.clock import wait_until

pytestmark = pytest.mark.process

REPORTS = "from collections_app.management.run_until_signal import stop_on_signals; stop = stop_on_signals(); "
WAITS = "import django, os, time; os.environ['DJANGO_SETTINGS_MODULE'] = 'imagesearch.settings'; django.setup(); "
READY = "open({ready!r}, 'a').write('ready\\n'); "


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[[str], Child]]:
    """Return a function that starts a supervised child with this program and waits until it is ready."""
    stop, threads = threading.Event(), []

    def run_child(program: str) -> Child:
        ready = tmp_path / "ready"
        child = Child(name="child", command=[sys.executable, "-c", program.replace("{ready!r}", repr(str(ready)))])
        threads.append(threading.Thread(target=supervise, args=([child], stop)))
        threads[-1].start()
        wait_until(ready.exists)
        time.sleep(2)  # it has reported by now
        return child

    yield run_child
    stop.set()
    for thread in threads:
        thread.join()


@pytest.fixture(autouse=True)
def short_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(liveness, "CHILD_STOPPED_S", 4)
    monkeypatch.setattr(liveness, "CHILD_SILENT_S", 8)


def get_pid(child: Child) -> int:
    assert child.process
    return child.process.pid


def test_stopped_child_is_replaced(run: Callable[[str], Child]) -> None:
    child = run(f"{WAITS}{REPORTS}{READY}stop.wait(600)")
    first = get_pid(child)

    os.kill(first, signal.SIGSTOP)

    wait_until(lambda: child.process is not None and child.process.pid != first)
    assert not Path(f"/proc/{first}").exists()


def test_child_stopped_for_a_moment_is_kept(run: Callable[[str], Child]) -> None:
    child = run(f"{WAITS}{REPORTS}{READY}stop.wait(600)")
    first = get_pid(child)

    os.kill(first, signal.SIGSTOP)
    time.sleep(2)
    os.kill(first, signal.SIGCONT)
    time.sleep(5)

    assert get_pid(child) == first


def test_busy_child_is_kept(run: Callable[[str], Child]) -> None:
    child = run(f"{WAITS}{REPORTS}{READY}" + "\nwhile not stop.is_set(): sum(range(100_000))")
    first = get_pid(child)

    time.sleep(10)

    assert get_pid(child) == first


def test_child_that_never_reports_is_kept(run: Callable[[str], Child]) -> None:
    child = run(f"{READY}import time; time.sleep(600)")
    first = get_pid(child)

    os.kill(first, signal.SIGSTOP)
    time.sleep(6)
    os.kill(first, signal.SIGCONT)

    assert get_pid(child) == first
