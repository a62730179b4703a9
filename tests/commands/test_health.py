"""`manage.py health`: one line for each part, and an exit status for containers."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from collections_app.services.health import PART_NAMES

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def fresh_states(monkeypatch: pytest.MonkeyPatch) -> None:
    """Check the parts in every call."""
    monkeypatch.setattr("collections_app.services.health._KEPT_S", -1)


def run_health(*words: str) -> tuple[int, list[str]]:
    """Return the exit status and the lines."""
    out, status = StringIO(), 0
    try:
        call_command("health", *words, stdout=out)
    except SystemExit as end:
        status = int(end.code or 0)
    return status, out.getvalue().splitlines()


def test_each_part_has_a_line() -> None:
    status, lines = run_health()
    assert status == 0
    assert [line.partition(": ok. ")[0] for line in lines] == list(PART_NAMES)


def test_part_that_fails_is_named_and_exits_with_1(broken_index: None) -> None:
    status, lines = run_health()
    assert status == 1
    assert [line.split(":")[0] for line in lines if ": failed. " in line] == ["index"]


def test_only_the_named_parts_are_checked(broken_index: None) -> None:
    status, lines = run_health("--part", "storage", "--part", "database")
    assert status == 0
    assert [line.split(":")[0] for line in lines] == ["storage", "database"]


def test_unknown_part_is_refused() -> None:
    with pytest.raises(CommandError, match="invalid choice: 'mail'"):
        run_health("--part", "mail")
