"""Files whose lists would take hours or gigabytes to read."""

import subprocess
import sys
from pathlib import Path

from .hostile_lists import list_hostile_files

ROOT = Path(__file__).parents[2]
ACCEPTED = "PNG with large texts"
PROGRAM = """
import io, resource
from collections_app.errors import InvalidImage
from collections_app.imaging import inspect_picture
from tests.imaging.hostile_lists import list_hostile_files
from tests.imaging.pictures import LIMITS

resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
for name, build in list_hostile_files().items():
    file = io.BytesIO(build())
    try:
        inspect_picture(file, LIMITS)
        print(name, "accepted", sep="|")
    except InvalidImage as error:
        print(name, error.code, isinstance(error.__cause__, MemoryError), sep="|")
"""


def test_long_lists_take_neither_much_time_nor_much_memory() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=True)
    outcomes = dict(line.split("|", 1) for line in done.stdout.splitlines())
    assert outcomes.keys() == list_hostile_files().keys()
    assert outcomes.pop(ACCEPTED) == "accepted"
    assert set(outcomes.values()) <= {"damaged|False", "truncated|False", "unsupported|False"}
