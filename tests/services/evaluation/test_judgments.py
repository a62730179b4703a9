"""Relevance judgments: one for each person, picture and query."""

import pytest

from collections_app.models import Image, Membership, RelevanceJudgment
from collections_app.services.evaluation.judgments import get_judgments, record_judgment
from collections_app.services.library.trash import trash_images
from collections_app.services.sharing.teams import delete_team
from tests.sample_team import SampleTeam

pytestmark = pytest.mark.django_db


@pytest.fixture
def marked(sample: SampleTeam) -> RelevanceJudgment:
    record_judgment(user=sample.viewer, image=sample.image, text="  A red\trose ", is_right=True)
    return RelevanceJudgment.objects.get()


def test_query_ignores_case_and_spacing(sample: SampleTeam, marked: RelevanceJudgment) -> None:
    record_judgment(user=sample.viewer, image=sample.image, text="a RED rose", is_right=False)
    assert get_judgments(user=sample.viewer, text="A red rose", images=[sample.image]) == {sample.image.pk: False}


def test_judgment_can_be_withdrawn(sample: SampleTeam, marked: RelevanceJudgment) -> None:
    record_judgment(user=sample.viewer, image=sample.image, text="a red rose", is_right=None)
    assert not RelevanceJudgment.objects.exists()


def test_judgments_are_separate_per_person_and_query(sample: SampleTeam, marked: RelevanceJudgment) -> None:
    record_judgment(user=sample.owner, image=sample.image, text="a red rose", is_right=False)
    record_judgment(user=sample.viewer, image=sample.image, text="a rose", is_right=False)
    assert get_judgments(user=sample.viewer, text="a red rose", images=[sample.image]) == {sample.image.pk: True}
    assert RelevanceJudgment.objects.count() == 3


@pytest.mark.parametrize("lost", ["left the team", "trash"])
def test_judgment_of_an_invisible_picture_does_not_count(
    sample: SampleTeam, marked: RelevanceJudgment, lost: str
) -> None:
    assert list(RelevanceJudgment.objects.by_user_on_visible_images(sample.viewer)) == [marked]
    if lost == "trash":
        trash_images(images=Image.objects.all(), trasher=sample.owner)
    else:
        Membership.objects.filter(user=sample.viewer).delete()
    assert not RelevanceJudgment.objects.by_user_on_visible_images(sample.viewer).exists()


@pytest.mark.parametrize("erased", ["account", "picture", "team"])
def test_judgment_is_deleted_with_its_author_picture_or_team(
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
def test_longest_queries_can_be_judged(sample: SampleTeam, text: str) -> None:
    record_judgment(user=sample.owner, image=sample.image, text=text, is_right=True)
    assert get_judgments(user=sample.owner, text=text, images=[sample.image]) == {sample.image.pk: True}
    RelevanceJudgment.objects.get().clean_fields()
