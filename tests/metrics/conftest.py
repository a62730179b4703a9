"""Fixtures: a process that records, and what the exporter shows."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from collections_app.management.metrics_exporter import export_metrics
from collections_app.metrics import join_metrics, leave_metrics
from collections_app.services import monitoring

Samples = dict[tuple[str, ...], float]


class Scrape:
    """What one request to the exporter returned."""

    def __init__(self, body: str) -> None:
        self.body = body
        self._samples = [each for family in text_string_to_metric_families(body) for each in family.samples]

    @property
    def names(self) -> set[str]:
        return {each.name for each in self._samples}

    def read(self, name: str, **labels: str) -> Samples:
        """Return the numbers of a metric, by the values of the labels that are not given."""
        return {
            tuple(value for label, value in sorted(each.labels.items()) if label not in labels): each.value
            for each in self._samples
            if each.name == name and labels.items() <= each.labels.items()
        }

    def read_one(self, name: str, **labels: str) -> float:
        (value,) = self.read(name, **labels).values()
        return value


@pytest.fixture
def recording(settings: Settings, tmp_path: Path) -> Iterator[None]:
    settings.METRICS_PORT, settings.METRICS_DIR = 9464, tmp_path / "metrics"
    join_metrics("web")
    yield
    leave_metrics()


@pytest.fixture
def scrape(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Scrape]:
    """Read everything again with each scrape."""
    for part in monitoring._PARTS:
        monkeypatch.setattr(part, "kept_s", 0)
        monkeypatch.setattr(part, "_latest", None)
        monkeypatch.setattr(part, "_is_failing", False)

    def run() -> Scrape:
        body = b"".join(export_metrics({"REQUEST_METHOD": "GET", "PATH_INFO": "/metrics"}, lambda *_: None))
        return Scrape(body.decode())

    return run
