"""The gallery, which is the first page."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from collections_app.models import Image, User
from tests.sample_team import SampleTeam, put_pictures, sign_in_client


def test_newcomer_sees_how_to_begin(db: None) -> None:
    client = sign_in_client(User.objects.create_user("new@example.com", "a long password"))
    page = client.get("/").content.decode()
    assert "Name of your first collection" in page


def test_members_see_the_teams_collection_and_its_latest_picture(sample: SampleTeam) -> None:
    for user in (sample.owner, sample.viewer):
        page = sign_in_client(user).get("/").content.decode()
        assert "Garden" in page
        assert f'data-image-id="{sample.image.pk}"' in page


def test_outsider_sees_nothing_of_the_team(as_outsider: Client, sample: SampleTeam) -> None:
    page = as_outsider.get("/").content.decode()
    assert "Gardeners" not in page
    assert f"/collections/{sample.collection.pk}/" not in page
    assert "data-image-id" not in page


def test_failed_pictures_are_listed_with_reason_and_retry(as_owner: Client, sample: SampleTeam) -> None:
    Image.objects.all().record_index_state(index_state="failed", index_error="It is damaged.")
    page = as_owner.get("/").content.decode()
    assert "It is damaged." in page
    assert 'action="/indexing/retry/"' in page


def test_viewer_is_offered_no_retry(as_viewer: Client, sample: SampleTeam) -> None:
    Image.objects.all().record_index_state(index_state="failed", index_error="It is damaged.")
    assert 'action="/indexing/retry/"' not in as_viewer.get("/").content.decode()


@pytest.mark.parametrize(
    "address", ["/", "/collections/", "/shared/", "/collections/{pk}/", "/search/", "/search/?collection={pk}"]
)
def test_number_of_statements_does_not_depend_on_the_number_of_pictures(
    address: str, as_owner: Client, sample: SampleTeam
) -> None:
    address = address.format(pk=sample.collection.pk)
    as_owner.get(address)
    with CaptureQueriesContext(
        connection,
    ) as one:
        as_owner.get(address)
    put_pictures(sample, 30)
    with CaptureQueriesContext(connection) as many:
        as_owner.get(address)
    assert len(many) == len(one)
