"""Models for the tests: the demo model and copies of it that tests may damage."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from collections_app.encoders.clip import ClipEncoder

from .models import DEMO_MODEL

CopyModel = Callable[[str], Path]


@pytest.fixture(scope="session")
def encoder() -> ClipEncoder:
    return ClipEncoder(str(DEMO_MODEL), dtype="float32")


@pytest.fixture
def copy_model(tmp_path: Path) -> CopyModel:
    """Copies the demo model into a folder of the given name and returns the folder."""

    def copy(place: str = "model") -> Path:
        return Path(shutil.copytree(DEMO_MODEL, tmp_path / place))

    return copy


@pytest.fixture
def hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of the hub, used instead of the user's own."""
    cache = tmp_path / "hub"
    cache.mkdir()
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(cache))
    return cache
