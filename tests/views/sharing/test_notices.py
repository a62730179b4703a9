"""Notices in the header: about a new share, and about an invitation to a verified address."""

import pytest
from allauth.account.models import EmailAddress
from django.db import connection
from django.test.utils import CaptureQueriesContext

from collections_app.models import Invitation, Membership, Role, Share, ShareNotice, Team, User
from collections_app.services.sharing.accounts import mark_address_verified, rename_person
from collections_app.services.sharing.invitations import invite
from collections_app.services.sharing.notices import list_notices
from collections_app.services.sharing.public_links import create_link
from collections_app.services.sharing.shares import share_with_team, share_with_teammate
from tests.sample_team import SampleTeam, sign_in_client

SHARED = "owner@example.com shared “Garden” with you."


@pytest.fixture
def share(sample: SampleTeam) -> Share:
    """A share of the owner with the outsider, who is in another team with them."""
    friends = Team.objects.create(name="Friends")
    for person in (sample.owner, sample.outsider):
        Membership.objects.create(team=friends, user=person, role=Role.VIEWER)
    mark_address_verified(user=sample.outsider)
    email = sample.outsider.email
    made = share_with_teammate(collection=sample.collection, email=email, role="viewer", sharer=sample.owner)
    assert made
    return made


@pytest.fixture
def invitation(sample: SampleTeam) -> Invitation:
    mark_address_verified(user=sample.outsider)
    email = sample.outsider.email
    return invite(email=email, role="viewer", inviter=sample.owner, collection=sample.collection)[0]


def answer(user: User, notice: ShareNotice | Invitation, text: str, **headers: str) -> str:
    kind = "notices" if isinstance(notice, ShareNotice) else "invitations"
    address = f"/{kind}/{notice.pk}/" if kind == "notices" else f"/{kind}/{notice.pk}/answer/"
    client = sign_in_client(user)
    return client.post(address, {"answer": text, "next": "/teams/"}, headers=headers).headers.get("Location", "")


def see(user: User) -> str:
    return " ".join(sign_in_client(user).get("/teams/").content.decode().split())


def test_person_sees_a_new_share_and_may_open_it_before_answering(sample: SampleTeam, share: Share) -> None:
    assert SHARED in see(sample.outsider)
    assert sign_in_client(sample.outsider).get(f"/collections/{sample.collection.pk}/").status_code == 200
    assert "share-notice" not in see(sample.owner).replace('id="share-notices"', "")


def test_accepting_opens_the_collection_and_ends_the_notice(sample: SampleTeam, share: Share) -> None:
    assert answer(sample.outsider, ShareNotice.objects.get(), "accept") == f"/collections/{sample.collection.pk}/"
    assert SHARED not in see(sample.outsider)
    assert Share.objects.filter(pk=share.pk).exists()


def test_dismissing_keeps_the_share_and_returns_to_the_page(sample: SampleTeam, share: Share) -> None:
    assert answer(sample.outsider, ShareNotice.objects.get(), "dismiss") == "/teams/"
    assert SHARED not in see(sample.outsider)
    assert Share.objects.filter(pk=share.pk).exists()


def test_declining_revokes_the_share(sample: SampleTeam, share: Share) -> None:
    answer(sample.outsider, ShareNotice.objects.get(), "decline")
    assert not Share.objects.exists()
    assert sign_in_client(sample.outsider).get(f"/collections/{sample.collection.pk}/").status_code == 404


@pytest.mark.parametrize("text", ["", "maybe"])
def test_unknown_answers_change_nothing(text: str, sample: SampleTeam, share: Share) -> None:
    assert answer(sample.outsider, ShareNotice.objects.get(), text) == "/teams/"
    assert ShareNotice.objects.exists()
    assert Share.objects.exists()


def test_answers_return_to_no_other_site(sample: SampleTeam, share: Share) -> None:
    client = sign_in_client(sample.outsider)
    address = f"/notices/{ShareNotice.objects.get().pk}/"
    response = client.post(address, {"answer": "dismiss", "next": "https://example.org/"})
    assert response.headers["Location"] == "/"


def test_answer_in_place_shows_the_remaining_notices(sample: SampleTeam, share: Share) -> None:
    client = sign_in_client(sample.outsider)
    headers = {"HX-Request": "true", "HX-Target": "share-notices"}
    address = f"/notices/{ShareNotice.objects.get().pk}/"
    page = client.post(address, {"answer": "dismiss", "next": "/"}, headers=headers).content.decode()
    assert 'id="share-notices" hidden' in page
    assert "<html" not in page


def test_changing_the_permission_makes_no_second_notice(sample: SampleTeam, share: Share) -> None:
    answer(sample.outsider, ShareNotice.objects.get(), "dismiss")
    email = sample.outsider.email
    share_with_teammate(collection=sample.collection, email=email, role="editor", sharer=sample.owner)
    assert not ShareNotice.objects.exists()


def test_notice_of_a_share_with_a_team_goes_to_each_member_but_the_sharer(sample: SampleTeam) -> None:
    friends = Team.objects.create(name="Friends")
    for person in (sample.owner, sample.outsider, sample.viewer):
        Membership.objects.create(team=friends, user=person, role=Role.VIEWER)
    share_with_team(collection=sample.collection, team=friends, role="viewer", sharer=sample.owner)
    assert set(ShareNotice.objects.values_list("user", flat=True)) == {sample.outsider.pk, sample.viewer.pk}

    page = see(sample.outsider)
    assert SHARED in page
    assert "Decline" not in page
    answer(sample.outsider, ShareNotice.objects.get(user=sample.outsider), "decline")
    assert Share.objects.exists()
    assert "no longer shared" not in see(sample.outsider)
    assert SHARED in see(sample.outsider)


def test_notice_is_gone_with_the_access(sample: SampleTeam) -> None:
    friends = Team.objects.create(name="Friends")
    for person in (sample.owner, sample.outsider):
        Membership.objects.create(team=friends, user=person, role=Role.VIEWER)
    share_with_team(collection=sample.collection, team=friends, role="viewer", sharer=sample.owner)
    Membership.objects.get(team=friends, user=sample.outsider).delete()
    assert list_notices(sample.outsider) == []


def test_person_accepts_an_invitation_to_a_verified_address_in_the_header(
    sample: SampleTeam, invitation: Invitation
) -> None:
    assert "owner@example.com invited you to the collection “Garden”." in see(sample.outsider)
    assert answer(sample.outsider, invitation, "accept") == f"/collections/{sample.collection.pk}/"
    assert Share.objects.filter(collection=sample.collection, user=sample.outsider).exists()
    assert not Invitation.objects.exists()


def test_person_declines_an_invitation(sample: SampleTeam, invitation: Invitation) -> None:
    answer(sample.outsider, invitation, "decline")
    assert not Invitation.objects.exists()
    assert not Share.objects.exists()


def test_invitation_to_an_unverified_address_is_neither_shown_nor_accepted(
    sample: SampleTeam, invitation: Invitation
) -> None:
    """Everybody can claim an address. Without the secret only the proof that they read its mail counts."""
    EmailAddress.objects.update(verified=False)
    assert "invited you" not in see(sample.outsider)
    assert answer(sample.outsider, invitation, "accept") == ""
    assert not Share.objects.exists()


def test_invitation_of_a_former_owner_is_not_shown(sample: SampleTeam, invitation: Invitation) -> None:
    Membership.objects.filter(user=sample.owner, team=sample.team).update(role=Role.VIEWER)
    assert list_notices(sample.outsider) == []
    assert answer(sample.outsider, invitation, "accept") == ""


def test_other_people_cannot_answer(sample: SampleTeam, share: Share) -> None:
    assert answer(sample.viewer, ShareNotice.objects.get(), "decline") == ""
    assert Share.objects.exists()


def test_inviter_is_named_with_the_address_and_sharer_with_the_display_name(sample: SampleTeam, share: Share) -> None:
    rename_person(user=sample.owner, display_name="Anna Berg")
    invite(email=sample.outsider.email, role="viewer", inviter=sample.owner, team=sample.team)
    page = see(sample.outsider)
    assert "Anna Berg shared “Garden” with you." in page
    assert "Anna Berg (owner@example.com) invited you to the team “Gardeners”." in page


def test_notices_take_one_statement(sample: SampleTeam, share: Share, invitation: Invitation) -> None:
    with CaptureQueriesContext(connection) as captured:
        assert len(list_notices(sample.outsider)) == 2
    assert len(captured) == 1


def test_pages_read_no_notices_for_people_without_any(sample: SampleTeam, share: Share) -> None:
    def count_lists(user: User) -> int:
        with CaptureQueriesContext(connection) as captured:
            see(user)
        return sum("UNION ALL" in each["sql"] for each in captured)

    assert count_lists(sample.outsider) == 1
    assert count_lists(sample.owner) == 0


def test_public_pages_show_no_notices_to_people_who_are_signed_in(sample: SampleTeam, share: Share) -> None:
    link = create_link(collection=sample.collection, creator=sample.owner)
    page = sign_in_client(sample.outsider).get(f"/s/{link.secret}/").content.decode()
    assert "Garden" in page
    assert "share-notices" not in page


def test_person_leaves_a_share_after_its_notice_was_dismissed(sample: SampleTeam, share: Share) -> None:
    answer(sample.outsider, ShareNotice.objects.get(), "dismiss")
    client, address = sign_in_client(sample.outsider), f"/shared/{sample.collection.pk}/leave/"
    assert f'href="{address}"' in client.get("/shared/").content.decode()
    assert "Leave “Garden”?" in client.get(address).content.decode()
    assert Share.objects.exists()
    page = client.post(address, follow=True).content.decode()
    assert "“Garden” is no longer shared with you." in page
    assert not Share.objects.exists()
    assert client.get(f"/collections/{sample.collection.pk}/").status_code == 404


def test_share_with_a_team_cannot_be_left_alone(sample: SampleTeam, share: Share) -> None:
    share_with_team(
        collection=sample.collection, team=Team.objects.get(name="Friends"), role="viewer", sharer=sample.owner
    )
    client, address = sign_in_client(sample.outsider), f"/shared/{sample.collection.pk}/leave/"
    assert "One of your teams still sees it." in client.post(address, follow=True).content.decode()
    assert Share.objects.get().team is not None
    assert address not in client.get("/shared/").content.decode()
    assert client.post(address).status_code == 404
