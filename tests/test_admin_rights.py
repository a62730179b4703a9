"""The administration gives nobody more rights than they have, and keeps rights and members in step."""

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.utils import timezone

from collections_app.models import AccountDeletion, IndexJob, Membership, PublicLink, Role, Share, Team, User
from collections_app.services.sharing.public_links import create_link
from tests.sample_team import SampleTeam, sign_in_client

pytestmark = pytest.mark.django_db


@pytest.fixture
def superuser(sample: SampleTeam) -> User:
    return User.objects.create_superuser("root@example.com", "a long password")


@pytest.fixture
def clerk(superuser: User) -> User:
    """Staff with every permission, who is no superuser."""
    person = User.objects.create_user("clerk@example.com", "a long password", is_staff=True)
    person.user_permissions.set(Permission.objects.all())
    return person


def change(client: Client, person: User, **form: Any) -> int:
    return client.post(f"/admin/collections_app/user/{person.pk}/change/", form).status_code


def everything(person: User) -> dict[str, Any]:
    return {"email": person.email, "is_active": "on", "is_staff": "on", "is_superuser": "on", "groups": []}


def test_staff_cannot_make_themselves_or_others_superuser(clerk: User, sample: SampleTeam) -> None:
    client = sign_in_client(clerk)
    assert change(client, clerk, **everything(clerk)) == 403
    assert change(client, sample.viewer, **everything(sample.viewer)) == 302
    assert list(User.objects.filter(is_superuser=True).values_list("email", flat=True)) == ["root@example.com"]
    assert not User.objects.get(pk=sample.viewer.pk).is_staff


def test_staff_cannot_give_groups(clerk: User, sample: SampleTeam) -> None:
    group = Group.objects.create(name="All")
    change(sign_in_client(clerk), sample.viewer, **{**everything(sample.viewer), "groups": [group.pk]})
    assert not sample.viewer.groups.exists()


@pytest.mark.parametrize("action", ["add/", "{pk}/change/", "{pk}/delete/"])
def test_staff_cannot_change_groups(clerk: User, action: str) -> None:
    group = Group.objects.create(name="All")
    client = sign_in_client(clerk)
    address = f"/admin/auth/group/{action.format(pk=group.pk)}"
    assert client.post(address, {"name": "Mine", "post": "yes"}).status_code == 403
    assert list(Group.objects.values_list("name", flat=True)) == ["All"]


def test_staff_cannot_change_or_delete_superusers(clerk: User, superuser: User) -> None:
    client = sign_in_client(clerk)
    assert change(client, superuser, email="clerk2@example.com") == 403
    assert client.post(f"/admin/collections_app/user/{superuser.pk}/delete/", {"post": "yes"}).status_code == 403
    form = {"action": "delete_selected", "_selected_action": [superuser.pk], "post": "yes"}
    client.post("/admin/collections_app/user/", form)
    assert User.objects.get(pk=superuser.pk).email == "root@example.com"
    assert User.objects.get(pk=superuser.pk).is_active


def test_staff_cannot_change_addresses(clerk: User, sample: SampleTeam) -> None:
    """With another address one could reset the password."""
    change(sign_in_client(clerk), sample.viewer, email="mine@example.com", is_active="on")
    assert User.objects.get(pk=sample.viewer.pk).email == "viewer@example.com"


def test_staff_close_accounts_of_people(clerk: User, sample: SampleTeam) -> None:
    assert change(sign_in_client(clerk), sample.viewer) == 302
    assert not User.objects.get(pk=sample.viewer.pk).is_active


def test_superusers_give_rights(superuser: User, sample: SampleTeam) -> None:
    assert change(sign_in_client(superuser), sample.viewer, **everything(sample.viewer)) == 302
    assert User.objects.get(pk=sample.viewer.pk).is_superuser


PARTS = ["account/emailaddress", "mfa/authenticator", "socialaccount/socialaccount", "usersessions/usersession"]
SITE_WIDE = ["socialaccount/socialapp", "socialaccount/socialtoken"]


@pytest.mark.parametrize("model", [*PARTS, *SITE_WIDE])
def test_staff_cannot_add_parts_of_accounts(clerk: User, model: str) -> None:
    assert sign_in_client(clerk).get(f"/admin/{model}/add/").status_code == 403


@pytest.mark.parametrize("model", [*PARTS, *SITE_WIDE])
def test_superusers_see_parts_of_accounts(superuser: User, model: str) -> None:
    assert sign_in_client(superuser).get(f"/admin/{model}/").status_code == 200


def test_staff_cannot_verify_an_address_for_a_superuser(clerk: User, superuser: User) -> None:
    address = EmailAddress.objects.create(user=superuser, email="clerk@example.org", verified=False)
    client = sign_in_client(clerk)
    form = {"user": superuser.pk, "email": "clerk@example.org", "verified": "on"}
    assert client.post("/admin/account/emailaddress/add/", form).status_code == 403
    client.post(f"/admin/account/emailaddress/{address.pk}/change/", form)
    client.post("/admin/account/emailaddress/", {"action": "make_verified", "_selected_action": [address.pk]})
    address.refresh_from_db()
    assert not address.verified


def test_staff_cannot_remove_the_second_factor_of_a_superuser(clerk: User, superuser: User) -> None:
    factor = Authenticator.objects.create(user=superuser, type="totp", data={"secret": "A"})
    client = sign_in_client(clerk)
    client.post(f"/admin/mfa/authenticator/{factor.pk}/delete/", {"post": "yes"})
    form = {"action": "delete_selected", "_selected_action": [factor.pk], "post": "yes"}
    client.post("/admin/mfa/authenticator/", form)
    assert Authenticator.objects.filter(pk=factor.pk).exists()


def test_secret_of_a_second_factor_is_not_shown(superuser: User, sample: SampleTeam) -> None:
    factor = Authenticator.objects.create(user=sample.viewer, type="totp", data={"secret": "TOPSECRET"})
    page = sign_in_client(superuser).get(f"/admin/mfa/authenticator/{factor.pk}/change/")
    assert page.status_code == 200
    assert "TOPSECRET" not in page.content.decode()


def test_account_of_the_last_owner_of_a_team_is_not_deleted(superuser: User, sample: SampleTeam) -> None:
    """An owner whose account is about to be deleted does not count."""
    Membership.objects.filter(user=sample.viewer).update(role=Role.OWNER)
    AccountDeletion.objects.create(user=sample.viewer, due_at=timezone.now())
    client = sign_in_client(superuser)
    address = f"/admin/collections_app/user/{sample.owner.pk}/delete/"
    assert "Team “Gardeners” needs another owner first." in client.get(address).content.decode()
    client.post(address, {"post": "yes"})
    client.post(
        "/admin/collections_app/user/",
        {"action": "delete_selected", "_selected_action": [sample.owner.pk], "post": "yes"},
    )
    assert User.objects.filter(pk=sample.owner.pk).exists()


@pytest.mark.django_db(transaction=True)
def test_deletion_page_names_the_public_links_that_end(superuser: User, sample: SampleTeam) -> None:
    second = User.objects.create_user("second@example.com")
    Membership.objects.create(team=sample.team, user=second, role=Role.OWNER)
    create_link(collection=sample.collection, creator=second)
    client, address = sign_in_client(superuser), f"/admin/collections_app/user/{second.pk}/delete/"
    assert "public link" in client.get(address).content.decode()
    client.post(address, {"post": "yes"})
    assert not PublicLink.objects.exists()


def send_members(client: Client, team: Team, *rows: dict[str, object]) -> str:
    initial = sum("id" in row for row in rows)
    form: dict[str, object] = {"name": team.name, "memberships-TOTAL_FORMS": len(rows)}
    form |= {"memberships-INITIAL_FORMS": initial}
    for number, row in enumerate(rows):
        form |= {f"memberships-{number}-{name}": value for name, value in row.items()}
        form |= {f"memberships-{number}-team": team.pk}
    answer = client.post(f"/admin/collections_app/team/{team.pk}/change/", form)
    return answer.content.decode()


def row_of(team: Team, member: User, **values: object) -> dict[str, object]:
    membership = Membership.objects.get(team=team, user=member)
    return {"id": membership.pk, "user": member.pk, "role": membership.role, **values}


def test_member_removed_in_the_administration_loses_shares(superuser: User, sample: SampleTeam) -> None:
    Share.objects.create(collection=sample.collection, user=sample.viewer, role="editor")
    rows = row_of(sample.team, sample.owner), row_of(sample.team, sample.viewer, DELETE="on")
    send_members(sign_in_client(superuser), sample.team, *rows)
    assert not Membership.objects.filter(team=sample.team, user=sample.viewer).exists()
    assert sign_in_client(sample.viewer).get(f"/images/{sample.image.pk}/").status_code == 404


def test_administration_keeps_an_owner_in_every_team(superuser: User, sample: SampleTeam) -> None:
    viewer = row_of(sample.team, sample.viewer)
    for change_of_owner in ({"DELETE": "on"}, {"role": "viewer"}):
        page = send_members(
            sign_in_client(superuser), sample.team, row_of(sample.team, sample.owner, **change_of_owner), viewer
        )
        assert "A team needs an owner." in page
    assert Membership.objects.get(team=sample.team, user=sample.owner).role == Role.OWNER


def test_administration_does_not_pass_a_membership_to_another_person(superuser: User, sample: SampleTeam) -> None:
    row = row_of(sample.team, sample.viewer, user=sample.outsider.pk)
    send_members(sign_in_client(superuser), sample.team, row_of(sample.team, sample.owner), row)
    assert not Membership.objects.filter(team=sample.team, user=sample.outsider).exists()


def test_administration_shares_with_no_member(superuser: User, sample: SampleTeam) -> None:
    client = sign_in_client(superuser)
    for whom in ({"user": sample.viewer.pk}, {"team": sample.team.pk}):
        form = {"collection": sample.collection.pk, "role": "editor", **whom}
        client.post("/admin/collections_app/share/add/", form)
    assert not Share.objects.exists()
    client.post(
        "/admin/collections_app/share/add/",
        {"collection": sample.collection.pk, "role": "editor", "user": sample.outsider.pk},
    )
    assert Share.objects.count() == 1


def test_public_link_is_listed_without_its_secret_and_revoked(superuser: User, sample: SampleTeam) -> None:
    link, client = create_link(collection=sample.collection, creator=sample.owner), sign_in_client(superuser)
    for address in ("", f"{link.pk}/change/"):
        page = client.get(f"/admin/collections_app/publiclink/{address}").content.decode()
        assert "owner@example.com" in page
        assert link.secret not in page
    client.post(f"/admin/collections_app/publiclink/{link.pk}/delete/", {"post": "yes"})
    assert not PublicLink.objects.exists()


@pytest.mark.parametrize(
    ("page", "action", "sentence", "right"),
    [
        ("image", "reindex", "Reindex the selected pictures", "change_image"),
        ("indexjob", "retry", "Retry the selected jobs now", "delete_indexjob"),
    ],
)
def test_staff_who_may_only_view_get_no_actions(
    sample: SampleTeam, page: str, action: str, sentence: str, right: str
) -> None:
    person = User.objects.create_user("visitor@example.com", "a long password", is_staff=True)
    person.user_permissions.set(Permission.objects.filter(codename=f"view_{page}"))
    address = f"/admin/collections_app/{page}/"
    form = {
        "action": action,
        "_selected_action": [IndexJob.objects.all()[0].pk if page == "indexjob" else sample.image.pk],
    }
    before = list(IndexJob.objects.values_list("token", "run_after"))
    client = sign_in_client(person)
    assert sentence not in client.get(address).content.decode()
    client.post(address, form)
    assert list(IndexJob.objects.values_list("token", "run_after")) == before

    person.user_permissions.add(Permission.objects.get(codename=right))
    assert sentence in client.get(address).content.decode()
    client.post(address, form)
    assert list(IndexJob.objects.values_list("token", "run_after")) != before
