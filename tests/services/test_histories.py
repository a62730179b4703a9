"""Random histories of several people: after each step nobody sees or finds what they may not; at the end all agrees."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collections_app.models import Collection, Image, Membership, Role, Share, Team, User
from collections_app.services.indexing.worker import IndexWorker
from collections_app.services.library import create_collection
from collections_app.services.moving import move_images
from collections_app.services.search import everything_visible_to, search_by_text
from collections_app.services.trash import purge_trash, restore_images, trash_images
from tests.house import put_picture
from tests.services.agreement import assert_index_agrees

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE = PLACES = range(3)
_numbers = count()

step = st.tuples(
    st.sampled_from(
        ["upload", "upload", "share", "share", "revoke", "move", "trash", "restore", "purge", "join", "leave", "drain"]
    ),
    st.integers(0, 2),
    st.integers(0, 9),
)


@dataclass(kw_only=True)
class World:
    """Ann and Bea have a team; each of three places is a collection: Ann's own, the team's, Cid's own.

    Beside the database it keeps what must be so, in the plainest way: who is a member, what is shared, what is where.
    """

    people: list[User]
    team: Team
    places: list[Collection]
    members: set[int] = field(default_factory=lambda: {0, 1})
    shares: set[tuple[int, int]] = field(default_factory=set)
    pictures: dict[int, int] = field(default_factory=dict)
    trashed: set[int] = field(default_factory=set)

    def seen_by(self, person: int) -> set[int]:
        own = {0: 0, 2: 2}
        open_places = {own[person]} if person in own else set()
        open_places |= {1} if person in self.members else set()
        open_places |= {place for place, guest in self.shares if guest == person}
        return {pk for pk, place in self.pictures.items() if place in open_places and pk not in self.trashed}

    def picture(self, number: int, *, trashed: bool = False) -> list[int]:
        among = [pk for pk in self.pictures if (pk in self.trashed) == trashed]
        return [among[number % len(among)]] if among else []

    def upload(self, place: int, number: int) -> None:
        serial = next(_numbers)
        colour = (serial % 256, serial // 256 % 256, 77)
        image = put_picture(self.places[place], self.people[0], f"{serial}.png", colour=colour, title=f"p{serial}")
        self.pictures.setdefault(image.pk, place)

    def share(self, place: int, number: int) -> None:
        guest = number % 3
        Share.objects.get_or_create(collection=self.places[place], user=self.people[guest], defaults={"role": "viewer"})
        self.shares.add((place, guest))

    def revoke(self, place: int, number: int) -> None:
        Share.objects.filter(collection=self.places[place], user=self.people[number % 3]).delete()
        self.shares.discard((place, number % 3))

    def move(self, place: int, number: int) -> None:
        for pk in self.picture(number):
            move_images(images=Image.objects.filter(pk=pk), target=self.places[place])
            self.pictures[pk] = place

    def trash(self, place: int, number: int) -> None:
        for pk in self.picture(number):
            trash_images(images=Image.objects.filter(pk=pk), trasher=self.people[0])
            self.trashed.add(pk)

    def restore(self, place: int, number: int) -> None:
        for pk in self.picture(number, trashed=True):
            restore_images(images=Image.objects.filter(pk=pk))
            self.trashed.discard(pk)

    def purge(self, place: int, number: int) -> None:
        for pk in self.picture(number, trashed=True):
            purge_trash(images=Image.objects.filter(pk=pk))
            self.trashed.discard(pk)
            del self.pictures[pk]

    def join(self, place: int, number: int) -> None:
        person = self.people[number % 3]
        Membership.objects.get_or_create(team=self.team, user=person, defaults={"role": Role.VIEWER})
        self.members.add(number % 3)

    def leave(self, place: int, number: int) -> None:
        Membership.objects.filter(team=self.team, user=self.people[number % 3]).delete()
        self.members.discard(number % 3)

    def drain(self, place: int, number: int) -> None:
        IndexWorker().drain()


def make_world() -> World:
    for rows in (User.objects.all(), Team.objects.all()):
        rows.delete()
    people = [User.objects.create_user(f"{name}@example.com") for name in ("ann", "bea", "cid")]
    team = Team.objects.create(name="Two")
    for person in people[:2]:
        Membership.objects.create(team=team, user=person, role=Role.OWNER)
    teams = [people[0].personal_team, team, people[2].personal_team]
    places = [create_collection(team=each, name="Place", creator=people[0]) for each in teams]
    return World(people=people, team=team, places=places)


def found_by(user: User) -> set[int]:
    return {each.image.pk for each in search_by_text(scope=everything_visible_to(user), text="a dog")}


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(step, min_size=4, max_size=20))
def test_nobody_ever_sees_or_finds_what_they_may_not(steps: list[tuple[str, int, int]]) -> None:
    world = make_world()
    for name, place, number in steps:
        act: Callable[[int, int], None] = getattr(world, name)
        act(place, number)
        for person in PEOPLE:
            seen = set(Image.objects.visible_to(world.people[person]).values_list("pk", flat=True))
            assert seen == world.seen_by(person), (name, person)
            assert found_by(world.people[person]) <= seen
    IndexWorker().drain()
    assert_index_agrees()
    for person in PEOPLE:
        assert found_by(world.people[person]) == world.seen_by(person)
