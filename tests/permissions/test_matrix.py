"""Every address and method, requested by every role: the table lists all of them and states the responses."""

from typing import Any

import pytest
from django.http import HttpResponseNotFound

from imagesearch import urls
from tests.permissions.people import PEOPLE, make_scenario, spread_over_people
from tests.permissions.requests import METHODS, fill, has_object, routes, status
from tests.permissions.table import TABLE

pytestmark = pytest.mark.django_db

KINDS = ("active", "trashed", "foreign", "deleted")


_MEANING = {"any": KINDS, "other": KINDS[1:]}


def rows() -> dict[tuple[str, str, str], tuple[int, ...]]:
    read: dict[tuple[str, str, str], tuple[int, ...]] = {}
    for line in TABLE.strip().splitlines()[1:]:
        name, method, kinds, *statuses = line.split()
        everybody = spread_over_people(statuses)
        for kind in _MEANING.get(kinds, (kinds,)):
            assert (name, method, kind) not in read
            read[name, method, kind] = tuple(map(int, everybody))
    return read


def expected_rows() -> set[tuple[str, str, str]]:
    return {
        (name, method, kind)
        for name, route in routes().items()
        for method in METHODS
        for kind in (KINDS if has_object(route) else ("-",))
    }


def respond_with_404(*_: Any, **__: Any) -> HttpResponseNotFound:
    return HttpResponseNotFound()


def test_table_lists_every_address_and_method() -> None:
    assert set(rows()) == expected_rows()


@pytest.mark.parametrize("kind", ["-", *KINDS])
def test_every_role_gets_the_status_in_the_table(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if kind in ("trashed", "foreign"):  # the same page as for "deleted", some hundred times
        monkeypatch.setattr(urls, "handler404", respond_with_404, raising=False)
    scenario = make_scenario()
    selected = {row: statuses for row, statuses in rows().items() if row[2] == kind}
    values = scenario.values.get(kind, {})
    wrong = []
    for (name, method, _), statuses in selected.items():
        address = fill(routes()[name], values)
        for person, expected in zip(PEOPLE, statuses, strict=True):
            got = status(scenario.clients[person], method, address)
            if got != expected:
                wrong.append(f"{method} {name} {kind}: {person} gets {got}, not {expected}")
    assert wrong == []
