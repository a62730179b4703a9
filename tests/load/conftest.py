"""Fixtures of the load tests: their duration, and a site with the defaults of `make run` and the demo model."""

import os
from collections.abc import Iterator

import pytest

from tests.processes.installation import Installation, Process, make_installation
from tests.processes.visitor import Visitor

SHORT_S = 8


@pytest.fixture(scope="session")
def load_s() -> float:
    """Seconds of load; `make test-load` sets 60."""
    return float(os.environ.get("LOAD_SECONDS", SHORT_S))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    return make_installation(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def served_site(site: Installation) -> Iterator[Process]:
    process = site.serve(HTTPS="")
    yield process
    process.terminate()
    process.communicate(timeout=60)


@pytest.fixture(scope="module")
def visitor(site: Installation, served_site: Process) -> Visitor:
    return Visitor(site.address)
