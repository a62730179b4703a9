"""Invitations: a secret for one address, good for once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.mail import EmailMessage
from django.db import connection
from django.utils import timezone

from collections_app.errors import InvitationInvalid, NotAllowed, PersonalTeamProtected, WrongEmail
from collections_app.models import Collection, Invitation, Membership, Role, Share, User
from collections_app.services.sharing.accounts import mark_address_verified
from collections_app.services.sharing.invitations import accept_invitation, find_invitation, invite, send_invitation
from collections_app.services.sharing.shares import revoke_share, share_with_team, share_with_teammate
from collections_app.services.sharing.teams import create_team, remove_member
from tests.sample_team import SampleTeam

pytestmark = pytest.mark.django_db(transaction=True)


def invite_outsider(sample: SampleTeam, role: str = Role.EDITOR) -> str:
    return invite(email="Outsider@example.com", role=role, inviter=sample.owner, team=sample.team)[1]


def test_invitation_secret_is_not_stored(sample: SampleTeam) -> None:
    secret = invite_outsider(sample)

    assert secret not in str(Invitation.objects.values().get())


def test_invitation_adds_a_member_once(sample: SampleTeam) -> None:
    secret = invite_outsider(sample)
    accept_invitation(secret=secret, user=sample.outsider)

    assert Membership.objects.get(team=sample.team, user=sample.outsider).role == Role.EDITOR
    with pytest.raises(InvitationInvalid):
        accept_invitation(secret=secret, user=sample.outsider)


def test_concurrent_acceptances_create_one_membership(sample: SampleTeam) -> None:
    secret = invite_outsider(sample)

    def accept(_: int) -> bool:
        try:
            accept_invitation(secret=secret, user=sample.outsider)
        except InvitationInvalid:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(accept, range(4))) == 1
    assert Membership.objects.filter(team=sample.team, user=sample.outsider).count() == 1


def test_another_person_cannot_accept_the_invitation(sample: SampleTeam) -> None:
    secret = invite_outsider(sample)
    stranger = User.objects.create_user("stranger@example.com")

    with pytest.raises(WrongEmail):
        accept_invitation(secret=secret, user=stranger)
    accept_invitation(secret=secret, user=sample.outsider)


def test_invitation_expires_with_time_and_with_the_owner_s_role(sample: SampleTeam) -> None:
    secret = invite_outsider(sample)
    Membership.objects.filter(team=sample.team, user=sample.owner).update(role=Role.EDITOR)
    with pytest.raises(InvitationInvalid):
        find_invitation(secret)

    Membership.objects.filter(team=sample.team, user=sample.owner).update(role=Role.OWNER)
    assert find_invitation(secret)
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(InvitationInvalid):
        find_invitation(secret)


def test_second_invitation_replaces_the_first(sample: SampleTeam) -> None:
    first, second = invite_outsider(sample), invite_outsider(sample, Role.VIEWER)

    with pytest.raises(InvitationInvalid):
        find_invitation(first)
    assert find_invitation(second).role == Role.VIEWER


def test_nobody_is_invited_to_a_personal_team(sample: SampleTeam) -> None:
    with pytest.raises(PersonalTeamProtected):
        invite(email="a@example.com", role=Role.VIEWER, inviter=sample.owner, team=sample.owner.personal_team)


def test_collection_invitation_creates_a_share(sample: SampleTeam) -> None:
    _, secret = invite(email="outsider@example.com", role="viewer", inviter=sample.owner, collection=sample.collection)
    accept_invitation(secret=secret, user=sample.outsider)

    share = Share.objects.get()
    assert (share.user, share.sharer, share.role) == (sample.outsider, sample.owner, "viewer")
    assert list(Collection.objects.shared_with(sample.outsider)) == [sample.collection]


def test_email_contains_the_link(sample: SampleTeam, mailoutbox: list[EmailMessage]) -> None:
    made, _ = invite(email="a@example.com", role="viewer", inviter=sample.owner, team=sample.team)
    send_invitation(invitation=made, address="https://example.com/invitations/abc/")

    (mail,) = mailoutbox
    assert mail.to == ["a@example.com"]
    assert "https://example.com/invitations/abc/" in mail.body


def test_only_team_mates_get_a_share_at_once(sample: SampleTeam) -> None:
    own = create_team(name="Readers", owner=sample.outsider)
    collection = Collection.objects.create(team=own, name="Books", creator=sample.outsider)
    options = {"collection": collection, "role": "viewer", "sharer": sample.outsider}
    assert share_with_teammate(email="viewer@example.com", **options) is None  # type: ignore[arg-type]

    Membership.objects.create(team=own, user=sample.owner, role=Role.VIEWER)
    with pytest.raises(NotAllowed):
        share_with_teammate(email="owner@example.com", **options)  # type: ignore[arg-type]
    Membership.objects.create(team=sample.team, user=sample.outsider, role=Role.VIEWER)
    mark_address_verified(user=sample.viewer)
    assert share_with_teammate(email="VIEWER@example.com", **options)  # type: ignore[arg-type]
    assert list(Collection.objects.shared_with(sample.viewer)) == [collection]


def test_collection_cannot_be_shared_with_its_own_or_a_personal_team(sample: SampleTeam) -> None:
    for team in (sample.team, sample.owner.personal_team):
        with pytest.raises(NotAllowed):
            share_with_team(collection=sample.collection, team=team, role="viewer", sharer=sample.owner)


def test_removed_member_cannot_return_with_an_older_invitation(sample: SampleTeam) -> None:
    for target in ({"team": sample.team}, {"collection": sample.collection}):
        Membership.objects.get_or_create(team=sample.team, user=sample.outsider, defaults={"role": Role.VIEWER})
        _, secret = invite(email="OUTSIDER@example.com", role=Role.VIEWER, inviter=sample.owner, **target)
        remove_member(membership=Membership.objects.get(team=sample.team, user=sample.outsider))
        with pytest.raises(InvitationInvalid):
            accept_invitation(secret=secret, user=sample.outsider)


def test_revoking_a_share_revokes_the_open_invitation(sample: SampleTeam) -> None:
    _, secret = invite(
        email=sample.outsider.email, role=Role.VIEWER, inviter=sample.owner, collection=sample.collection
    )
    _, other = invite(email="other@example.com", role=Role.VIEWER, inviter=sample.owner, collection=sample.collection)
    share = Share.objects.create(collection=sample.collection, user=sample.outsider, role="viewer")
    revoke_share(share=share)
    with pytest.raises(InvitationInvalid):
        accept_invitation(secret=secret, user=sample.outsider)
    assert find_invitation(other).email == "other@example.com"
