"""A served site changes its model while people search and upload. One preparation is killed."""

import time
from pathlib import Path

import pytest

from tests.other_model import make_rotated_model
from tests.processes.conftest import PICTURES
from tests.processes.installation import Installation, Process, finish
from tests.processes.model_change import Searchers
from tests.processes.visitor import Visitor

pytestmark = pytest.mark.process

SEARCHES = 24


def test_no_search_fails_or_mixes_models_while_the_model_changes(
    installation: Installation, served: Process, folder: Path, tmp_path: Path
) -> None:
    model = str(make_rotated_model(tmp_path / "rotated"))
    finish(installation.import_pictures(folder))
    while installation.count_indexed() < PICTURES:
        time.sleep(0.2)
    with Searchers(address=installation.address, count=2) as searchers:
        searchers.wait_for(SEARCHES)
        searchers.phase = "prepare"
        killed = installation.start("model", "prepare", model)
        while not installation.count("indexmodel", "state = 'preparing'"):
            assert killed.poll() is None
            time.sleep(0.01)
        killed.kill()
        killed.communicate()
        assert Visitor(installation.address).upload(200) == 201
        assert "is ready" in installation.run("model", "prepare", model)
        searchers.wait_for(SEARCHES)
        for phase in ("switch", "rollback"):
            searchers.phase = "change"
            installation.run("model", phase)
            searchers.phase = f"after {phase}"
            searchers.wait_for(SEARCHES)

    assert (searchers.failures, searchers.mixed) == ([], [])
    demo, rotated = searchers.list_tags("before"), searchers.list_tags("after switch")
    assert (len(demo), len(rotated)) == (1, 1)
    assert demo != rotated
    assert searchers.list_tags("prepare") == searchers.list_tags("after rollback") == demo
    installation.run("reindex", "--check")
