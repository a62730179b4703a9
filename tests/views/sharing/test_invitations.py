"""Inviting through the pages of a team and of a collection."""

import pytest
from django.core import mail
from django.test import Client

from collections_app.models import Invitation
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
