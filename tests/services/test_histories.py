"""Random histories of several people: after each step nobody sees, finds or fetches what they may not; then all agrees.

Pictures are put in, moved, trashed, restored and deleted through the site, by people who may and people who may not.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collections_app.models import Collection, Image, Membership, PublicLink, Role, Share, Team, User
from collections_app.services.indexing.worker import IndexWorker
from collections_app.services.library.collections import create_collection
from collections_app.services.sharing.public_links import create_link
from tests.sample_team import picture_file, sign_in_client
from tests.services.indexing.agreement import assert_index_agrees

# After a timeout Hypothesis would go on with a database connection that waits for an answer.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(1200)]

PEOPLE = PLACES = range(3)
ROLES = list(Role)
_EDITING = (Role.OWNER, Role.EDITOR)
_numbers = count()
ACTIONS = (
    *("upload", "upload", "upload", "move", "move", "trash", "restore", "purge"),
    *("share", "share", "revoke", "share_with_team", "join", "leave", "link", "drain"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """`number` chooses a picture, a guest or a role, as the action has it."""

    action: str
    actor: int
    place: int
    number: int


steps = st.builds(
    Step,
    action=st.sampled_from(ACTIONS),
    actor=st.sampled_from(PEOPLE),
    place=st.sampled_from(PLACES),
    number=st.integers(0, 9),
)


@dataclass(kw_only=True)
class ExpectedState:
    """Ann and Bea have a team; each of three places is a collection: Ann's own, the team's, Cid's own.

    Beside the database it keeps what must be so, in the plainest way: who has which role, what is shared and where.
    """

    people: list[User]
    clients: list[Client]
    team: Team
    places: list[Collection]
    roles: dict[int, str] = field(default_factory=lambda: {0: Role.OWNER, 1: Role.EDITOR})
    shares: dict[tuple[int, int], str] = field(default_factory=dict)
    team_shares: dict[int, str] = field(default_factory=dict)
    links: dict[int, PublicLink] = field(default_factory=dict)
    pictures: dict[int, int] = field(default_factory=dict)
    trashed: set[int] = field(default_factory=set)
    purged: set[int] = field(default_factory=set)

    def role_in(self, person: int, place: int) -> str:
        """As a member of the place's team."""
        if place == 1:
            return self.roles.get(person, "")
        return Role.OWNER if person == place else ""

    def sees(self, person: int, place: int) -> bool:
        by_team = place in self.team_shares and person in self.roles
        return bool(self.role_in(person, place)) or (place, person) in self.shares or by_team

    def manages(self, person: int, place: int) -> bool:
        return self.role_in(person, place) in _EDITING

    def edits(self, person: int, place: int) -> bool:
        by_team = self.team_shares.get(place) == "editor" and self.roles.get(person, "") in _EDITING
        return self.manages(person, place) or self.shares.get((place, person)) == "editor" or by_team

    def seen_by(self, person: int) -> set[int]:
        return {pk for pk, place in self.not_trashed().items() if self.sees(person, place)}

    def not_trashed(self) -> dict[int, int]:
        return {pk: place for pk, place in self.pictures.items() if pk not in self.trashed}

    def picture(self, number: int, *, trashed: bool = False) -> int:
        """Return one, or 0 where there is none."""
        among = sorted(self.trashed if trashed else self.not_trashed())
        return among[number % len(among)] if among else 0

    def upload(self, step: Step) -> None:
        serial = next(_numbers)
        file = picture_file(f"{serial}.png", (serial % 256, serial // 256 % 256, 77))
        address = f"/collections/{self.places[step.place].pk}/upload/"
        answer = self.clients[step.actor].post(address, {"files": file}, headers={"Accept": "application/json"})
        if self.edits(step.actor, step.place):
            self.pictures[answer.json()["id"]] = step.place

    def move(self, step: Step) -> None:
        pk = self.picture(step.number)
        form = {"image": pk, "target": self.places[step.place].pk}
        self.clients[step.actor].post("/pictures/move/", form)
        if pk and self.manages(step.actor, self.pictures[pk]) and self.edits(step.actor, step.place):
            self.pictures[pk] = step.place

    def trash(self, step: Step) -> None:
        pk = self.picture(step.number)
        self.clients[step.actor].post("/pictures/trash/", {"image": pk})
        if pk and self.edits(step.actor, self.pictures[pk]):
            self.trashed.add(pk)

    def restore(self, step: Step) -> None:
        pk = self.picture(step.number, trashed=True)
        self.clients[step.actor].post("/trash/restore/", {"image": pk})
        if pk and self.edits(step.actor, self.pictures[pk]):
            self.trashed.discard(pk)

    def purge(self, step: Step) -> None:
        pk = self.picture(step.number, trashed=True)
        self.clients[step.actor].post("/trash/purge/", {"image": pk})
        if pk and self.manages(step.actor, self.pictures[pk]):
            self.trashed.discard(pk)
            self.purged.add(pk)
            del self.pictures[pk]

    def share(self, step: Step) -> None:
        guest, role = step.number % 3, "editor" if step.number > 5 else "viewer"
        if self.role_in(guest, step.place):
            return
        place, person = self.places[step.place], self.people[guest]
        Share.objects.update_or_create(collection=place, user=person, defaults={"role": role})
        self.shares[step.place, guest] = role

    def revoke(self, step: Step) -> None:
        guest = step.number % 3
        Share.objects.filter(collection=self.places[step.place], user=self.people[guest]).delete()
        self.shares.pop((step.place, guest), None)

    def share_with_team(self, step: Step) -> None:
        """Or stop sharing it, where it is shared."""
        collection = self.places[step.place]
        if step.place == 1:
            return
        if self.team_shares.pop(step.place, ""):
            Share.objects.filter(collection=collection, team=self.team).delete()
            return
        self.team_shares[step.place] = role = "editor" if step.number > 5 else "viewer"
        Share.objects.create(collection=collection, team=self.team, role=role)

    def join(self, step: Step) -> None:
        """Join the team or get another role. A new member has no personal share of the team's collection."""
        if step.actor not in self.roles:
            self.shares.pop((1, step.actor), None)
        role = ROLES[step.number % 3]
        person = self.people[step.actor]
        Membership.objects.update_or_create(team=self.team, user=person, defaults={"role": role})
        self.roles[step.actor] = role

    def leave(self, step: Step) -> None:
        """Leave the team. The person's shares and their links to the team's collection are deleted."""
        if 1 in self.links and self.links[1].creator == self.people[step.actor] and step.actor in self.roles:
            del self.links[1]
        Membership.objects.filter(team=self.team, user=self.people[step.actor]).delete()
        self.roles.pop(step.actor, None)

    def link(self, step: Step) -> None:
        """Make a public link, or revoke it."""
        if known := self.links.pop(step.place, None):
            PublicLink.objects.filter(pk=known.pk).delete()
            return
        person = next((each for each in PEOPLE if self.role_in(each, step.place) == Role.OWNER), None)
        if person is not None:
            self.links[step.place] = create_link(collection=self.places[step.place], creator=self.people[person])

    def drain(self, step: Step) -> None:
        IndexWorker().drain()


def make_state() -> ExpectedState:
    for rows in (User.objects.all(), Team.objects.all()):
        rows.delete()
    people = [User.objects.create_user(f"{name}@example.com") for name in ("ann", "bea", "cid")]
    team = Team.objects.create(name="Two")
    for person, role in zip(people[:2], (Role.OWNER, Role.EDITOR), strict=True):
        Membership.objects.create(team=team, user=person, role=role)
    teams = [people[0].personal_team, team, people[2].personal_team]
    places = [create_collection(team=each, name="Place", creator=people[0]) for each in teams]
    return ExpectedState(people=people, clients=list(map(sign_in_client, people)), team=team, places=places)


def found_by(client: Client) -> set[int]:
    """Return the ids on the search page, with unlikely pictures, so that everything in the index is there."""
    page = client.get("/search/", {"q": "a dog", "all": "1"})
    assert page.status_code == 200
    return {int(pk) for pk in re.findall(r'data-image-id="(\d+)"', page.content.decode())}


def fetched_by(client: Client, state: ExpectedState) -> set[int]:
    """Ask for every picture there ever was as a browser does that has it: 304 is a yes."""
    ids = {*state.pictures, *state.purged}
    statuses = {pk: client.get(f"/images/{pk}/file/", headers={"If-None-Match": "*"}).status_code for pk in ids}
    assert set(statuses.values()) <= {304, 404}
    return {pk for pk, status in statuses.items() if status == 304}


def check_people(state: ExpectedState, step: Step) -> None:
    for person in PEOPLE:
        expected = state.seen_by(person)
        assert fetched_by(state.clients[person], state) == expected, (step, person)
        assert found_by(state.clients[person]) <= expected, (step, person)


def check_links(state: ExpectedState, step: Step) -> None:
    """A visitor without an account gets what lies in the linked collection, and nothing from one that has no link."""
    for place, link in state.links.items():
        expected = {pk for pk, where in state.not_trashed().items() if where == place}
        page = Client().get(f"/s/{link.secret}/search/", {"q": "a dog", "all": "1"}).content.decode()
        found = set(re.findall(r'data-public-id="([\w-]+)"', page))
        assert found <= {str(image.public_id) for image in Image.objects.filter(pk__in=expected)}, step
        for image in Image.objects.all():
            address = f"/s/{link.secret}/{image.public_id}/thumbnail/"
            status = Client().get(address, headers={"If-None-Match": "*"}).status_code
            assert status == (304 if image.pk in expected else 404), step


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=st.lists(steps, min_size=6, max_size=24))
def test_nobody_sees_finds_or_fetches_forbidden_pictures(history: list[Step]) -> None:
    state = make_state()
    for step in history:
        perform: Callable[[Step], None] = getattr(state, step.action)
        perform(step)
        check_people(state, step)
        check_links(state, step)
    IndexWorker().drain()
    assert set(Image.objects.values_list("pk", flat=True)) == set(state.pictures)
    assert_index_agrees()
    for person in PEOPLE:
        assert found_by(state.clients[person]) == state.seen_by(person)
