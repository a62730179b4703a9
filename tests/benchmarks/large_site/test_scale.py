"""The benchmark of large installations, with two tiny ones."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from collections_app.index import close_index
from collections_app.models import IndexJob
from tests.benchmarks.large_site.installation import measure_installation
from tests.benchmarks.pages import print_pages
from tests.benchmarks.resources import NO_PAGE
from tests.benchmarks.scale import Result, compute_growth, print_results


@pytest.fixture
def measured(db: None, settings: Settings) -> Iterator[Result]:
    settings.ENCODER_CLASS = "tests.benchmarks.large_site.vectors.DrawnEncoder"
    yield measure_installation(pictures=400, teams=3, repeats=1, queries=4)
    close_index()


def test_benchmark_measures_every_page_and_command(measured: Result, capsys: pytest.CaptureFixture[str]) -> None:
    tasks = {each["name"]: each for each in measured["tasks"]}
    assert {each["problem"] for each in tasks.values()} <= {"", NO_PAGE}
    assert [each["recall"] for each in measured["recalls"]] == [1.0] * len(measured["recalls"])
    assert 0 < tasks["search, fresh"]["index_ms"] < tasks["search, fresh"]["total_ms"]
    assert tasks["picture"]["statements"] > 0
    assert tasks["picture"]["index_ms"] == 0
    assert 0 < tasks["picture"]["own_ms"] <= tasks["picture"]["total_ms"]
    assert IndexJob.objects.exists()  # the bulk actions found pictures
    print_results((400, 400), (measured, measured))
    printed = capsys.readouterr().out
    assert all(f"| {name} |" in printed for name in tasks)
    print_pages((400, 400), (tasks, tasks))
    assert "gallery: statements [" in capsys.readouterr().out


def test_growth_of_linear_commands_is_per_picture() -> None:
    before, after = {"own_ms": 20.0, "is_linear": False}, {"own_ms": 60.0, "is_linear": False}
    assert compute_growth(before, after, ratio=10) == (3.0, 1.5)
    assert compute_growth({**before, "is_linear": True}, {"own_ms": 400.0, "is_linear": True}, ratio=10) == (2.0, 1.2)
