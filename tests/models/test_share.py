"""Who sees and edits a collection: members by role, others by a share with them or with a team of theirs."""

import pytest

from collections_app.models import Collection, Image, Membership, Role, Share, ShareRole, Team, User
from collections_app.services.library.trash import trash_collection, trash_images
from tests.sample_team import SampleTeam

pytestmark = pytest.mark.django_db


def share(sample: SampleTeam, role: ShareRole, *, user: User | None = None, team: Team | None = None) -> Share:
    return Share.objects.create(collection=sample.collection, user=user, team=team, role=role)


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


def test_an_outsider_sees_nothing(sample: SampleTeam) -> None:
    assert not sees(sample.outsider)
    assert not edits(sample.outsider)


def test_view_share_lets_a_person_view(sample: SampleTeam) -> None:
    share(sample, ShareRole.VIEWER, user=sample.outsider)

    assert sees(sample.outsider)
    assert not edits(sample.outsider)
    assert list(Collection.objects.shared_with(sample.outsider)) == [sample.collection]


def test_edit_share_allows_editing_pictures_but_not_the_collection(sample: SampleTeam) -> None:
    share(sample, ShareRole.EDITOR, user=sample.outsider)

    assert edits(sample.outsider)
    assert not Collection.objects.managed_by(sample.outsider).exists()
    assert not Collection.objects.owned_by(sample.outsider).exists()


@pytest.mark.parametrize(("role", "may_edit"), [("owner", True), ("editor", True), ("viewer", False)])
def test_edit_share_with_a_team_makes_its_editors_editors(sample: SampleTeam, role: str, may_edit: bool) -> None:
    share(sample, ShareRole.EDITOR, team=make_team(**{role: sample.outsider}))

    assert sees(sample.outsider)
    assert edits(sample.outsider) == may_edit


def test_former_member_loses_collections_shared_with_the_team(sample: SampleTeam) -> None:
    team = make_team(editor=sample.outsider)
    share(sample, ShareRole.EDITOR, team=team)
    Membership.objects.filter(team=team).delete()

    assert not sees(sample.outsider)
    assert not edits(sample.outsider)


def test_own_team_collections_are_not_listed_as_shared(sample: SampleTeam) -> None:
    share(sample, ShareRole.VIEWER, user=sample.viewer)

    assert sees(sample.viewer)
    assert not Collection.objects.shared_with(sample.viewer).exists()


def test_collection_with_several_shares_is_listed_once(sample: SampleTeam) -> None:
    share(sample, ShareRole.VIEWER, user=sample.outsider)
    share(sample, ShareRole.EDITOR, team=make_team(editor=sample.outsider))

    assert Collection.objects.visible_to(sample.outsider).count() == 1
    assert edits(sample.outsider)


def test_editor_by_share_sees_the_trash_of_that_collection_only(sample: SampleTeam) -> None:
    share(sample, ShareRole.EDITOR, user=sample.outsider)
    trash_images(images=Image.objects.all(), trasher=sample.owner)

    assert list(Image.objects.in_trash_of(sample.outsider)) == [sample.image]
    Share.objects.all().delete()
    assert not Image.objects.in_trash_of(sample.outsider).exists()


def test_trash_of_a_deleted_collection_is_visible_to_its_team_only(sample: SampleTeam) -> None:
    """An editor by a share would bring back with one picture what the team has deleted, its links and shares too."""
    share(sample, ShareRole.EDITOR, user=sample.outsider)
    trash_collection(collection=sample.collection, trasher=sample.owner)

    assert not Image.objects.in_trash_of(sample.outsider).exists()
    assert list(Image.objects.in_trash_of(sample.owner)) == [sample.image]
