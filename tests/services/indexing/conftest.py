"""Indexed pictures and a second model, for the tests of this folder."""

from pathlib import Path

import pytest

from collections_app.encoders import ModelSpec
from collections_app.services.indexing.worker import IndexWorker
from tests.other_model import encode_all, make_rotated_model
from tests.sample_team import SampleTeam, put_pictures


@pytest.fixture(scope="session")
def other_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model that ranks like the demo's; see `make_rotated_model`."""
    return make_rotated_model(tmp_path_factory.mktemp("models") / "rotated")


@pytest.fixture
def other(other_folder: Path) -> ModelSpec:
    return ModelSpec(source=str(other_folder))


@pytest.fixture
def indexed(sample: SampleTeam) -> SampleTeam:
    """The sample team with six pictures, which are searchable."""
    put_pictures(sample, 5)
    IndexWorker().drain()
    return sample


@pytest.fixture
def ready(indexed: SampleTeam, other: ModelSpec) -> SampleTeam:
    """Two models have encoded all pictures; the demo's is active."""
    encode_all(other)
    return indexed
