"""The memory that eight uploads at once take, if the pictures have many pixels and small files."""

import io
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from tests.load.conftest import SHORT_S
from tests.processes.installation import Process
from tests.processes.visitor import Visitor

pytestmark = pytest.mark.process

AT_ONCE = 8
MAX_ABOVE_IDLE_MB = 1536


def make_png(size: tuple[int, int], mode: str) -> bytes:
    """Return a PNG without an eXIf chunk."""
    buffer = io.BytesIO()
    Image.new(mode, size).save(buffer, "PNG")
    return buffer.getvalue()


def make_animation(edge_px: int) -> bytes:
    """Return an animated WebP whose two frames are small and whose canvas is large."""
    buffer = io.BytesIO()
    frames = [Image.new("RGB", (edge_px, edge_px), colour) for colour in ("red", "blue")]
    frames[0].save(buffer, "WEBP", save_all=True, append_images=frames[1:], lossless=True, method=0, quality=0)
    return buffer.getvalue()


LARGE = {
    "high.png": lambda: make_png((1, 100_000_000), "L"),
    "wide.png": lambda: make_png((9_990, 9_990), "RGB"),
    "animation.webp": lambda: make_animation(9_990),
}


def find_web_processes(supervisor: int) -> list[int]:
    children = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()
    return [int(pid) for pid in children if "\0web\0" in Path(f"/proc/{pid}/cmdline").read_text()]


def measure_mb(pid: int) -> int:
    resident_pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return resident_pages * os.sysconf("SC_PAGE_SIZE") // 2**20


class PeakMeter(threading.Thread):
    """Measures processes until it is stopped. `peaks` has the most megabytes of each."""

    def __init__(self, pids: list[int]) -> None:
        super().__init__(daemon=True)
        self.peaks = dict.fromkeys(pids, 0)
        self.stopped = threading.Event()

    def run(self) -> None:
        while not self.stopped.wait(0.02):
            for pid in self.peaks:
                self.peaks[pid] = max(self.peaks[pid], measure_mb(pid))


@pytest.mark.parametrize("name", LARGE)
def test_eight_large_pictures_at_once_stay_within_the_memory_bound(
    name: str, served_site: Process, visitor: Visitor, load_s: float
) -> None:
    assert visitor.search("warm up") == 200
    time.sleep(1)
    pids = find_web_processes(served_site.pid)
    idle = {pid: measure_mb(pid) for pid in pids}
    picture = LARGE[name]()
    meter = PeakMeter(pids)
    meter.start()
    count = AT_ONCE if load_s > SHORT_S else 2
    with ThreadPoolExecutor(count) as threads:
        visitors = [Visitor(visitor.address) for _ in range(count)]
        statuses = list(threads.map(lambda each: each.send(name, picture), visitors))
    meter.stopped.set()
    meter.join()
    above = {pid: meter.peaks[pid] - idle[pid] for pid in pids}
    print(f"\n{name}, {len(picture):,} bytes, {count} at once: statuses {sorted(statuses)}; MB above idle {above}")
    assert max(statuses) < 500
    assert visitor.session.get(f"{visitor.address}/healthz/", timeout=60).status_code == 200
    if load_s > SHORT_S:
        assert max(above.values()) <= MAX_ABOVE_IDLE_MB
