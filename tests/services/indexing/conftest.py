"""A second model for the tests of this folder."""

from pathlib import Path

import pytest

from collections_app.encoders import ModelSpec
from tests.other_model import make_rotated_model


@pytest.fixture(scope="session")
def other_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model that ranks like the demo's; see `make_rotated_model`."""
    return make_rotated_model(tmp_path_factory.mktemp("models") / "rotated")


@pytest.fixture
def other(other_folder: Path) -> ModelSpec:
    return ModelSpec(source=str(other_folder))
