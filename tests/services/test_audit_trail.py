"""The audit trail: which actions it records, how it counts pictures, what it forgets and what it never contains."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.serializers import serialize
from django.db import transaction
from django.utils import timezone
from pytest_django import Settings

from collections_app.activity import describe_event, name_actor
from collections_app.errors import NameTaken, NotAllowed
from collections_app.models import AuditAction, AuditEvent, Image, Membership, Role, Share, Team, User
from collections_app.services.audit_trail import delete_old_events, forget_person, forget_teams, record_event
from collections_app.services.library.bulk_changes import trash_in_bulk, undo_bulk_action
from collections_app.services.library.collections import create_collection, describe_collection
from collections_app.services.library.trash import (
    delete_collection,
    purge_trash,
    restore_in_chunks,
    trash_collection,
    trash_images,
)
from collections_app.services.maintenance import run_maintenance
from collections_app.services.sharing.accounts import delete_account, mark_address_verified
from collections_app.services.sharing.guest_links import GuestLinkTerms, create_guest_link, revoke_guest_link
from collections_app.services.sharing.invitations import (
    accept_invitation,
    decline_invitation,
    delete_invitations,
    invite,
)
from collections_app.services.sharing.public_links import LinkChange, change_link, create_link, revoke_link
from collections_app.services.sharing.shares import (
    change_share_role,
    revoke_share,
    share_with_team,
    share_with_teammate,
)
from collections_app.services.sharing.teams import change_role, create_team, delete_team, remove_member, rename_team
from tests.sample_team import SampleTeam, put_picture, put_pictures

pytestmark = pytest.mark.django_db


def list_sentences() -> list[str]:
    """Return who did what, the latest last."""
    events = AuditEvent.objects.with_people().order_by("pk")
    return [f"{name_actor(event)}: {describe_event(event)}" for event in events]


def get_membership(sample: SampleTeam, user: User) -> Membership:
    return Membership.objects.get(team=sample.team, user=user)


def share_with_outsider(sample: SampleTeam) -> Share:
    """Share with a person who is in another team with the owner."""
    others = create_team(name="Readers", owner=sample.owner)
    Membership.objects.create(team=others, user=sample.outsider, role=Role.VIEWER)
    mark_address_verified(user=sample.outsider)
    share = share_with_teammate(
        collection=sample.collection, email="outsider@example.com", role="viewer", sharer=sample.owner
    )
    assert share
    return share


def test_share_is_recorded_from_its_beginning_to_its_end(sample: SampleTeam) -> None:
    share = share_with_outsider(sample)
    change_share_role(share=share, role="editor", changer=sample.owner)
    change_share_role(share=share, role="editor", changer=sample.owner)
    revoke_share(share=share, revoker=sample.outsider)
    assert list_sentences() == [
        "owner@example.com: “Garden” shared with outsider@example.com (Can view).",
        "owner@example.com: Permission of outsider@example.com for “Garden” changed: Can view → Can edit.",
        "outsider@example.com: Access of outsider@example.com to “Garden” revoked.",
    ]
    assert {event.team for event in AuditEvent.objects.all()} == {sample.team}


def test_share_with_a_team_names_the_team(sample: SampleTeam) -> None:
    others = create_team(name="Readers", owner=sample.owner)
    for role in ("viewer", "viewer", "editor"):
        share_with_team(collection=sample.collection, team=others, role=role, sharer=sample.owner)
    assert list_sentences() == [
        "owner@example.com: “Garden” shared with Readers (Can view).",
        "owner@example.com: Permission of Readers for “Garden” changed: Can view → Can edit.",
    ]


def test_share_that_two_people_revoke_at_once_is_recorded_once(sample: SampleTeam) -> None:
    share = share_with_outsider(sample)
    same = Share.objects.get(pk=share.pk)
    revoke_share(share=share, revoker=sample.owner)
    revoke_share(share=same, revoker=sample.owner)
    assert AuditEvent.objects.filter(action=AuditAction.SHARE_REVOKED).count() == 1


def test_public_and_guest_links_are_recorded_without_their_secrets(sample: SampleTeam) -> None:
    link = create_link(collection=sample.collection, creator=sample.owner, password="tulip tulip")
    terms = LinkChange(password=None, expires_at=None, allows_download=True, further_collections=[])
    change_link(link=link, changer=sample.owner, change=terms)
    guest_terms = GuestLinkTerms(max_files=9, max_bytes=9, label="Wedding")
    guest_link = create_guest_link(collection=sample.collection, creator=sample.owner, terms=guest_terms)
    secrets = (link.secret, guest_link.secret, "tulip", link.password)
    revoke_link(link=link, revoker=sample.owner)
    revoke_guest_link(link=guest_link, revoker=sample.owner)
    revoke_guest_link(link=guest_link, revoker=sample.owner)
    assert [sentence.partition(": ")[2] for sentence in list_sentences()] == [
        "Public link to “Garden” created.",
        "Public link to “Garden” changed.",
        "Guest link to “Garden” created.",
        "Public link to “Garden” revoked.",
        "Guest link to “Garden” revoked.",
    ]
    stored = serialize("json", AuditEvent.objects.all())
    assert not [secret for secret in secrets if secret in stored]


def test_invitations_are_recorded_without_their_secrets(sample: SampleTeam) -> None:
    mark_address_verified(user=sample.outsider)
    stored = []
    for answer in (accept_with_secret, decline, revoke):
        Membership.objects.filter(user=sample.outsider, team=sample.team).delete()
        invitation, secret = invite(email="outsider@example.com", role="editor", inviter=sample.owner, team=sample.team)
        answer(invitation, secret, sample)
        stored += [secret, invitation.secret_hash]
    assert list_sentences() == [
        "owner@example.com: outsider@example.com invited to “Gardeners” (Editor).",
        "outsider@example.com: Invitation to “Gardeners” accepted (Editor).",
        "owner@example.com: outsider@example.com invited to “Gardeners” (Editor).",
        "outsider@example.com: Invitation to “Gardeners” declined.",
        "owner@example.com: outsider@example.com invited to “Gardeners” (Editor).",
        "owner@example.com: Invitation of outsider@example.com to “Gardeners” revoked.",
    ]
    assert not [secret for secret in stored if secret in serialize("json", AuditEvent.objects.all())]


def accept_with_secret(invitation: Any, secret: str, sample: SampleTeam) -> None:
    accept_invitation(secret=secret, user=sample.outsider)


def decline(invitation: Any, secret: str, sample: SampleTeam) -> None:
    decline_invitation(invitation=invitation, user=sample.outsider)


def revoke(invitation: Any, secret: str, sample: SampleTeam) -> None:
    delete_invitations(invitations=[invitation], revoker=sample.owner)


def test_invitation_to_a_collection_names_what_the_person_may_do(sample: SampleTeam) -> None:
    invite(email="new@example.com", role="viewer", inviter=sample.owner, collection=sample.collection)
    assert list_sentences() == ["owner@example.com: new@example.com invited to “Garden” (Can view)."]
    assert AuditEvent.objects.get().team == sample.team


def test_members_are_recorded(sample: SampleTeam) -> None:
    membership = get_membership(sample, sample.viewer)
    change_role(membership=membership, role=Role.EDITOR, changer=sample.owner)
    change_role(membership=membership, role=Role.EDITOR, changer=sample.owner)
    remove_member(membership=membership, remover=sample.owner)
    Membership.objects.create(team=sample.team, user=sample.viewer, role=Role.VIEWER)
    remove_member(membership=get_membership(sample, sample.viewer), remover=sample.viewer)
    assert list_sentences() == [
        "owner@example.com: Role of viewer@example.com changed: Viewer → Editor.",
        "owner@example.com: viewer@example.com removed from the team.",
        "viewer@example.com: viewer@example.com left the team.",
    ]


def test_what_ends_with_a_membership_is_recorded_with_who_ended_it(sample: SampleTeam) -> None:
    Membership.objects.filter(user=sample.viewer).update(role=Role.OWNER)
    create_link(collection=sample.collection, creator=sample.viewer)
    AuditEvent.objects.all().delete()
    remove_member(membership=get_membership(sample, sample.viewer), remover=sample.owner)
    assert list_sentences() == [
        "owner@example.com: Public link to “Garden” revoked.",
        "owner@example.com: viewer@example.com removed from the team.",
    ]


def test_names_are_recorded_with_the_former_ones(sample: SampleTeam) -> None:
    rename_team(team=sample.team, name="Botanists", renamer=sample.owner)
    rename_team(team=sample.team, name="Botanists", renamer=sample.owner)
    describe_collection(collection=sample.collection, name="Meadow", description="", editor=sample.viewer)
    describe_collection(collection=sample.collection, name="Meadow", description="Wet", editor=sample.viewer)
    assert list_sentences() == [
        "owner@example.com: Team renamed: “Gardeners” → “Botanists”.",
        "viewer@example.com: Collection renamed: “Garden” → “Meadow”.",
    ]


def test_pictures_are_counted_in_one_event_for_each_action(sample: SampleTeam) -> None:
    put_pictures(sample, 59)
    ids = list(Image.objects.values_list("pk", flat=True))
    result = trash_in_bulk(image_ids=ids, user=sample.owner)
    undo_bulk_action(action_id=result.action_id, user=sample.owner)
    trash_images(images=Image.objects.all(), trasher=sample.owner)
    purge_trash(images=Image.objects.all(), purger=sample.owner)
    assert list_sentences() == [
        "owner@example.com: 60 pictures moved to trash.",
        "owner@example.com: 60 pictures restored.",
        "owner@example.com: 60 pictures deleted permanently.",
    ]


def test_single_picture_is_named(sample: SampleTeam) -> None:
    trash_in_bulk(image_ids=[sample.image.pk], user=sample.owner)
    restore_in_chunks(images=Image.objects.all(), restorer=sample.owner)
    trash_in_bulk(image_ids=[], user=sample.owner)
    assert list_sentences() == [
        "owner@example.com: “rose.png” moved to trash.",
        "owner@example.com: “rose.png” restored from trash.",
    ]


def test_pictures_of_several_teams_give_each_team_its_event(sample: SampleTeam) -> None:
    own = create_collection(team=sample.owner.personal_team, name="Own", creator=sample.owner)
    image = put_picture(own, sample.owner, "own.png")
    trash_in_bulk(image_ids=[image.pk, sample.image.pk], user=sample.owner)
    assert {event.team_id: event.object_name for event in AuditEvent.objects.all()} == {
        sample.owner.personal_team.pk: "own.png",
        sample.team.pk: "rose.png",
    }


def test_pictures_that_a_person_may_not_change_are_not_counted(sample: SampleTeam) -> None:
    trash_in_bulk(image_ids=[sample.image.pk], user=sample.viewer)
    assert not AuditEvent.objects.exists()


def test_collection_is_recorded_with_its_pictures(sample: SampleTeam) -> None:
    put_pictures(sample, 2)
    trash_collection(collection=sample.collection, trasher=sample.owner)
    trash_collection(collection=sample.collection, trasher=sample.owner)
    restore_in_chunks(images=Image.objects.all(), restorer=sample.viewer)
    delete_collection(collection=sample.collection, deleter=sample.owner)
    assert list_sentences() == [
        "owner@example.com: Collection “Garden” moved to trash with 3 pictures.",
        "viewer@example.com: Collection “Garden” restored from trash.",
        "viewer@example.com: 3 pictures restored.",
        "owner@example.com: 3 pictures deleted permanently.",
        "owner@example.com: Collection “Garden” deleted permanently.",
    ]


@pytest.mark.django_db(transaction=True)
def test_what_maintenance_deletes_is_recorded_as_automatic(sample: SampleTeam, settings: Settings) -> None:
    settings.TRASH_DAYS = 0
    trash_collection(collection=sample.collection, trasher=sample.owner)
    AuditEvent.objects.all().delete()
    run_maintenance()
    assert list_sentences() == [
        "Automatically: “rose.png” deleted permanently.",
        "Automatically: Collection “Garden” deleted permanently.",
    ]


def test_deleted_team_and_account_stay_in_the_trail_by_name(sample: SampleTeam) -> None:
    team_id = sample.team.pk
    delete_account(user=sample.viewer, deleter=sample.owner)
    delete_team(team=sample.team, deleter=sample.owner)
    assert not Team.objects.filter(pk=team_id).exists()
    assert list_sentences() == [
        "owner@example.com: Account of viewer@example.com deleted.",
        "owner@example.com: Account of viewer@example.com deleted.",
        "owner@example.com: “rose.png” deleted permanently.",
        "owner@example.com: Team “Gardeners” deleted permanently.",
    ]
    assert list(AuditEvent.objects.values_list("team_id", flat=True)) == [None, team_id, team_id, team_id]


def test_shares_that_end_with_a_team_or_an_account_are_recorded_for_the_other_team(sample: SampleTeam) -> None:
    share_with_outsider(sample)
    others = Team.objects.get(name="Readers")
    share_with_team(collection=sample.collection, team=others, role="viewer", sharer=sample.owner)
    AuditEvent.objects.all().delete()
    delete_team(team=others, deleter=sample.owner)
    delete_account(user=sample.outsider)
    events = AuditEvent.objects.in_team(sample.team).with_people().order_by("pk")
    assert [f"{name_actor(event)}: {describe_event(event)}" for event in events] == [
        "Automatically: Access of Readers to “Garden” revoked.",
        "Automatically: Access of outsider@example.com to “Garden” revoked.",
    ]


FAILURES: dict[str, tuple[type[Exception], Callable[[SampleTeam], object]]] = {
    "sharing by somebody who is no owner": (
        NotAllowed,
        lambda sample: create_link(collection=sample.collection, creator=sample.viewer),
    ),
    "a name that is taken": (
        NameTaken,
        lambda sample: describe_collection(
            collection=create_collection(team=sample.team, name="Meadow", creator=sample.owner),
            name="Garden",
            description="",
            editor=sample.owner,
        ),
    ),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_refused_action_is_not_recorded(failure: str, sample: SampleTeam) -> None:
    error, act = FAILURES[failure]
    with pytest.raises(error):
        act(sample)
    assert not AuditEvent.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_event_is_lost_with_the_transaction_of_its_change(sample: SampleTeam) -> None:
    with transaction.atomic():
        create_link(collection=sample.collection, creator=sample.owner)
        assert AuditEvent.objects.exists()
        transaction.set_rollback(True)
    assert not AuditEvent.objects.exists()


def test_changed_name_of_an_account_is_shown_until_the_account_is_deleted(sample: SampleTeam) -> None:
    create_link(collection=sample.collection, creator=sample.owner)
    User.objects.filter(pk=sample.owner.pk).update(display_name="Olga")
    assert list_sentences() == ["Olga: Public link to “Garden” created."]
    Membership.objects.create(team=sample.team, user=sample.outsider, role=Role.OWNER)
    User.objects.get(pk=sample.owner.pk).delete()
    assert list_sentences()[0] == "owner@example.com: Public link to “Garden” created."


def test_forgotten_person_is_named_nowhere(sample: SampleTeam) -> None:
    invite(email="Viewer@Example.com", role="viewer", inviter=sample.owner, collection=sample.collection)
    change_role(membership=get_membership(sample, sample.viewer), role=Role.EDITOR, changer=sample.owner)
    trash_in_bulk(image_ids=[sample.image.pk], user=sample.viewer)
    own = create_collection(team=sample.viewer.personal_team, name="Diary of Vera", creator=sample.viewer)
    create_link(collection=own, creator=sample.viewer)
    viewer_id, team_id = sample.viewer.pk, sample.viewer.personal_team.pk
    sample.viewer.delete()
    assert forget_teams(team_ids=[team_id]) == 1
    assert forget_person(user_id=viewer_id, addresses=["viewer@example.com"]) == 3
    assert list_sentences() == [
        "owner@example.com: (deleted account) invited to “Garden” (Can view).",
        "owner@example.com: Role of (deleted account) changed: Viewer → Editor.",
        "(deleted account): “rose.png” moved to trash.",
    ]
    stored = json.dumps(list(AuditEvent.objects.values()), default=str)
    assert "viewer@example.com" not in stored
    assert "Vera" not in stored


def test_old_events_are_deleted_and_others_stay(sample: SampleTeam, settings: Settings) -> None:
    for days in (0, 364, 366, 4000):
        event = record_event(action=AuditAction.MEMBER_LEFT, actor=sample.viewer, team=sample.team)
        AuditEvent.objects.filter(pk=event.pk).update(created_at=timezone.now() - timedelta(days=days))
    settings.AUDIT_DAYS = 0
    assert delete_old_events() == 0
    settings.AUDIT_DAYS = 365
    assert delete_old_events() == 2
    assert AuditEvent.objects.count() == 2


def test_name_of_any_length_is_recorded(sample: SampleTeam) -> None:
    image = put_picture(sample.collection, sample.owner, f"{'x' * 250}.png", colour="navy")
    Image.objects.filter(pk=image.pk).update(title="", original_name="y" * 255)
    trash_in_bulk(image_ids=[image.pk], user=sample.owner)
    assert AuditEvent.objects.get().object_name == "y" * 254


def test_every_action_has_a_sentence(sample: SampleTeam) -> None:
    for action in AuditAction:
        event = record_event(action=action, actor=None, target=sample.collection, person="new@example.com")
        assert describe_event(event).endswith(".")


def share_with_readers(sample: SampleTeam) -> Team:
    """Share with a team, and write the first of the two events as earlier versions did: without the team's id."""
    readers = create_team(name="Readers", owner=sample.outsider)
    share_with_team(collection=sample.collection, team=readers, role="viewer", sharer=sample.owner)
    AuditEvent.objects.update(details={"role": "viewer", "with_team": "Readers"})
    rename_team(team=readers, name="Reading circle", renamer=sample.outsider)
    delete_team(team=Team.objects.get(pk=readers.pk))
    return readers


def test_forgotten_team_is_named_in_no_other_team(sample: SampleTeam) -> None:
    readers = share_with_readers(sample)
    forget_teams(team_ids=[readers.pk], names=["Reading circle"])
    assert list_sentences() == [
        "owner@example.com: “Garden” shared with (deleted team) (Can view).",
        "Automatically: Access of (deleted team) to “Garden” revoked.",
    ]
    assert "Read" not in json.dumps(list(AuditEvent.objects.values()), default=str)


def test_team_of_the_same_name_is_not_forgotten(sample: SampleTeam) -> None:
    readers = share_with_readers(sample)
    others = create_team(name="Reading circle", owner=sample.outsider)
    share_with_team(collection=sample.collection, team=others, role="viewer", sharer=sample.owner)
    share_with_team(collection=sample.collection, team=others, role="editor", sharer=sample.owner)
    last = AuditEvent.objects.latest("pk")
    AuditEvent.objects.filter(pk=last.pk).update(details={"role": "editor", "with_team": "Reading circle"})
    forget_teams(team_ids=[readers.pk], names=["Reading circle"])
    named = AuditEvent.objects.filter(details__with_team="Reading circle")
    assert named.count() == 2
