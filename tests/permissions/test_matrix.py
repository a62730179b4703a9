"""Every address and method, asked by everybody: the table says what they get, and nothing is missing from it."""

import pytest

from tests.permissions.cast import PEOPLE, make_stage
from tests.permissions.requests import METHODS, fill, has_object, routes, status
from tests.permissions.table import TABLE

pytestmark = pytest.mark.django_db

KINDS = ("kept", "trashed", "foreign", "deleted")


_MEANING = {"any": KINDS, "other": KINDS[1:]}


def rows() -> dict[tuple[str, str, str], tuple[int, ...]]:
    read: dict[tuple[str, str, str], tuple[int, ...]] = {}
    for line in TABLE.strip().splitlines()[1:]:
        name, method, kinds, *statuses = line.split()
        everybody = statuses * len(PEOPLE) if len(statuses) == 1 else statuses
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


def test_no_address_and_no_method_is_missing_from_the_table() -> None:
    assert set(rows()) == expected_rows()


@pytest.mark.parametrize("kind", ["-", *KINDS])
def test_everybody_gets_what_the_table_says(kind: str) -> None:
    stage = make_stage()
    asked = {row: statuses for row, statuses in rows().items() if row[2] == kind}
    values = stage.values.get(kind, {})
    wrong = []
    for (name, method, _), statuses in asked.items():
        address = fill(routes()[name], values)
        for person, expected in zip(PEOPLE, statuses, strict=True):
            got = status(stage.clients[person], method, address)
            if got != expected:
                wrong.append(f"{method} {name} {kind}: {person} gets {got}, not {expected}")
    assert wrong == []
