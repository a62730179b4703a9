"""Display names: entered in Account, shown to people who may know the person, and found by the filter `by:`."""

import pytest
from django.test import Client

from collections_app.models import User
from collections_app.services.search.request import parse_search_request
from collections_app.services.sharing.accounts import rename_person
from collections_app.templatetags.people import initials
from tests.sample_team import SampleTeam, put_picture, sign_in_client


def test_person_enters_a_display_name(as_owner: Client, sample: SampleTeam) -> None:
    page = as_owner.post("/account/", {"display_name": " Anna  Berg "}, follow=True).content.decode()
    assert "Display name saved." in page
    assert User.objects.get(pk=sample.owner.pk).display_name == "Anna Berg"


@pytest.mark.parametrize("sign", ["@", "\N{FULLWIDTH COMMERCIAL AT}", "\N{SMALL COMMERCIAL AT}"])
def test_display_name_cannot_look_like_an_address(sign: str, as_owner: Client, sample: SampleTeam) -> None:
    response = as_owner.post("/account/", {"display_name": f"viewer{sign}example.com"})
    assert response.status_code == 400
    assert User.objects.get(pk=sample.owner.pk).display_name == ""


def test_members_see_name_and_address(sample: SampleTeam) -> None:
    rename_person(user=sample.owner, display_name="Anna Berg")
    page = sign_in_client(sample.viewer).get(f"/teams/{sample.team.pk}/").content.decode()
    assert "<span>Anna Berg</span>" in page
    assert "owner@example.com" in page


def test_person_with_a_share_sees_the_name_of_the_sharer(sample: SampleTeam) -> None:
    rename_person(user=sample.owner, display_name="Anna Berg")
    sample.collection.shares.create(user=sample.outsider, role="viewer", sharer=sample.owner)
    page = sign_in_client(sample.outsider).get("/shared/").content.decode()
    assert "Shared by Anna Berg" in page
    assert "owner@example.com" not in page


@pytest.mark.parametrize("query", ['by:"anna berg"', 'by:"ANNA BERG"', "by:owner", "by:owner@example.com"])
def test_pictures_are_found_by_display_name_and_address(query: str, sample: SampleTeam) -> None:
    rename_person(user=sample.owner, display_name="Anna Berg")
    assert find_problems(sample.viewer, query) == []
    assert find_uploaders(sample.viewer, query) == [sample.owner.pk]


def test_filter_finds_all_people_of_a_display_name(sample: SampleTeam) -> None:
    for person in (sample.owner, sample.viewer):
        rename_person(user=person, display_name="Anna")
    put_picture(sample.collection, sample.viewer, "tulip.png")
    assert sorted(find_uploaders(sample.owner, "by:anna")) == sorted([sample.owner.pk, sample.viewer.pk])


def test_filter_finds_nobody_whose_pictures_one_does_not_see(sample: SampleTeam) -> None:
    rename_person(user=sample.owner, display_name="Anna Berg")
    assert find_problems(sample.outsider, 'by:"Anna Berg"')


def test_cleared_display_name_is_found_no_more(sample: SampleTeam) -> None:
    rename_person(user=sample.owner, display_name="Anna Berg")
    rename_person(user=sample.owner, display_name="")
    assert find_problems(sample.viewer, 'by:"Anna Berg"')
    assert sample.owner.name == "owner@example.com"


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Anna Berg", "AB"), ("Anna von Berg", "AB"), ("anna.berg@example.com", "AB"), ("ёж", "Ё"), ("@", "?")],
)
def test_initials(name: str, expected: str) -> None:
    assert initials(name) == expected


def find_uploaders(user: User, query: str) -> list[int]:
    request = parse_search_request(user=user, parameters={"q": query})
    return [pk for ids in request.filters.values["by"] for pk in ids]


def find_problems(user: User, query: str) -> list[str]:
    return [each.sentence for each in parse_search_request(user=user, parameters={"q": query}).problems]
