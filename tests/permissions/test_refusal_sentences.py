"""A refusal names the roles that may do what was requested."""

import pytest

from tests.permissions.people import PEOPLE, make_scenario
from tests.permissions.requests import fill, routes
from tests.permissions.test_matrix import rows

ROLES = ("share viewer", "share editor", "team viewer", "team editor", "team owner")
SENTENCES = {
    ("share editor", "team editor", "team owner"): (
        "Only owners and editors of the team and people who can edit the shared collection can do this."
    ),
    ("team editor", "team owner"): "Only owners and editors of the team can do this.",
    ("team owner",): "Only owners of the team can do this.",
}
# The owner saved the search of the scenario.
SEARCH_SENTENCES = {
    "search_unshare": "Only the person who saved this search and owners of the team can do this.",
    **dict.fromkeys(
        ("search_rename", "search_share", "search_delete"), "Only the person who saved this search can do this."
    ),
}


@pytest.mark.django_db
def test_refusals_name_exactly_the_roles_that_are_admitted() -> None:
    scenario = make_scenario()
    refused = [(row, statuses) for row, statuses in rows().items() if row[2] == "active" and 403 in statuses]
    assert len(refused) > 30
    for (name, method, _), statuses in refused:
        by_person = dict(zip(PEOPLE, statuses, strict=True))
        admitted = tuple(role for role in ROLES if by_person[role] not in (403, 404))
        sentence = SEARCH_SENTENCES.get(name) or SENTENCES[admitted]
        for role in ROLES:
            if by_person[role] == 403:
                address = fill(routes()[name], scenario.values["active"])
                answer = scenario.clients[role].generic(method, address, headers={"Accept": "application/json"})
                assert (name, method, role, answer.json()["error"]) == (name, method, role, sentence)
