"""Inviting through the pages of a team and of a collection."""

import re

import pytest
from django.core import mail
from django.test import Client
from django.urls import set_script_prefix
from pytest_django import Settings

from collections_app.models import Invitation
from collections_app.services.sharing.invitations import invite
from tests.sample_team import SampleTeam


@pytest.mark.parametrize("address", ["/teams/{team}/invite/", "/collections/{collection}/sharing/person/"])
def test_owner_sees_the_link_of_an_invitation(
    address: str, as_owner: Client, sample: SampleTeam, django_capture_on_commit_callbacks: object
) -> None:
    filled = address.format(team=sample.team.pk, collection=sample.collection.pk)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        page = as_owner.post(filled, {"email": "new@example.com", "role": "viewer"}).content.decode()
    assert Invitation.objects.get().email == "new@example.com"
    (message,) = mail.outbox
    link = next(word for word in message.body.split() if "/invitations/" in word)
    assert link in page


def test_owner_revokes_an_invitation(as_owner: Client, sample: SampleTeam) -> None:
    as_owner.post(f"/teams/{sample.team.pk}/invite/", {"email": "new@example.com", "role": "viewer"})
    page = as_owner.post(f"/invitations/{Invitation.objects.get().pk}/revoke/", follow=True).content.decode()
    assert "Invitation for new@example.com revoked." in page
    assert not Invitation.objects.exists()


def test_invitation_to_a_collection_names_the_permission(as_owner: Client, sample: SampleTeam) -> None:
    sharing = f"/collections/{sample.collection.pk}/sharing/"
    as_owner.post(f"{sharing}person/", {"email": "new@example.com", "role": "viewer"})
    page = as_owner.get(sharing).content.decode()
    assert "Invited (Can view)" in page
    assert "(Viewer)" not in page


def get_filled_in_address(next_page: str) -> str | None:
    page = Client().get("/accounts/signup/", {"next": next_page}).content.decode()
    (field,) = re.findall(r'<input type="email"[^>]*>', page)
    value = re.search(r'value="([^"]*)"', field)
    return value[1] if value else None


@pytest.fixture
def with_mail_server(settings: Settings) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"


def test_sign_up_fills_in_no_address_that_the_site_cannot_verify(sample: SampleTeam) -> None:
    _, secret = invite(email="new@example.com", role="viewer", inviter=sample.owner, team=sample.team)
    assert get_filled_in_address(f"/invitations/{secret}/") is None


@pytest.mark.usefixtures("with_mail_server")
def test_sign_up_through_an_invitation_fills_in_its_address(sample: SampleTeam) -> None:
    made, secret = invite(email="new@example.com", role="viewer", inviter=sample.owner, team=sample.team)
    visitor = Client()
    page = visitor.get(f"/invitations/{secret}/").content.decode()
    assert f'href="/accounts/signup/?next=/invitations/{secret}/"' in page
    assert get_filled_in_address(f"/invitations/{secret}/") == "new@example.com"
    assert f"next=%2Finvitations%2F{secret}%2F" in visitor.get(f"/accounts/login/?next=/invitations/{secret}/").text
    made.delete()
    assert get_filled_in_address(f"/invitations/{secret}/") is None


@pytest.mark.parametrize("next_page", ["", "/", "/nowhere/", "/s/secret/", "/invitations/unknown/", "\0", "http://["])
def test_sign_up_from_other_pages_fills_in_nothing(next_page: str, db: None) -> None:
    assert get_filled_in_address(next_page) is None


@pytest.mark.usefixtures("with_mail_server")
def test_sign_up_fills_in_the_address_below_a_path(sample: SampleTeam) -> None:
    _, secret = invite(email="new@example.com", role="viewer", inviter=sample.owner, team=sample.team)
    set_script_prefix("/pictures/")
    try:
        assert get_filled_in_address(f"/pictures/invitations/{secret}/") == "new@example.com"
    finally:
        set_script_prefix("/")
