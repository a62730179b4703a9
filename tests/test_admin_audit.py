"""What staff do in the administration is in the audit trail, which nobody can change there."""

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from collections_app.activity import describe_event, name_actor
from collections_app.models import AuditAction, AuditEvent, Membership, PublicLink, Share, Team, User
from collections_app.services.audit_trail import record_event
from collections_app.services.sharing.public_links import create_link
from tests.sample_team import SampleTeam, sign_in_client
from tests.test_admin_rights import everything, row_of, send_members

pytestmark = pytest.mark.django_db

ADMIN = "/admin/collections_app"


@pytest.fixture
def root(sample: SampleTeam) -> Client:
    return sign_in_client(User.objects.create_superuser("root@example.com", "a long password"))


def list_events() -> list[tuple[str, str]]:
    """Return the teams and the sentences of what staff did."""
    events = list(AuditEvent.objects.with_people().order_by("pk"))
    assert {name_actor(event) for event in events} <= {"root@example.com", "Automatically"}
    return [(event.team_name, describe_event(event)) for event in events]


def test_members_changed_by_staff_are_recorded(root: Client, sample: SampleTeam) -> None:
    rows = row_of(sample.team, sample.owner), row_of(sample.team, sample.viewer, role="editor")
    send_members(root, sample.team, *rows, {"user": sample.outsider.pk, "role": "viewer"})
    rows = row_of(sample.team, sample.owner), row_of(sample.team, sample.viewer, DELETE="on")
    send_members(root, sample.team, *rows, row_of(sample.team, sample.outsider))
    assert not Membership.objects.filter(team=sample.team, user=sample.viewer).exists()
    assert sorted(list_events()) == [
        ("Gardeners", "Role of viewer@example.com changed: Viewer → Editor."),
        ("Gardeners", "outsider@example.com added to the team (Viewer)."),
        ("Gardeners", "viewer@example.com removed from the team."),
    ]


def test_changed_team_is_recorded_with_its_fields(root: Client, sample: SampleTeam) -> None:
    Team.objects.filter(pk=sample.team.pk).update(name="Botanists")
    send_members(root, sample.team, row_of(sample.team, sample.owner), row_of(sample.team, sample.viewer))
    event = AuditEvent.objects.get()
    assert list_events() == [("Gardeners", "Changed in the administration: team “Gardeners”.")]
    assert event.details["fields"] == ["Name"]


def test_collection_moved_by_staff_is_recorded_in_both_teams(root: Client, sample: SampleTeam) -> None:
    other = Team.objects.create(name="Readers")
    form = {"name": "Garden", "team": other.pk, "creator": sample.owner.pk}
    root.post(f"{ADMIN}/collection/{sample.collection.pk}/change/", form)
    sentence = "Changed in the administration: collection “Garden”."
    assert sorted(list_events()) == [("Gardeners", sentence), ("Readers", sentence)]


def test_share_made_and_deleted_by_staff_is_recorded(root: Client, sample: SampleTeam) -> None:
    form = {"collection": sample.collection.pk, "role": "editor", "user": sample.outsider.pk}
    root.post(f"{ADMIN}/share/add/", form)
    root.post(f"{ADMIN}/share/{Share.objects.get().pk}/delete/", {"post": "yes"})
    assert not Share.objects.exists()
    assert list_events() == [
        ("Gardeners", "“Garden” shared with outsider@example.com (Can edit)."),
        ("Gardeners", "Access of outsider@example.com to “Garden” revoked."),
    ]


@pytest.mark.parametrize("is_selected", [True, False])
def test_link_deleted_by_staff_is_recorded_once(root: Client, sample: SampleTeam, is_selected: bool) -> None:
    link = create_link(collection=sample.collection, creator=sample.owner)
    AuditEvent.objects.all().delete()
    if is_selected:
        form = {"action": "delete_selected", "_selected_action": str(link.pk), "post": "yes"}
        root.post(f"{ADMIN}/publiclink/", form)
    else:
        root.post(f"{ADMIN}/publiclink/{link.pk}/delete/", {"post": "yes"})
    assert not PublicLink.objects.exists()
    assert list_events() == [("Gardeners", "Public link to “Garden” revoked.")]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_selected", [True, False])
def test_pictures_deleted_by_staff_are_recorded_once(root: Client, sample: SampleTeam, is_selected: bool) -> None:
    page, form = f"{ADMIN}/image/{sample.image.pk}/delete/", {"post": "yes"}
    if is_selected:
        page, form = (
            f"{ADMIN}/image/",
            {"action": "delete_selected", "_selected_action": str(sample.image.pk), "post": "yes"},
        )
    root.post(page, form)
    assert list_events() == [("Gardeners", "“rose.png” deleted permanently.")]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("model", "sentence"),
    [("team", "Team “Gardeners” deleted permanently."), ("collection", "Collection “Garden” deleted permanently.")],
)
def test_deletion_by_staff_is_recorded_once(root: Client, sample: SampleTeam, model: str, sentence: str) -> None:
    row = {"team": sample.team, "collection": sample.collection}[model]
    root.post(f"{ADMIN}/{model}/{row.pk}/delete/", {"post": "yes"})
    assert list_events() == [("Gardeners", "“rose.png” deleted permanently."), ("Gardeners", sentence)]


@pytest.mark.django_db(transaction=True)
def test_account_deleted_by_staff_is_recorded_for_its_teams(root: Client, sample: SampleTeam) -> None:
    root.post(f"{ADMIN}/user/{sample.viewer.pk}/delete/", {"post": "yes"})
    sentence = "Account of viewer@example.com deleted."
    assert list_events() == [("", sentence), ("Gardeners", sentence)]


def test_rights_given_by_a_superuser_are_recorded(root: Client, sample: SampleTeam) -> None:
    root.post(f"{ADMIN}/user/{sample.viewer.pk}/change/", everything(sample.viewer))
    event = AuditEvent.objects.get()
    assert list_events() == [("", "Changed in the administration: account “viewer@example.com”.")]
    assert "Superuser status" in event.details["fields"]
    assert event.person == sample.viewer


def test_unchanged_form_is_not_recorded(root: Client, sample: SampleTeam) -> None:
    send_members(root, sample.team, row_of(sample.team, sample.owner), row_of(sample.team, sample.viewer))
    assert list_events() == []


def test_deleted_authenticator_is_recorded_without_its_secret(root: Client, sample: SampleTeam) -> None:
    factor = Authenticator.objects.create(user=sample.viewer, type="totp", data={"secret": "TOPSECRET"})
    root.post(f"/admin/mfa/authenticator/{factor.pk}/delete/", {"post": "yes"})
    event = AuditEvent.objects.get()
    assert (event.action, event.person) == (AuditAction.DELETED_BY_STAFF, sample.viewer)
    assert event.details == {"model": "mfa.authenticator"}


def test_trail_is_read_only(root: Client, sample: SampleTeam) -> None:
    event = record_event(
        action=AuditAction.LINK_CREATED, actor=sample.owner, team=sample.team, target=sample.collection
    )
    page = root.get(f"{ADMIN}/auditevent/?q=garden").content.decode()
    assert "Public link to “Garden” created." in page
    address = f"{ADMIN}/auditevent/{event.pk}"
    assert root.get(f"{address}/change/").status_code == 200
    assert root.post(f"{address}/change/", {"actor_name": "nobody"}).status_code == 403
    assert root.post(f"{address}/delete/", {"post": "yes"}).status_code == 403
    assert root.get(f"{ADMIN}/auditevent/add/").status_code == 403
    root.post(f"{ADMIN}/auditevent/", {"action": "delete_selected", "_selected_action": event.pk, "post": "yes"})
    assert AuditEvent.objects.get().actor_name == "owner@example.com"


def test_event_of_a_deleted_account_and_team_opens(root: Client, sample: SampleTeam) -> None:
    event = record_event(action=AuditAction.MEMBER_LEFT, actor=sample.viewer, team=sample.team, person=sample.viewer)
    sample.viewer.delete()
    sample.team.delete()
    for address in ("", f"{event.pk}/change/"):
        page = root.get(f"{ADMIN}/auditevent/{address}").content.decode()
        assert "viewer@example.com" in page
        assert "Gardeners" in page
