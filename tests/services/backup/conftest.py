"""Folders of backups."""

from pathlib import Path

import pytest
from pytest_django import Settings


@pytest.fixture(autouse=True)
def own_data_folder(settings: Settings, tmp_path: Path) -> None:
    """Give each test its own lock of restores, because tests run at once."""
    settings.DATA_DIR = tmp_path / "data"
    settings.DATA_DIR.mkdir()
