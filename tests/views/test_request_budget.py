"""One request works for a limited time, and not for a client that has gone."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from collections_app.models import Example, Image, Team
from tests.sample_team import SampleTeam, picture_bytes, picture_file, put_pictures


@pytest.fixture
def address(sample: SampleTeam) -> str:
    return f"/collections/{sample.collection.pk}/upload/"


@pytest.fixture
def no_time(settings: Settings) -> None:
    settings.UPLOAD_SECONDS = 0


@pytest.mark.usefixtures("no_time")
def test_files_for_which_there_is_no_time_are_named(address: str, as_owner: Client) -> None:
    files = [picture_file(f"{number}.png", (number, 7, 7)) for number in range(3)]
    page = as_owner.post(address, {"files": files}).content.decode()
    assert "1 added, 0 already uploaded, 2 failed" in page
    assert page.count("There was no time left for this file. Upload it again.") == 2
    assert Image.objects.filter(original_name="0.png").exists()
    assert not Image.objects.filter(original_name="1.png").exists()


def test_nothing_is_decoded_for_a_client_that_has_gone(address: str, as_owner: Client) -> None:
    extra: Any = {"waitress.client_disconnected": lambda: True}
    as_owner.post(address, {"files": picture_file("late.png", "navy")}, **extra)
    as_owner.post(address, {"files": picture_file("late.png", "navy")}, headers={"Accept": "application/json"}, **extra)
    assert not Image.objects.filter(original_name="late.png").exists()


@pytest.mark.usefixtures("no_time")
def test_examples_for_which_there_is_no_time_are_named(as_owner: Client) -> None:
    files = [picture_file(f"{number}.png", (number, 7, 7)) for number in range(3)]
    answer = as_owner.post("/search/examples/", {"example": files})
    sentences = [str(message) for message in get_messages(answer.wsgi_request)]
    assert sentences == [f"There was no time left for {number}.png. Add it again." for number in (1, 2)]
    assert Example.objects.count() == 1


@pytest.mark.usefixtures("no_time")
def test_a_contact_sheet_for_which_there_is_no_time_is_explained(
    as_owner: Client, sample: SampleTeam, drain: Callable[[], None]
) -> None:
    put_pictures(sample, 3)
    drain()
    page = as_owner.get("/search/sheet/?q=a+white+dog&show=all", follow=True).content.decode()
    assert "The pictures are still being prepared. Try again in a moment." in page


def test_the_quota_is_checked_before_a_picture_is_decoded(address: str, as_owner: Client, sample: SampleTeam) -> None:
    """A damaged picture over the quota is refused for the quota: nobody has looked at it."""
    Team.objects.filter(pk=sample.team.pk).update(max_images=1)
    file = SimpleUploadedFile("damaged.png", picture_bytes("navy")[:60])
    answer = as_owner.post(address, {"files": file}, headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (507, "no_room")


def test_a_known_picture_is_found_with_a_full_quota(address: str, as_owner: Client, sample: SampleTeam) -> None:
    Team.objects.filter(pk=sample.team.pk).update(max_images=1)
    answer = as_owner.post(address, {"files": picture_file("again.png", "red")}, headers={"Accept": "application/json"})
    assert answer.json()["id"] == sample.image.pk
