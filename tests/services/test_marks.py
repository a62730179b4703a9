"""Marks: one for each person, picture and query."""

import pytest

from collections_app.models import Image, Mark, Membership
from collections_app.services.marks import mark_image, marks_on
from collections_app.services.teams import delete_team
from collections_app.services.trash import trash_images
from tests.house import House

pytestmark = pytest.mark.django_db


@pytest.fixture
def marked(house: House) -> Mark:
    mark_image(user=house.viewer, image=house.image, text="  A red\trose ", is_right=True)
    return Mark.objects.get()


def test_query_is_the_same_in_capital_letters_and_with_other_blanks(house: House, marked: Mark) -> None:
    mark_image(user=house.viewer, image=house.image, text="a RED rose", is_right=False)
    assert marks_on(user=house.viewer, text="A red rose", images=[house.image]) == {house.image.pk: False}


def test_mark_can_be_taken_back(house: House, marked: Mark) -> None:
    mark_image(user=house.viewer, image=house.image, text="a red rose", is_right=None)
    assert not Mark.objects.exists()


def test_other_people_and_other_queries_have_other_marks(house: House, marked: Mark) -> None:
    mark_image(user=house.owner, image=house.image, text="a red rose", is_right=False)
    mark_image(user=house.viewer, image=house.image, text="a rose", is_right=False)
    assert marks_on(user=house.viewer, text="a red rose", images=[house.image]) == {house.image.pk: True}
    assert Mark.objects.count() == 3


@pytest.mark.parametrize("lost", ["left the team", "trash"])
def test_mark_on_what_one_may_not_see_any_more_does_not_count(house: House, marked: Mark, lost: str) -> None:
    assert list(Mark.objects.counting_for(house.viewer)) == [marked]
    if lost == "trash":
        trash_images(images=Image.objects.all(), trasher=house.owner)
    else:
        Membership.objects.filter(user=house.viewer).delete()
    assert not Mark.objects.counting_for(house.viewer).exists()


@pytest.mark.parametrize("erased", ["account", "picture", "team"])
def test_mark_goes_with_its_maker_its_picture_and_its_team(house: House, marked: Mark, erased: str) -> None:
    if erased == "account":
        house.viewer.delete()
    elif erased == "picture":
        house.image.delete()
    else:
        delete_team(team=house.team)
    assert not Mark.objects.exists()


@pytest.mark.parametrize("text", ["İ" * 500, "ß" * 500, "🐶" * 500])
def test_longest_queries_can_be_marked(house: House, text: str) -> None:
    mark_image(user=house.owner, image=house.image, text=text, is_right=True)
    assert marks_on(user=house.owner, text=text, images=[house.image])
