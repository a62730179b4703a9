"""Names of collections as people type them: case, quotation marks, blanks, invisible characters."""

import pytest
from django.test import Client

from collections_app.models import Collection
from tests.sample_team import SampleTeam

SAME = [
    ("ёлка", "ЁЛКА"),
    ("Straße", "STRASSE"),
    ("İstanbul", "istanbul"),
    ("Été", "E\u0301TE\u0301"),
    ("Trips", "TRIPS"),
]
WRITTEN = {
    'The "Great" War': r'in:"The \"Great\" War"',
    "two  blanks": 'in:"two blanks"',
    "Cafe\u0301 summer": 'in:"Café summer"',
    "👨\u200d👩\u200d👧 family": 'in:"👨\u200d👩\u200d👧 family"',
    "zero\u200bwidth": "in:zerowidth",
    "ЁЛКА": "in:ёлка",
}


def create(client: Client, sample: SampleTeam, name: str) -> int:
    return client.post("/collections/new/", {"name": name, "team": sample.team.pk}).status_code


@pytest.mark.parametrize(("first", "second"), SAME)
def test_name_that_differs_in_case_only_is_taken(as_owner: Client, sample: SampleTeam, first: str, second: str) -> None:
    assert [create(as_owner, sample, name) for name in (first, second)] == [302, 400]
    assert Collection.objects.exclude(pk=sample.collection.pk).count() == 1


@pytest.mark.parametrize("name", ["\u200b", "\u200d", "\u2060 \u200e"])
def test_invisible_name_is_refused(as_owner: Client, sample: SampleTeam, name: str) -> None:
    assert create(as_owner, sample, name) == 400


@pytest.mark.parametrize("name", WRITTEN)
def test_collection_is_addressed_as_it_is_read(as_owner: Client, sample: SampleTeam, name: str) -> None:
    create(as_owner, sample, name)
    search = as_owner.get("/search/", {"q": WRITTEN[name]}).context["search"]
    assert list(search.problems) == []
    assert search.filters.collections == [Collection.objects.exclude(pk=sample.collection.pk).get()]
