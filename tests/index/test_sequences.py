"""Any order of writes, moves and deletions, compared with a dictionary."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collections_app.index.connection import Connection
from tests.index.conftest import new_index
from tests.index.records import record

IDS = st.integers(0, 5)
UPSERTS = st.lists(st.tuples(IDS, st.integers(1, 3), st.integers(1, 99)), min_size=1, max_size=4)
STEPS = st.lists(st.one_of(UPSERTS, st.sets(IDS, max_size=3), st.just("reconnect")), max_size=8)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_index_behaves_like_a_dictionary(lite: Connection, steps: list[object]) -> None:
    index = new_index(lite, model_key="sequences")
    index.delete(range(6))
    expected: dict[int, tuple[int, int]] = {}
    for step in steps:
        if isinstance(step, list):
            index.upsert([record(an_id, team=team, width=width) for an_id, team, width in step])
            expected |= {an_id: (team, width) for an_id, team, width in step}
        elif isinstance(step, set):
            index.delete(list(step))
            expected = {an_id: value for an_id, value in expected.items() if an_id not in step}
        else:
            lite.close()

    stored = [(entry.id, (entry.team_id, entry.width)) for entry in index.iterate_entries()]
    assert sorted(stored) == sorted(expected.items())
    assert index.count() == len(expected)
