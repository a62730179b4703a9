"""The memory that eight threads take while they decode large pictures at once."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAX_GROWTH_MB = 1500

PROGRAM = """
import sys, threading
from collections_app.errors import InvalidImage
from collections_app.imaging import inspect_picture, open_picture
from tests.imaging.bombs import large_pictures
from tests.imaging.pictures import ALL_FORMATS, LIMITS, corners_file
import io

def read_mb(key):
    line = next(each for each in open("/proc/self/status") if each.startswith(key))
    return int(line.split()[1]) // 1024

def decode():
    file = io.BytesIO(data)
    try:
        inspect_picture(file, LIMITS)
        open_picture(file, max_edge_px=1024)
        outcomes.append("accepted")
    except InvalidImage as error:
        outcomes.append(error.code)

data, outcomes = large_pictures()[sys.argv[1]](), []
for name in ALL_FORMATS:
    inspect_picture(corners_file(name), LIMITS)
    open_picture(corners_file(name))
idle = read_mb("VmRSS")
open("/proc/self/clear_refs", "w").write("5")
threads = [threading.Thread(target=decode) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(*set(outcomes), read_mb("VmHWM") - idle, sep="|")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak from /proc")
@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("PNG of one column", "too_many_pixels"),
        ("animated WebP", "too_many_pixels"),
        ("WebP", "accepted"),
        ("PNG", "accepted"),
    ],
)
def test_eight_threads_stay_within_the_memory_bound(name: str, outcome: str) -> None:
    command = [sys.executable, "-c", PROGRAM, name]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found, growth = done.stdout.strip().split("|")
    print(f"{name}: peak of eight threads {growth} MB above idle")
    assert found == outcome
    assert int(growth) < MAX_GROWTH_MB
