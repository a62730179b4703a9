"""Who sees and edits a collection: members by role, others by a share with them or with a team of theirs."""

import pytest

from collections_app.models import Collection, Image, Membership, Role, Share, ShareRole, Team, User
from collections_app.services.trash import trash_collection, trash_images
from tests.house import House

pytestmark = pytest.mark.django_db


def share(house: House, role: ShareRole, *, user: User | None = None, team: Team | None = None) -> Share:
    return Share.objects.create(collection=house.collection, user=user, team=team, role=role)


def make_team(**members: User) -> Team:
    team = Team.objects.create(name="Others")
    for role, user in members.items():
        Membership.objects.create(team=team, user=user, role=Role(role))
    return team


def sees(user: User) -> bool:
    assert Collection.objects.visible_to(user).exists() == Image.objects.visible_to(user).exists()
    return Image.objects.visible_to(user).exists()


def edits(user: User) -> bool:
    assert Collection.objects.editable_by(user).exists() == Image.objects.editable_by(user).exists()
    return Image.objects.editable_by(user).exists()


def test_an_outsider_sees_nothing(house: House) -> None:
    assert not sees(house.outsider)
    assert not edits(house.outsider)


def test_a_share_lets_a_person_look(house: House) -> None:
    share(house, ShareRole.VIEWER, user=house.outsider)

    assert sees(house.outsider)
    assert not edits(house.outsider)
    assert list(Collection.objects.shared_with(house.outsider)) == [house.collection]


def test_a_share_lets_a_person_edit_pictures_and_never_manage_the_collection(house: House) -> None:
    share(house, ShareRole.EDITOR, user=house.outsider)

    assert edits(house.outsider)
    assert not Collection.objects.managed_by(house.outsider).exists()
    assert not Collection.objects.owned_by(house.outsider).exists()


@pytest.mark.parametrize(("role", "may_edit"), [("owner", True), ("editor", True), ("viewer", False)])
def test_a_share_with_a_team_to_edit_makes_editors_of_those_who_edit_there(
    house: House, role: str, may_edit: bool
) -> None:
    share(house, ShareRole.EDITOR, team=make_team(**{role: house.outsider}))

    assert sees(house.outsider)
    assert edits(house.outsider) == may_edit


def test_who_leaves_the_team_loses_what_was_shared_with_it(house: House) -> None:
    team = make_team(editor=house.outsider)
    share(house, ShareRole.EDITOR, team=team)
    Membership.objects.filter(team=team).delete()

    assert not sees(house.outsider)
    assert not edits(house.outsider)


def test_what_one_sees_as_a_member_is_not_called_shared(house: House) -> None:
    share(house, ShareRole.VIEWER, user=house.viewer)

    assert sees(house.viewer)
    assert not Collection.objects.shared_with(house.viewer).exists()


def test_several_shares_show_a_collection_once(house: House) -> None:
    share(house, ShareRole.VIEWER, user=house.outsider)
    share(house, ShareRole.EDITOR, team=make_team(editor=house.outsider))

    assert Collection.objects.visible_to(house.outsider).count() == 1
    assert edits(house.outsider)


def test_an_editor_by_share_sees_the_trash_of_that_collection_alone(house: House) -> None:
    share(house, ShareRole.EDITOR, user=house.outsider)
    trash_images(images=Image.objects.all(), trasher=house.owner)

    assert list(Image.objects.in_trash_of(house.outsider)) == [house.image]
    Share.objects.all().delete()
    assert not Image.objects.in_trash_of(house.outsider).exists()


def test_a_deleted_collection_s_trash_is_its_team_s_alone(house: House) -> None:
    """An editor by a share would bring back with one picture what the team has deleted, its links and shares too."""
    share(house, ShareRole.EDITOR, user=house.outsider)
    trash_collection(collection=house.collection, trasher=house.owner)

    assert not Image.objects.in_trash_of(house.outsider).exists()
    assert list(Image.objects.in_trash_of(house.owner)) == [house.image]
