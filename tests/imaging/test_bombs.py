"""Decompression bombs: each is refused before memory is allocated for its pixels."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAX_GROWTH_MB = 20

PROGRAM = """
import io, resource
from collections_app.errors import InvalidImage
from collections_app.imaging import inspect_picture
from tests.imaging.bombs import bombs
from tests.imaging.pictures import ALL_FORMATS, LIMITS, corners_file

files = list(bombs())
for name in ALL_FORMATS:
    inspect_picture(corners_file(name), LIMITS)
def peak_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
for name, data in files:
    before = peak_mb()
    try:
        inspect_picture(io.BytesIO(data), LIMITS)
        code = "accepted"
    except InvalidImage as error:
        code = error.code
    print(name, code, int(peak_mb() - before), sep="|")
"""


@pytest.fixture(scope="module")
def outcomes() -> dict[str, tuple[str, int]]:
    """Return for each bomb the error code, and by how many MB the peak memory of the process grew."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=True)
    rows = [line.split("|") for line in done.stdout.splitlines()]
    return {name: (code, int(growth)) for name, code, growth in rows}


def test_every_bomb_is_refused_because_of_its_size(outcomes: dict[str, tuple[str, int]]) -> None:
    assert len(outcomes) == 15
    codes = {name: code for name, (code, _) in outcomes.items() if code != "too_many_pixels"}
    assert codes == {"TIFF strips": "damaged"}


def test_refusing_a_bomb_uses_little_memory(outcomes: dict[str, tuple[str, int]]) -> None:
    assert {name: growth for name, (_, growth) in outcomes.items() if growth > MAX_GROWTH_MB} == {}
