"""Fixtures for the tests of whole processes."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.processes.installation import Installation, Process, make_installation
from tests.sample_team import picture_bytes

PICTURES = 60


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    return make_installation(tmp_path / "data")


@pytest.fixture
def served(installation: Installation) -> Iterator[Process]:
    """The site of the installation, served until the test ends."""
    process = installation.serve()
    yield process
    process.terminate()
    process.communicate(timeout=60)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    write_pictures(folder, range(PICTURES))
    return folder


def write_pictures(folder: Path, numbers: Iterable[int]) -> None:
    for number in numbers:
        (folder / f"{number}.png").write_bytes(picture_bytes((number, 90, 200)))
