"""Fixtures for all tests: separate folders and a separate index for each, the demo model, and a sample team."""

import os
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.utils import translation
from pytest_django import Settings
from storages.backends.s3 import S3Storage
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from collections_app import encoders
from collections_app.index import close_index
from collections_app.request_ids import set_request_id
from collections_app.services.indexing.kept_models import forget_latest
from collections_app.services.search.samples import clear_samples
from tests.index.milvus_server import milvus_server_uri
from tests.sample_team import CLOSED_PORT, SampleTeam, make_sample_team

# The tests that share a Milvus server. They run in one process, because two servers would take the same ports.
SERVER_SCOPE = "tests/index"
WITH_SERVER = (f"{SERVER_SCOPE}/", "tests/load/test_lost_site.py", "tests/services/backup/test_other_kinds.py")
# Each process that runs tests of this folder starts a site and a browser once, so these tests come first in both.
BROWSER_FOLDER = "tests/browser/"
# These take longest and start next, so that both processes end at about the same time.
LONGEST_FIRST = (
    SERVER_SCOPE,
    *("tests/processes/test_killed_processes.py", "tests/processes/test_serve.py"),
    *("tests/web_server/test_slow_clients.py", "tests/web_server/test_served_requests.py"),
    "tests/views/test_query_plans.py",
    *("tests/load/test_slow_clients.py", "tests/load/test_memory.py"),
    "tests/views/search/test_results.py",
    *("tests/services/search/test_calibration.py", "tests/permissions/test_matrix.py", "tests/demo/test_training.py"),
    *("tests/services/search/test_request.py", "tests/services/test_histories.py", "tests/views/search/test_page.py"),
)
POLL_S = 0.01


class ServerOrModuleScheduling(LoadScopeScheduling):  # type: ignore[misc]
    """One process runs all tests of a module, which share fixtures; likewise all tests with a Milvus server."""

    def _split_scope(self, nodeid: str) -> str:
        return find_scope(nodeid)


def find_scope(nodeid: str) -> str:
    return SERVER_SCOPE if nodeid.startswith(WITH_SERVER) else nodeid.split("::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    return ServerOrModuleScheduling(config, log)


def pytest_configure() -> None:
    """Limit the threads of the model: two processes that each used all cores would wait for each other."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    ranks = {scope: rank for rank, scope in enumerate(LONGEST_FIRST)}

    def get_rank(item: pytest.Item) -> int:
        scope = find_scope(item.nodeid)
        return -1 if scope.startswith(BROWSER_FOLDER) else ranks.get(scope, len(ranks))

    items.sort(key=get_rank)


milvus_uri = pytest.fixture(scope="session")(milvus_server_uri)


@pytest.fixture(scope="session", autouse=True)
def short_polls() -> None:
    """pymilvus sleeps 0.5 s before it checks whether the index of a new collection is ready; tests make hundreds."""
    from pymilvus.client import grpc_handler
    from pymilvus.settings import Config

    grpc_handler.time = SimpleNamespace(time=time.time, sleep=lambda seconds: time.sleep(min(seconds, POLL_S)))
    Config.WaitTimeDurationWhenLoad = POLL_S


@pytest.fixture(scope="session", autouse=True)
def shared_s3_sessions() -> None:
    """Each test has a storage of its own. A session of boto3 reads the description of S3, which takes 0.1 s; it is not
    thread-safe."""
    sessions: dict[tuple[object, ...], object] = {}
    create = S3Storage._create_session

    def find_or_create(storage: S3Storage) -> object:
        keys = (threading.get_ident(), storage.access_key, storage.secret_key, storage.security_token)
        if keys not in sessions:
            sessions[keys] = create(storage)
        return sessions[keys]

    S3Storage._create_session = find_or_create


@pytest.fixture(autouse=True)
def own_language() -> Iterator[None]:
    """A request leaves its language active in the thread."""
    yield
    translation.deactivate()


@pytest.fixture(autouse=True)
def own_request_id() -> Iterator[None]:
    """A request leaves its id in the thread, which the web server would remove."""
    yield
    set_request_id("")


@pytest.fixture(autouse=True)
def own_folders(settings: Settings, tmp_path: Path) -> Iterator[None]:
    """Give each test its own uploads and index, and the demo model."""
    default = settings.STORAGES["default"]
    own = {"location": uuid.uuid4().hex} if "bucket_name" in default["OPTIONS"] else {"location": tmp_path / "uploads"}
    settings.STORAGES = {
        "default": {**default, "OPTIONS": {**default["OPTIONS"], **own}},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    settings.STATIC_ROOT = None  # else pages would use the files that `serve` has collected
    settings.EMBEDDED_STORE_DIR = tmp_path / "index"
    settings.MILVUS_URI, settings.MILVUS_MAX_PARTITIONS = "", 0
    settings.CLIP_MODEL, settings.CLIP_MODEL_PATH = "demo", str(settings.DEMO_MODEL_DIR)
    settings.ENCODER_CLASS = "tests.encoders.caching_encoder.CachingEncoder"
    settings.INDEX_LANES = 1  # the thread of the test, whose connection tests may disturb
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # quick, for quick tests
    close_index()
    clear_samples()
    forget_latest()
    encoders._background_loads.clear()  # otherwise all models load as in a web process
    yield
    close_index()


@pytest.fixture
def sample(db: None) -> SampleTeam:
    return make_sample_team()


@pytest.fixture
def broken_index(settings: Settings) -> None:
    close_index()
    settings.MILVUS_URI = CLOSED_PORT


@pytest.fixture
def folder_storage(settings: Settings) -> None:
    """Skip the test where the pictures are in a bucket, which cannot be taken away or damaged like a folder."""
    if "bucket_name" in settings.STORAGES["default"]["OPTIONS"]:
        pytest.skip("A bucket cannot be taken away.")
