"""Precision and recall by marks: the figures, and whose marks count."""

import pytest

from collections_app.encoders import get_encoder
from collections_app.models import Image, Membership
from collections_app.services.evaluation.judgments import mark_image
from collections_app.services.evaluation.metrics import (
    JudgedPictures,
    mean,
    read_judgements,
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
def test_figures_of_the_first_two_hits(
    ranked: list[bool | None], truths: list[bool], precision: float | None, recall: float | None
) -> None:
    score = score_ranking("dog", ranked, truths, k=2)
    assert (score.precision, score.recall, score.judged) == (precision, recall, len(truths))


def test_mean_leaves_out_what_is_not_there() -> None:
    assert mean([1.0, None, 0.0]) == 0.5
    assert mean([None]) is None


@pytest.fixture
def reds(sample: SampleTeam) -> list[Image]:
    """Right ones are red; wrong ones are blue."""
    red = put_picture(sample.collection, sample.owner, "red.png", colour=(250, 5, 5))
    blue = put_picture(sample.collection, sample.owner, "blue.png", colour=(5, 5, 250))
    for image in (sample.image, red, blue):
        mark_image(user=sample.viewer, image=image, text="red", is_right=image != blue)
    IndexWorker().drain()
    return [sample.image, red, blue]


def test_marks_are_read_by_person_and_query(sample: SampleTeam, reds: list[Image]) -> None:
    mark_image(user=sample.owner, image=reds[0], text="Red", is_right=False)
    mark_image(user=sample.owner, image=reds[0], text="flower", is_right=True)
    read = [(each.person, each.text, dict(each.truth)) for each in read_judgements()]
    first, second, third = (image.pk for image in reds)
    assert read == [
        (sample.owner, "flower", {first: True}),
        (sample.owner, "red", {first: False}),
        (sample.viewer, "red", {first: True, second: True, third: False}),
    ]


def test_marks_of_who_lost_the_right_do_not_count(sample: SampleTeam, reds: list[Image]) -> None:
    Membership.objects.filter(user=sample.viewer).delete()
    assert read_judgements() == []


def test_marks_on_trashed_pictures_do_not_count(sample: SampleTeam, reds: list[Image]) -> None:
    trash_images(images=Image.objects.filter(pk=reds[0].pk), trasher=sample.owner)
    assert list(read_judgements()[0].truth) == [reds[1].pk, reds[2].pk]


def test_team_narrows_to_its_pictures(sample: SampleTeam, reds: list[Image]) -> None:
    assert len(read_judgements(team=sample.team)) == 1
    assert read_judgements(team=sample.outsider.personal_team) == []


def test_sites_search_is_scored_over_everything_the_person_sees(sample: SampleTeam, reds: list[Image]) -> None:
    put_pictures(sample, 5)  # unjudged, and bluish
    IndexWorker().drain()
    (judgement,) = read_judgements()
    score = score_search(judgement, k=2)
    assert (score.precision, score.recall) == (1.0, 1.0)


def test_index_spares_the_encoding_and_what_it_lacks_is_encoded(sample: SampleTeam, reds: list[Image]) -> None:
    late = put_picture(sample.collection, sample.owner, "late.png", colour=(240, 9, 9))
    mark_image(user=sample.viewer, image=late, text="red", is_right=True)
    judgements = read_judgements()
    pictures = JudgedPictures(judgements, get_encoder())
    assert (pictures.encoded, pictures.lost) == (1, 0)
    assert pictures.score(judgements[0], k=3).precision == 1.0


def test_picture_whose_file_is_gone_is_counted_as_lost(sample: SampleTeam, reds: list[Image]) -> None:
    late = put_picture(sample.collection, sample.owner, "late.png", colour=(240, 9, 9))
    late.file.storage.delete(late.file_name)
    mark_image(user=sample.viewer, image=late, text="red", is_right=True)
    mark_image(user=sample.viewer, image=late, text="lost", is_right=True)
    judgements = read_judgements()
    pictures = JudgedPictures(judgements, get_encoder())
    assert (pictures.encoded, pictures.lost) == (0, 1)
    assert [pictures.score(each, k=3).precision for each in judgements] == [None, 2 / 3]
