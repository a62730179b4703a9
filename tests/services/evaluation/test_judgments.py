"""Marks: one for each person, picture and query."""

import pytest

from collections_app.models import Image, Membership, RelevanceJudgment
from collections_app.services.evaluation.judgments import mark_image, marks_on
from collections_app.services.library.trash import trash_images
from collections_app.services.sharing.teams import delete_team
from tests.sample_team import SampleTeam

pytestmark = pytest.mark.django_db


@pytest.fixture
def marked(sample: SampleTeam) -> RelevanceJudgment:
    mark_image(user=sample.viewer, image=sample.image, text="  A red\trose ", is_right=True)
    return RelevanceJudgment.objects.get()


def test_query_is_the_same_in_capital_letters_and_with_other_blanks(
    sample: SampleTeam, marked: RelevanceJudgment
) -> None:
    mark_image(user=sample.viewer, image=sample.image, text="a RED rose", is_right=False)
    assert marks_on(user=sample.viewer, text="A red rose", images=[sample.image]) == {sample.image.pk: False}


def test_mark_can_be_taken_back(sample: SampleTeam, marked: RelevanceJudgment) -> None:
    mark_image(user=sample.viewer, image=sample.image, text="a red rose", is_right=None)
    assert not RelevanceJudgment.objects.exists()


def test_other_people_and_other_queries_have_other_marks(sample: SampleTeam, marked: RelevanceJudgment) -> None:
    mark_image(user=sample.owner, image=sample.image, text="a red rose", is_right=False)
    mark_image(user=sample.viewer, image=sample.image, text="a rose", is_right=False)
    assert marks_on(user=sample.viewer, text="a red rose", images=[sample.image]) == {sample.image.pk: True}
    assert RelevanceJudgment.objects.count() == 3


@pytest.mark.parametrize("lost", ["left the team", "trash"])
def test_mark_on_what_one_may_not_see_any_more_does_not_count(
    sample: SampleTeam, marked: RelevanceJudgment, lost: str
) -> None:
    assert list(RelevanceJudgment.objects.counting_for(sample.viewer)) == [marked]
    if lost == "trash":
        trash_images(images=Image.objects.all(), trasher=sample.owner)
    else:
        Membership.objects.filter(user=sample.viewer).delete()
    assert not RelevanceJudgment.objects.counting_for(sample.viewer).exists()


@pytest.mark.parametrize("erased", ["account", "picture", "team"])
def test_mark_goes_with_its_maker_its_picture_and_its_team(
    sample: SampleTeam, marked: RelevanceJudgment, erased: str
) -> None:
    if erased == "account":
        sample.viewer.delete()
    elif erased == "picture":
        sample.image.delete()
    else:
        delete_team(team=sample.team)
    assert not RelevanceJudgment.objects.exists()


@pytest.mark.parametrize("text", ["İ" * 500, "ß" * 500, "🐶" * 500])
def test_longest_queries_can_be_marked(sample: SampleTeam, text: str) -> None:
    mark_image(user=sample.owner, image=sample.image, text=text, is_right=True)
    assert marks_on(user=sample.owner, text=text, images=[sample.image])
