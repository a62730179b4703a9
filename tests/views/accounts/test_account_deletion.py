"""Deleting one's own account: what the page says, the grace period, and signing in, which keeps the account."""

from datetime import timedelta

import pytest
from django.core.mail import EmailMessage
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from collections_app.errors import LastOwnerRequired
from collections_app.models import AccountDeletion, Membership, Role, User
from collections_app.services.sharing.teams import remove_member
from tests.sample_team import SampleTeam, put_picture, sign_in_client
from tests.views.sign_in_steps import PASSWORD, confirm_access, is_signed_in, sign_in

ADDRESS = "/account/delete/"

pytestmark = pytest.mark.django_db


@pytest.fixture
def as_person(sample: SampleTeam) -> Client:
    """The viewer, who has confirmed access with the password."""
    client = sign_in_client(sample.viewer)
    confirm_access(client)
    return client


def delete(client: Client, person: User) -> str:
    return client.post(ADDRESS, {"email": person.email}).content.decode()


def test_page_needs_the_password(sample: SampleTeam) -> None:
    client = sign_in_client(sample.viewer)
    assert client.get(ADDRESS).headers["Location"].startswith("/accounts/reauthenticate/")
    confirm_access(client)
    assert client.get(ADDRESS).status_code == 200


def test_form_that_waits_for_the_password_is_sent_after_it(sample: SampleTeam) -> None:
    client = sign_in_client(sample.viewer)
    client.post(ADDRESS, {"email": sample.viewer.email})
    assert not AccountDeletion.objects.exists()
    client.post(f"/accounts/reauthenticate/?next={ADDRESS}", {"password": "wrong"})
    assert not AccountDeletion.objects.exists()
    response = client.post(f"/accounts/reauthenticate/?next={ADDRESS}", {"password": PASSWORD})
    assert "will be deleted on" in response.content.decode()
    assert AccountDeletion.objects.exists()


def test_page_says_what_is_deleted_and_what_stays(as_person: Client, sample: SampleTeam) -> None:
    put_picture(sample.collection, sample.viewer, "given.png", colour="lime")
    page = as_person.get(ADDRESS).content.decode()
    assert "Your own collections with 0 pictures" in page
    assert "1 picture that you uploaded to collections of other teams. It no longer shows your name." in page
    assert "Everything is deleted after 14 days" in page


def test_account_is_signed_out_everywhere_and_deleted_later(
    as_person: Client, sample: SampleTeam, mailoutbox: list[EmailMessage]
) -> None:
    elsewhere = Client()
    sign_in(elsewhere, sample.viewer.email)
    assert "Your account and your pictures will be deleted on" in delete(as_person, sample.viewer)
    assert not is_signed_in(as_person)
    assert not is_signed_in(elsewhere)
    due_in = AccountDeletion.objects.get(user=sample.viewer).due_at - timezone.now()
    assert timedelta(days=13) < due_in <= timedelta(days=14)
    assert User.objects.get(pk=sample.viewer.pk).is_active
    assert mailoutbox[-1].to == [sample.viewer.email]
    assert "sign in before that day" in mailoutbox[-1].body


def test_signing_in_keeps_the_account(as_person: Client, sample: SampleTeam) -> None:
    delete(as_person, sample.viewer)
    sign_in(Client(), sample.viewer.email, "wrong")
    assert AccountDeletion.objects.exists()
    client = Client()
    sign_in(client, sample.viewer.email)
    assert not AccountDeletion.objects.exists()
    assert "Your account is kept." in client.get("/account/").content.decode()


def test_wrong_address_deletes_nothing(as_person: Client, sample: SampleTeam) -> None:
    response = as_person.post(ADDRESS, {"email": "other@example.com"})
    assert response.status_code == 400
    assert f"Enter “{sample.viewer.email}”" in response.content.decode()
    assert not AccountDeletion.objects.exists()


def test_only_owner_must_first_decide_about_the_team(sample: SampleTeam) -> None:
    client = sign_in_client(sample.owner)
    confirm_access(client)
    page = client.get(ADDRESS).content.decode()
    assert f"/teams/{sample.team.pk}/delete/" in page
    response = client.post(ADDRESS, {"email": sample.owner.email})
    assert response.status_code == 400
    assert "Some of your teams have no other owner." in response.content.decode()
    Membership.objects.filter(user=sample.viewer).update(role=Role.OWNER)
    assert "will be deleted on" in delete(client, sample.owner)


def test_owner_whose_account_ends_does_not_count_as_owner(sample: SampleTeam) -> None:
    Membership.objects.filter(user=sample.viewer).update(role=Role.OWNER)
    AccountDeletion.objects.create(user=sample.owner, due_at=timezone.now() + timedelta(days=1))
    with pytest.raises(LastOwnerRequired):
        remove_member(membership=Membership.objects.get(user=sample.viewer, team=sample.team))
    client = sign_in_client(sample.viewer)
    confirm_access(client)
    assert client.post(ADDRESS, {"email": sample.viewer.email}).status_code == 400


def test_last_administrator_cannot_be_deleted(as_person: Client, sample: SampleTeam) -> None:
    User.objects.filter(pk=sample.viewer.pk).update(is_superuser=True)
    assert as_person.post(ADDRESS, {"email": sample.viewer.email}).status_code == 400
    User.objects.filter(pk=sample.outsider.pk).update(is_superuser=True)
    assert as_person.post(ADDRESS, {"email": sample.viewer.email}).status_code == 200


def test_days_are_a_setting(as_person: Client, settings: Settings) -> None:
    settings.ACCOUNT_DELETION_DAYS = 1
    assert "Everything is deleted after 1 day." in as_person.get(ADDRESS).content.decode()
