"""The dashboard and the guide name exactly the metrics and labels that exist."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from collections_app.metrics.definitions import READ, RECORDED, MetricDefinition

ROOT = Path(__file__).parents[2]
DASHBOARD = ROOT / "deploy" / "grafana-dashboard.json"
ALL = (*RECORDED, *READ)


def read_panels() -> list[dict[str, Any]]:
    panels: list[dict[str, Any]] = json.loads(DASHBOARD.read_text())["panels"]
    return panels


def read_queries() -> list[str]:
    return [target["expr"] for panel in read_panels() for target in panel.get("targets", [])]


def list_series(definition: MetricDefinition) -> set[str]:
    """Return the names of the series of a metric."""
    if definition.buckets:
        return {f"{definition.name}_{suffix}" for suffix in ("bucket", "sum", "count")}
    return {definition.name}


def test_dashboard_shows_every_metric_and_no_other() -> None:
    series = {name: each.name for each in ALL for name in list_series(each)}
    named = set(re.findall(r"\bimagesearch_\w+", "\n".join(read_queries())))
    assert named - series.keys() == set()
    assert {series[name] for name in named} == {each.name for each in ALL}


def test_dashboard_groups_by_labels_that_its_metrics_have() -> None:
    for query in read_queries():
        labels = {
            label
            for each in ALL
            if list_series(each) & set(re.findall(r"\bimagesearch_\w+", query))
            for label in (*each.labels, "le")
        }
        grouped = {name.strip() for group in re.findall(r"by \(([^)]*)\)", query) for name in group.split(",")}
        assert grouped <= labels, query


def test_panels_of_the_dashboard_have_ids_and_places_of_their_own() -> None:
    panels = read_panels()
    assert len({panel["id"] for panel in panels}) == len(panels)
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels]
    assert len(set(places)) == len(places)
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in panels)


def test_guide_lists_every_metric_with_its_labels_and_meaning() -> None:
    section = (ROOT / "docs" / "operating.md").read_text().split("\n### Metrics\n")[1].split("\n### ")[0]
    rows = re.findall(r"^\| `(imagesearch_\w+)` \|([^|]*)\| ([^|]*) \|$", section, re.MULTILINE)
    listed = {name: (tuple(re.findall(r"`(\w+)`", labels)), meaning) for name, labels, meaning in rows}
    assert listed == {each.name: (each.labels, each.meaning) for each in ALL}


@pytest.mark.parametrize("definition", ALL, ids=lambda each: each.name)
def test_name_follows_the_conventions(definition: MetricDefinition) -> None:
    assert re.fullmatch(r"imagesearch_[a-z_]+", definition.name)
    assert definition.name.endswith("_total") == (definition in RECORDED and not definition.buckets)
    assert not definition.buckets or definition.name.endswith("_seconds")
    assert definition.meaning.endswith(".")
