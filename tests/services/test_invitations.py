"""Invitations: a secret for one address, good for once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.mail import EmailMessage
from django.db import connection
from django.utils import timezone

from collections_app.errors import InvitationGone, NotAllowed, PersonalTeam, WrongAddress
from collections_app.models import Collection, Invitation, Membership, Role, Share, User
from collections_app.services.invitations import accept_invitation, find_invitation, invite, send_invitation
from collections_app.services.sharing import revoke_share, share_with_team, share_with_team_mate
from collections_app.services.teams import create_team, remove_member
from tests.house import House

pytestmark = pytest.mark.django_db(transaction=True)


def invite_outsider(house: House, role: str = Role.EDITOR) -> str:
    return invite(email="Outsider@example.com", role=role, inviter=house.owner, team=house.team)[1]


def test_the_secret_is_stored_nowhere(house: House) -> None:
    secret = invite_outsider(house)

    assert secret not in str(Invitation.objects.values().get())


def test_an_invitation_makes_a_member_once(house: House) -> None:
    secret = invite_outsider(house)
    accept_invitation(secret=secret, user=house.outsider)

    assert Membership.objects.get(team=house.team, user=house.outsider).role == Role.EDITOR
    with pytest.raises(InvitationGone):
        accept_invitation(secret=secret, user=house.outsider)


def test_two_acceptances_at_once_make_one_membership(house: House) -> None:
    secret = invite_outsider(house)

    def accept(_: int) -> bool:
        try:
            accept_invitation(secret=secret, user=house.outsider)
        except InvitationGone:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(accept, range(4))) == 1
    assert Membership.objects.filter(team=house.team, user=house.outsider).count() == 1


def test_somebody_else_cannot_accept_it(house: House) -> None:
    secret = invite_outsider(house)
    stranger = User.objects.create_user("stranger@example.com")

    with pytest.raises(WrongAddress):
        accept_invitation(secret=secret, user=stranger)
    accept_invitation(secret=secret, user=house.outsider)


def test_it_ends_with_its_days_and_with_the_owner_s_right(house: House) -> None:
    secret = invite_outsider(house)
    Membership.objects.filter(team=house.team, user=house.owner).update(role=Role.EDITOR)
    with pytest.raises(InvitationGone):
        find_invitation(secret)

    Membership.objects.filter(team=house.team, user=house.owner).update(role=Role.OWNER)
    assert find_invitation(secret)
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(InvitationGone):
        find_invitation(secret)


def test_a_second_invitation_takes_the_place_of_the_first(house: House) -> None:
    first, second = invite_outsider(house), invite_outsider(house, Role.VIEWER)

    with pytest.raises(InvitationGone):
        find_invitation(first)
    assert find_invitation(second).role == Role.VIEWER


def test_nobody_is_invited_to_a_personal_team(house: House) -> None:
    with pytest.raises(PersonalTeam):
        invite(email="a@example.com", role=Role.VIEWER, inviter=house.owner, team=house.owner.personal_team)


def test_an_invitation_to_a_collection_makes_a_share(house: House) -> None:
    _, secret = invite(email="outsider@example.com", role="viewer", inviter=house.owner, collection=house.collection)
    accept_invitation(secret=secret, user=house.outsider)

    share = Share.objects.get()
    assert (share.user, share.sharer, share.role) == (house.outsider, house.owner, "viewer")
    assert list(Collection.objects.shared_with(house.outsider)) == [house.collection]


def test_the_mail_has_the_link(house: House, mailoutbox: list[EmailMessage]) -> None:
    made, _ = invite(email="a@example.com", role="viewer", inviter=house.owner, team=house.team)
    send_invitation(invitation=made, address="https://example.com/invitations/abc/")

    (mail,) = mailoutbox
    assert mail.to == ["a@example.com"]
    assert "https://example.com/invitations/abc/" in mail.body


def test_a_team_mate_has_a_share_at_once_and_nobody_else_has(house: House) -> None:
    own = create_team(name="Readers", owner=house.outsider)
    collection = Collection.objects.create(team=own, name="Books", creator=house.outsider)
    asked = {"collection": collection, "role": "viewer", "sharer": house.outsider}
    assert share_with_team_mate(email="viewer@example.com", **asked) is None  # type: ignore[arg-type]

    Membership.objects.create(team=own, user=house.owner, role=Role.VIEWER)
    with pytest.raises(NotAllowed):
        share_with_team_mate(email="owner@example.com", **asked)  # type: ignore[arg-type]
    Membership.objects.create(team=house.team, user=house.outsider, role=Role.VIEWER)
    assert share_with_team_mate(email="VIEWER@example.com", **asked)  # type: ignore[arg-type]
    assert list(Collection.objects.shared_with(house.viewer)) == [collection]


def test_a_collection_is_not_shared_with_its_own_or_a_personal_team(house: House) -> None:
    for team in (house.team, house.owner.personal_team):
        with pytest.raises(NotAllowed):
            share_with_team(collection=house.collection, team=team, role="viewer", sharer=house.owner)


def test_who_is_removed_does_not_come_back_by_an_older_invitation(house: House) -> None:
    for offer in ({"team": house.team}, {"collection": house.collection}):
        Membership.objects.get_or_create(team=house.team, user=house.outsider, defaults={"role": Role.VIEWER})
        _, secret = invite(email="OUTSIDER@example.com", role=Role.VIEWER, inviter=house.owner, **offer)
        remove_member(membership=Membership.objects.get(team=house.team, user=house.outsider))
        with pytest.raises(InvitationGone):
            accept_invitation(secret=secret, user=house.outsider)


def test_a_share_that_is_taken_back_takes_the_person_s_open_invitation_along(house: House) -> None:
    _, secret = invite(email=house.outsider.email, role=Role.VIEWER, inviter=house.owner, collection=house.collection)
    _, other = invite(email="other@example.com", role=Role.VIEWER, inviter=house.owner, collection=house.collection)
    share = Share.objects.create(collection=house.collection, user=house.outsider, role="viewer")
    revoke_share(share=share)
    with pytest.raises(InvitationGone):
        accept_invitation(secret=secret, user=house.outsider)
    assert find_invitation(other).email == "other@example.com"
