"""Removing a person while they share: in either order, none of their grants remains."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from django.db import connection

from collections_app.errors import InvitationInvalid, NotAllowed
from collections_app.models import Invitation, Membership, PublicLink, Role, SavedSearch, Share, Team, User
from collections_app.services.search.saved import save_search, share_search
from collections_app.services.sharing.invitations import accept_invitation, invite
from collections_app.services.sharing.public_links import create_link
from collections_app.services.sharing.shares import change_share_role, share_with_team, share_with_teammate
from collections_app.services.sharing.teams import change_role, remove_member
from tests.sample_team import SampleTeam

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def second_owner(sample: SampleTeam) -> User:
    person = User.objects.create_user("second@example.com")
    Membership.objects.create(team=sample.team, user=person, role=Role.OWNER)
    return person


def list_attempts(sample: SampleTeam, person: User) -> list[Callable[[], object]]:
    readers = Team.objects.create(name="Readers")
    Membership.objects.bulk_create(
        Membership(team=readers, user=user, role=Role.VIEWER) for user in (person, sample.outsider)
    )
    search = save_search(maker=person, name="Roses", query="q=rose")
    collection = sample.collection
    return [
        lambda: create_link(collection=collection, creator=person),
        lambda: share_with_team(collection=collection, team=readers, role="viewer", sharer=person),
        lambda: share_with_teammate(collection=collection, email=sample.outsider.email, role="viewer", sharer=person),
        lambda: invite(email="a@example.com", role="viewer", inviter=person, team=sample.team),
        lambda: invite(email="a@example.com", role="viewer", inviter=person, collection=collection),
        lambda: share_search(search=search, team=sample.team),
    ]


def count_open(sample: SampleTeam) -> int:
    searches = SavedSearch.objects.filter(team=sample.team)
    return sum(rows.count() for rows in (PublicLink.objects, Share.objects, Invitation.objects, searches))


def test_former_owner_opens_nothing_with_a_form_that_passed_the_check(sample: SampleTeam, second_owner: User) -> None:
    attempts = list_attempts(sample, second_owner)
    remove_member(membership=Membership.objects.select_related("team").get(team=sample.team, user=second_owner))
    for attempt in attempts:
        with pytest.raises(NotAllowed):
            attempt()
    assert count_open(sample) == 0


def test_former_owner_cannot_change_a_share_with_a_form_that_passed_the_check(
    sample: SampleTeam, second_owner: User
) -> None:
    share = Share.objects.create(collection=sample.collection, user=sample.outsider, role="viewer", sharer=sample.owner)
    Membership.objects.filter(user=second_owner, team=sample.team).delete()
    with pytest.raises(NotAllowed):
        change_share_role(share=share, role="editor", changer=second_owner)


def test_former_owner_removes_and_lowers_nobody_with_a_form_that_passed_the_check(
    sample: SampleTeam, second_owner: User
) -> None:
    other = Membership.objects.select_related("team", "user").get(team=sample.team, user=sample.viewer)
    Membership.objects.filter(user=second_owner, team=sample.team).delete()
    with pytest.raises(NotAllowed):
        remove_member(membership=other, remover=second_owner)
    with pytest.raises(NotAllowed):
        change_role(membership=other, role=Role.OWNER, changer=second_owner)
    assert Membership.objects.get(pk=other.pk).role == Role.VIEWER


def test_removing_and_sharing_at_once_leaves_nothing_open(sample: SampleTeam, second_owner: User) -> None:
    membership = Membership.objects.select_related("team").get(team=sample.team, user=second_owner)
    attempts = [*list_attempts(sample, second_owner), lambda: remove_member(membership=membership)]

    def run(attempt: Callable[[], object]) -> None:
        try:
            with suppress(NotAllowed):
                attempt()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(attempts)) as pool:
        list(pool.map(run, attempts))
    assert count_open(sample) == 0


def test_accepting_and_being_removed_at_once_leaves_no_share(sample: SampleTeam) -> None:
    membership = Membership.objects.select_related("team").get(team=sample.team, user=sample.viewer)
    _, secret = invite(email="viewer@example.com", role="editor", inviter=sample.owner, collection=sample.collection)

    def accept() -> None:
        with suppress(NotAllowed, InvitationInvalid):
            accept_invitation(secret=secret, user=sample.viewer)
        connection.close()

    def remove() -> None:
        remove_member(membership=membership)
        connection.close()

    with ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(accept), pool.submit(remove)]:
            future.result()
    assert not Share.objects.exists()
