"""What every test gets: folders of its own, an index of its own, and the demo model. What some ask for: a house."""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from collections_app.index import close_index
from tests.house import CLOSED_PORT, House, make_house

ROOT = Path(__file__).parent
# What takes long is begun first, so that neither of the two processes that run the tests ends long before the other.
LONGEST_FIRST = ("site", "server", "processes/test_killed.py", "processes/test_serve.py", "permissions/test_matrix.py")


def pytest_configure() -> None:
    """Two processes whose models each took all cores would mostly wait for each other. For what tests start, too."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """One process runs a module's tests, all that need the browser's site, and all that need a Milvus server: each of
    these is started once. Two such servers at once would meet on their ports."""
    groups = {item: group_of(item) for item in items}
    for item, group in groups.items():
        item.add_marker(pytest.mark.xdist_group(group))
    yield  # to what names the tests after their groups, and to what puts them in another order
    items.sort(key=lambda item: LONGEST_FIRST.index(groups[item]) if groups[item] in LONGEST_FIRST else 99)


def group_of(item: pytest.Item) -> str:
    module = item.path.relative_to(ROOT).as_posix()
    if module.startswith("browser/"):
        return "site"
    return "server" if item.get_closest_marker("server") else module


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
    yield
    close_index()


@pytest.fixture
def house(db: None) -> House:
    return make_house()


@pytest.fixture
def broken_index(settings: Settings) -> None:
    close_index()
    settings.MILVUS_URI = CLOSED_PORT
