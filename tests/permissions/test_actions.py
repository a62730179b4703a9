"""What every role can really do and see, beyond the status of responses."""

from collections.abc import Iterator

import pytest
from django.db import transaction

from collections_app.models import Image, User
from collections_app.services.indexing.worker import IndexWorker
from collections_app.services.library.collections import create_collection
from tests.permissions.actions import ACTIONS, TABLE, Requester, Values
from tests.permissions.people import PEOPLE, Scenario, make_scenario, spread_over_people
from tests.permissions.requests import METHODS, fill, routes, status
from tests.sample_team import put_picture

pytestmark = pytest.mark.django_db(transaction=True)

# They put a picture into the trash themselves: what is active is no other case.
_ABOUT_TRASH = {"restore", "restore-all", "purge", "in-trash"}


def allowed() -> set[tuple[str, str, str]]:
    lines = [line.split() for line in TABLE.strip().splitlines()[1:]]
    return {
        (action, kind, person)
        for action, kind, *marks in lines
        for person, mark in zip(PEOPLE, spread_over_people(marks), strict=True)
        if mark == "yes"
    }


def make_requesters(scenario: Scenario) -> Iterator[tuple[str, Requester]]:
    for number, person in enumerate(PEOPLE):
        user = User.objects.filter(email=f"{person.replace(' ', '-')}@example.com").first()
        if user is None:
            yield person, Requester(client=scenario.clients[person], collection=0, image=0)
            continue
        own = create_collection(team=user.personal_team, name="Own", creator=user)
        image = put_picture(own, user, "own.png", colour=(number * 20, 99, 7))
        yield person, Requester(client=scenario.clients[person], collection=own.pk, image=image.pk)


def values_of(scenario: Scenario, kind: str) -> Values:
    """Of what is trashed, `image` lies in the trash alone, `first_image` with its collection."""
    collection = scenario.values[kind]["collection"]
    first = Image.objects.filter(collection=collection).order_by("pk").first()  # type: ignore[misc]
    return {**scenario.values[kind], "first_image": first.pk if first else 0}


def test_every_role_can_do_exactly_what_the_table_says() -> None:
    scenario = make_scenario()
    people = dict(make_requesters(scenario))
    IndexWorker().drain()
    done = set()
    for kind in ("active", "trashed", "foreign"):
        target = values_of(scenario, kind)
        for action, perform in ACTIONS.items():
            if (action in _ABOUT_TRASH and kind == "active") or (
                action.startswith(("trash", "create")) and kind == "trashed"
            ):
                continue
            for person, requester in people.items():
                with transaction.atomic():
                    if perform(requester, target):
                        done.add((action, kind, person))
                    transaction.set_rollback(True)
    assert sorted(done - allowed()) == []
    assert sorted(allowed() - done) == []


def test_owner_cannot_reach_parts_of_other_objects() -> None:
    """/collections/MINE/sharing/YOURS/: each part of an address must belong to what stands before it."""
    scenario = make_scenario()
    reached = [
        (person, method, address)
        for name, route in routes().items()
        if route.count("<") > 1
        for other in ("foreign", "trashed")
        for address in [_mixed(route, scenario.values["active"], scenario.values[other])]
        for person in ("team owner", "link visitor")
        for method in METHODS
        if status(scenario.clients[person], method, address) not in _refusals(route, person)
        if not (other == "trashed" and "<int:member>" in route)  # the team is the same
    ]
    assert reached == []


def _mixed(route: str, mine: Values, yours: Values) -> str:
    """The address with its first part mine, all others yours."""
    start, rest = fill(route, mine).split("/")[:3], fill(route, yours).split("/")[3:]
    return "/".join([*start, *rest])


def _refusals(route: str, person: str) -> tuple[int, ...]:
    """A link's visitor has no account, a team's owner not the link's password."""
    is_asked_first = route.startswith("s/") == (person == "team owner")
    return (302, 405) if is_asked_first else (404, 405)
