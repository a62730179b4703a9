"""Processes that add teams to the index at once, with few partitions for each Milvus collection."""

import json
from collections import Counter
from pathlib import Path

import pytest

from tests.processes.installation import finish, make_installation

pytestmark = pytest.mark.process

MAX_PARTITIONS = 3
TEAMS = 10
PROCESSES = 3

OPEN = """
from collections_app import index
from collections_app.services.indexing.directory import SqlDirectory
from tests.index.records import record
opened = index.open_index(model_key="a model", dim=8, directory=SqlDirectory(model_key="a model"))
"""
# Each adds a picture to every team, and each team is new to one of them.
ADD = (
    OPEN
    + """
for step in range({teams}):
    team = 1 + (step + {number} * 3) % {teams}
    opened.upsert([record(team * 10 + {number}, team=team)])
"""
)
LIST = (
    OPEN
    + """
import json
from collections_app.index.schema import is_team_partition, parse_collection_number, parse_team_id
def read(client):
    names = [name for name in client.list_collections() if parse_collection_number(name, "a model")]
    return [
        (parse_team_id(partition), parse_collection_number(name, "a model"))
        for name in names for partition in client.list_partitions(name) if is_team_partition(partition)
    ]
rows = list(IndexPartition.objects.values_list("team_id", "number"))
entries = [(entry.id, entry.team_id) for entry in opened.iterate_entries()]
print(json.dumps([index._get_connection().run(read), rows, entries]))
"""
)


def test_processes_that_add_teams_at_once_never_exceed_the_limit(tmp_path: Path) -> None:
    installation = make_installation(tmp_path / "data")
    settings = {"MILVUS_MAX_PARTITIONS": str(MAX_PARTITIONS)}
    programs = [ADD.format(teams=TEAMS, number=number) for number in range(PROCESSES)]

    started = [installation.start_shell(program, **settings) for program in programs]
    for process in started:
        finish(process)

    partitions, rows, entries = json.loads(installation.shell(LIST, **settings).splitlines()[-1])
    assert sorted(partitions) == sorted(rows)
    assert sorted(team for team, _number in partitions) == list(range(1, TEAMS + 1))
    assert sorted(Counter(number for _team, number in partitions).values()) == [1, 3, 3, 3]
    assert sorted(entries) == sorted([team * 10 + n, team] for team in range(1, TEAMS + 1) for n in range(PROCESSES))
