"""What every test gets: folders of its own, an index of its own, and the demo model. What some ask for: a house."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from collections_app.index import close_index
from tests.house import CLOSED_PORT, House, make_house


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
