"""Precision and recall by relevance judgments: the figures, and which judgments count."""

import pytest

from collections_app.encoders import get_encoder
from collections_app.models import Image, Membership
from collections_app.services.evaluation.judgments import list_judged_queries, record_judgment
from collections_app.services.evaluation.metrics import (
    JudgedImages,
    compute_mean,
    score_ranking,
    score_search,
)
from collections_app.services.indexing.worker import IndexWorker
from collections_app.services.library.trash import trash_images
from tests.sample_team import SampleTeam, put_picture, put_pictures

pytestmark = pytest.mark.django_db

R, W, U = True, False, None  # right, wrong, unjudged


@pytest.mark.parametrize(
    ("ranked", "truths", "precision", "recall"),
    [
        ([R, R, W, W], [R, R, W, W], 1.0, 1.0),
        ([W, R, R, W], [R, R, W, W], 0.5, 0.5),
        ([U, R, R, W], [R, R, W, W], 1.0, 0.5),
        ([U, U, R, W], [R, W], None, 0.0),
        ([W, W], [W, W], 0.0, None),
        ([R], [R, R, R, R], 1.0, 0.25),
        ([], [R], None, 0.0),
    ],
)
def test_metrics_cover_the_first_two_hits(
    ranked: list[bool | None], truths: list[bool], precision: float | None, recall: float | None
) -> None:
    score = score_ranking("dog", ranked, truths, k=2)
    assert (score.precision, score.recall, score.judged) == (precision, recall, len(truths))


def test_mean_ignores_missing_values() -> None:
    assert compute_mean([1.0, None, 0.0]) == 0.5
    assert compute_mean([None]) is None


@pytest.fixture
def red_pictures(sample: SampleTeam) -> list[Image]:
    """Right ones are red; wrong ones are blue."""
    red = put_picture(sample.collection, sample.owner, "red.png", colour=(250, 5, 5))
    blue = put_picture(sample.collection, sample.owner, "blue.png", colour=(5, 5, 250))
    for image in (sample.image, red, blue):
        record_judgment(user=sample.viewer, image=image, text="red", is_right=image != blue)
    IndexWorker().drain()
    return [sample.image, red, blue]


def test_judgments_are_read_by_person_and_query(sample: SampleTeam, red_pictures: list[Image]) -> None:
    record_judgment(user=sample.owner, image=red_pictures[0], text="Red", is_right=False)
    record_judgment(user=sample.owner, image=red_pictures[0], text="flower", is_right=True)
    read = [(each.person, each.text, dict(each.judgments)) for each in list_judged_queries()]
    first, second, third = (image.pk for image in red_pictures)
    assert read == [
        (sample.owner, "flower", {first: True}),
        (sample.owner, "red", {first: False}),
        (sample.viewer, "red", {first: True, second: True, third: False}),
    ]


def test_judgments_after_losing_access_do_not_count(sample: SampleTeam, red_pictures: list[Image]) -> None:
    Membership.objects.filter(user=sample.viewer).delete()
    assert list_judged_queries() == []


def test_judgments_of_trashed_pictures_do_not_count(sample: SampleTeam, red_pictures: list[Image]) -> None:
    trash_images(images=Image.objects.filter(pk=red_pictures[0].pk), trasher=sample.owner)
    assert list(list_judged_queries()[0].judgments) == [red_pictures[1].pk, red_pictures[2].pk]


def test_team_limits_the_evaluation_to_its_pictures(sample: SampleTeam, red_pictures: list[Image]) -> None:
    assert len(list_judged_queries(team=sample.team)) == 1
    assert list_judged_queries(team=sample.outsider.personal_team) == []


def test_site_search_is_scored_over_everything_the_person_sees(sample: SampleTeam, red_pictures: list[Image]) -> None:
    put_pictures(sample, 5)  # unjudged, and bluish
    IndexWorker().drain()
    (judgement,) = list_judged_queries()
    score = score_search(judgement, k=2)
    assert (score.precision, score.recall) == (1.0, 1.0)


def test_indexed_vectors_are_reused_and_missing_ones_encoded(sample: SampleTeam, red_pictures: list[Image]) -> None:
    late = put_picture(sample.collection, sample.owner, "late.png", colour=(240, 9, 9))
    record_judgment(user=sample.viewer, image=late, text="red", is_right=True)
    judgements = list_judged_queries()
    pictures = JudgedImages(judgements, get_encoder())
    assert (pictures.encoded_count, pictures.unreadable_count) == (1, 0)
    assert pictures.score(judgements[0], k=3).precision == 1.0


def test_picture_with_a_missing_file_counts_as_lost(sample: SampleTeam, red_pictures: list[Image]) -> None:
    late = put_picture(sample.collection, sample.owner, "late.png", colour=(240, 9, 9))
    late.file.storage.delete(late.file_name)
    record_judgment(user=sample.viewer, image=late, text="red", is_right=True)
    record_judgment(user=sample.viewer, image=late, text="lost", is_right=True)
    judgements = list_judged_queries()
    pictures = JudgedImages(judgements, get_encoder())
    assert (pictures.encoded_count, pictures.unreadable_count) == (0, 1)
    assert [pictures.score(each, k=3).precision for each in judgements] == [None, 2 / 3]
