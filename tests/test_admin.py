"""The administration: every list opens, pictures are seen, and only by staff."""

import pytest
from django.test import Client

from collections_app.models import User
from tests.house import House, signed_in_client

MODELS = ("user", "team", "collection", "share", "image", "indexjob")


@pytest.fixture
def staff(house: House) -> Client:
    return signed_in_client(User.objects.create_superuser("staff@example.com", "a long password"))


@pytest.mark.parametrize("model", MODELS)
def test_every_list_opens(staff: Client, model: str) -> None:
    assert staff.get(f"/admin/collections_app/{model}/").status_code == 200


def test_thumbnails_are_for_staff_alone(staff: Client, house: House) -> None:
    address = f"/admin/collections_app/image/{house.image.pk}/thumbnail/"
    assert staff.get(address)["Content-Type"] == "image/jpeg"
    assert signed_in_client(house.owner).get(address).status_code == 302


def test_a_team_is_given_a_quota_of_its_own(staff: Client, house: House) -> None:
    page = staff.get(f"/admin/collections_app/team/{house.team.pk}/change/").content
    assert b"max_bytes" in page
