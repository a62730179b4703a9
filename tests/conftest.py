"""What every test gets: folders of its own, an index of its own, and the demo model. What some ask for: a house."""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from collections_app.index import close_index
from collections_app.services.search.calibration import clear_baselines
from tests.sample_team import CLOSED_PORT, SampleTeam, make_sample_team

# What takes long is begun first, so that neither of the two processes that run the tests ends long before the other.
LONGEST_FIRST = (
    *("tests/browser", "tests/index", "tests/processes/test_killed.py", "tests/processes/test_serve.py"),
    *("tests/permissions/test_matrix.py", "tests/demo/test_training.py"),
)


class InRooms(LoadScopeScheduling):  # type: ignore[misc]
    """One process runs all tests of a module, so that its fixtures are made once; all in a browser, which share a site;
    and all of the index, which share a Milvus server: two such servers at once would meet on their ports."""

    def _split_scope(self, nodeid: str) -> str:
        return room_of(nodeid)


def room_of(nodeid: str) -> str:
    module = nodeid.split("::")[0]
    return next((folder for folder in LONGEST_FIRST[:2] if module.startswith(f"{folder}/")), module)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    return InRooms(config, log)


def pytest_configure() -> None:
    """Two processes whose models each took all cores would mostly wait for each other. For what tests start, too."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    rooms = [room_of(item.nodeid) for item in items]
    ranks = [LONGEST_FIRST.index(room) if room in LONGEST_FIRST else len(LONGEST_FIRST) for room in rooms]
    items[:] = [item for _, item in sorted(zip(ranks, items, strict=True), key=lambda pair: pair[0])]


@pytest.fixture(autouse=True)
def own_folders(settings: Settings, tmp_path: Path) -> Iterator[None]:
    """Each test has its own uploads and its own index, and searches with the demo model."""
    default = settings.STORAGES["default"]
    own = {"location": uuid.uuid4().hex} if "bucket_name" in default["OPTIONS"] else {"location": tmp_path / "uploads"}
    settings.STORAGES = {**settings.STORAGES, "default": {**default, "OPTIONS": {**default["OPTIONS"], **own}}}
    settings.EMBEDDED_STORE_DIR = tmp_path / "index"
    settings.MILVUS_URI = ""
    settings.CLIP_MODEL, settings.CLIP_MODEL_PATH = "demo", str(settings.DEMO_MODEL_DIR)
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # quick, for quick tests
    close_index()
    clear_baselines()
    yield
    close_index()


@pytest.fixture
def sample(db: None) -> SampleTeam:
    return make_sample_team()


@pytest.fixture
def broken_index(settings: Settings) -> None:
    close_index()
    settings.MILVUS_URI = CLOSED_PORT
