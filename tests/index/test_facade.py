"""`open_index`, through which services reach the index."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pytest_django import Settings

from collections_app import index
from collections_app.errors import IndexUnavailable
from tests.index.records import DIM, record


@pytest.fixture(autouse=True)
def embedded_store(settings: Settings, tmp_path: Path) -> Iterator[None]:
    settings.MILVUS_URI = ""
    settings.EMBEDDED_STORE_DIR = tmp_path / "index"
    index.close_index()
    yield
    index.close_index()


def test_importing_the_package_loads_neither_milvus_nor_grpc() -> None:
    heavy = "import sys, collections_app.index; print({'pymilvus', 'milvus_lite', 'grpc'} & set(sys.modules))"

    answer = subprocess.run([sys.executable, "-c", heavy], capture_output=True, text=True, check=True)

    assert answer.stdout == "set()\n"


def test_a_model_has_one_index_per_process() -> None:
    with ThreadPoolExecutor(8) as pool:
        opened = list(pool.map(lambda _: index.open_index(model_key="a", dim=DIM), range(8)))

    assert len(set(map(id, opened))) == 1
    assert index.open_index(model_key="b", dim=DIM) is not opened[0]


def test_index_keeps_its_entries_when_reopened() -> None:
    index.open_index(model_key="a", dim=DIM).upsert([record(1)])
    index.close_index()

    assert index.open_index(model_key="a", dim=DIM).count() == 1


def test_opening_needs_no_server_but_the_first_call_reports_its_absence(settings: Settings) -> None:
    settings.MILVUS_URI = "http://127.0.0.1:1"

    opened = index.open_index(model_key="a", dim=DIM)

    with pytest.raises(IndexUnavailable, match="Try again in a minute"):
        opened.count()
