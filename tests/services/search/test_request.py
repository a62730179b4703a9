"""What a line of the search box finds for one person."""

import io
from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import pytest

from collections_app.demo.gallery import demo_collections, draw_picture
from collections_app.errors import CancelledOut, NotIndexed
from collections_app.models import Collection, Image, Membership, Role, Team
from collections_app.services.indexing.active_index import get_active_index
from collections_app.services.indexing.worker import IndexWorker
from collections_app.services.library.collections import create_collection, edit_image
from collections_app.services.search.example_images import keep_example
from collections_app.services.search.filters import VisibleScopes, resolve_filters
from collections_app.services.search.query import Condition
from collections_app.services.search.request import parse_search_request
from collections_app.services.search.results import answer
from collections_app.services.search.text_embeddings import embed_text
from collections_app.services.uploads.ingest import ingest_upload
from tests.sample_team import SampleTeam, picture_bytes


@pytest.fixture
def animals(sample: SampleTeam) -> Collection:
    """Drawn animals by the viewer, who edits here; the first three are tagged and dated."""
    collection = create_collection(team=sample.team, name="Summer 2025", creator=sample.owner)
    for place, picture in enumerate(demo_collections()[0].pictures[:12]):
        image = ingest_upload(
            file=io.BytesIO(draw_picture(picture)),
            file_name=picture.file_name,
            collection=collection,
            uploader=sample.viewer,
            title=picture.title,
        ).image
        if place < 3:
            edit_image(image=image, title=image.title, tags=["Été", "sea side"])
            Image.objects.filter(pk=image.pk).update(taken_at=datetime(2025, 6 + place, 1, 12, tzinfo=UTC))
    IndexWorker().drain()
    return collection


def found(sample: SampleTeam, line: str) -> list[int]:
    question = parse_search_request(user=sample.owner, asked={"q": line})
    assert question.problems == []
    return [each.id for each in answer(question).ranked]


def tagged(animals: Collection) -> list[int]:
    return list(Image.objects.filter(collection=animals).order_by("pk").values_list("pk", flat=True)[:3])


CONDITIONS = ["tag:ÉTÉ", 'tag:"Sea Side"', "after:2025-06", "before:2025-09", "after:2025-06-01 before:2025-08-02"]


@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize("words", ["", "an animal "])
def test_conditions_mean_the_same_with_words_and_alone(
    condition: str, words: str, sample: SampleTeam, animals: Collection
) -> None:
    assert sorted(found(sample, f"{words}{condition}")) == tagged(animals)


def test_months_are_bounded_by_their_first_moments(sample: SampleTeam, animals: Collection) -> None:
    june, july, august = tagged(animals)
    assert sorted(found(sample, "after:2025-07")) == [july, august]
    assert found(sample, "animal before:2025-07") == [june]


def test_what_a_tag_excludes_is_not_found(sample: SampleTeam, animals: Collection) -> None:
    assert not set(tagged(animals)) & set(found(sample, "animal -tag:ÉTÉ"))
    assert not set(tagged(animals)) & set(found(sample, "-tag:ÉTÉ"))


def test_by_asks_for_the_uploader(sample: SampleTeam, animals: Collection) -> None:
    assert found(sample, "red by:me") == [sample.image.pk]
    assert len(found(sample, "by:viewer")) == len(found(sample, "animal by:viewer@example.com")) == 12


def test_nobody_learns_of_people_who_have_no_picture_here(sample: SampleTeam, animals: Collection) -> None:
    for name in ("outsider", "outsider@example.com", "no-such-person"):
        (problem,) = parse_search_request(user=sample.owner, asked={"q": f"by:{name}"}).problems
        assert name in problem


def test_in_names_a_collection(sample: SampleTeam, animals: Collection) -> None:
    assert len(found(sample, 'in:"summer 2025"')) == 12
    assert found(sample, "animal in:Garden") == [sample.image.pk]


def test_a_place_that_is_not_there_is_said(sample: SampleTeam) -> None:
    for line in ("in:Nowhere", "team:Nowhere"):
        assert len(parse_search_request(user=sample.owner, asked={"q": line}).problems) == 1


def test_shape_size_and_format(sample: SampleTeam, animals: Collection) -> None:
    assert sample.image.pk in found(sample, "format:png landscape")
    assert sample.image.pk not in found(sample, "red min:100px")
    assert sample.image.pk in found(sample, "min:60px")


def test_an_example_finds_itself_first_and_its_opposite_last(sample: SampleTeam, animals: Collection) -> None:
    image = tagged(animals)[0]
    assert found(sample, f"like:{image}")[0] == image
    assert found(sample, f"-like:{image}")[-1] == image


@pytest.mark.parametrize(
    ("line", "weights"),
    [
        ("dog + snow", {"dog": 1, "snow": 1}),
        ("dog - white", {"dog": 1, "white": -1}),
        ('{} + night + "2:black cat"', {"night": 1, "black cat": 2}),
        ('{} - "2:white dog" + "2:snow"', {"white dog": -2, "snow": 2}),
    ],
)
def test_sums_are_ranked_as_rclip_ranks_them(
    line: str, weights: dict[str, float], sample: SampleTeam, animals: Collection
) -> None:
    example = tagged(animals)[0]
    stored = get_active_index().vectors(list(Image.objects.values_list("pk", flat=True)))
    total = sum((weight * embed_text(words) for words, weight in weights.items()), stored[example] * ("{}" in line))
    scores = {pk: float(vector @ total / np.linalg.norm(total)) for pk, vector in stored.items()}
    question = parse_search_request(user=sample.owner, asked={"q": line.format(f"like:{example}")})
    ranked = answer(question).ranked
    assert [each.id for each in ranked] == sorted(scores, key=lambda pk: -scores[pk])
    assert [each.score for each in ranked] == pytest.approx(sorted(scores.values(), reverse=True), abs=1e-5)


def test_all_of_two_dates_count_in_whatever_order(sample: SampleTeam, animals: Collection) -> None:
    for line in ("after:2025-07 after:2025-01", "after:2025-01 after:2025-07"):
        assert found(sample, line) == tagged(animals)[:0:-1]
    for line in ("before:2025-07 before:2026", "before:2026 before:2025-07"):
        assert found(sample, line) == tagged(animals)[:1]


def test_people_are_asked_for_in_one_statement(
    sample: SampleTeam, animals: Collection, django_assert_num_queries: Callable[..., object]
) -> None:
    places = VisibleScopes(sample.owner)
    names = ["owner", "VIEWER@example.com", "me", "nobody", "view"]
    with django_assert_num_queries(1):  # type: ignore[attr-defined]
        conditions = [Condition(key="by", value=name) for name in names]
        narrowing = resolve_filters(user=sample.outsider, conditions=conditions, places=places)
    assert len(narrowing.problems) == 4  # the outsider sees nothing of theirs
    narrowing = resolve_filters(user=sample.owner, conditions=conditions, places=places)
    assert narrowing.filters.uploader_ids == (sample.owner.pk, sample.viewer.pk, sample.owner.pk)
    assert len(narrowing.problems) == 2


def test_what_is_cut_off_is_said(sample: SampleTeam) -> None:
    fits, long = "dog " * 124 + "dog", "dog " * 130
    assert parse_search_request(user=sample.owner, asked={"q": f"  {fits}\n  "}).problems == []
    assert len(parse_search_request(user=sample.owner, asked={"q": long}).problems) == 1


def test_a_stranger_s_picture_is_no_example(sample: SampleTeam, animals: Collection) -> None:
    question = parse_search_request(user=sample.outsider, asked={"q": f"like:{tagged(animals)[0]}"})
    assert len(question.problems) == 1
    assert question.examples == {}
    assert answer(question).ranked == ()


def test_an_uploaded_example_finds_the_same_picture_and_is_one_person_s(
    sample: SampleTeam, animals: Collection
) -> None:
    picture = demo_collections()[0].pictures[0]
    example = keep_example(user=sample.owner, file=io.BytesIO(draw_picture(picture)))
    assert found(sample, f"like:{example.token}")[0] == tagged(animals)[0]
    assert len(parse_search_request(user=sample.viewer, asked={"q": f"like:{example.token}"}).problems) == 1


def test_an_example_that_waits_for_its_vector_is_no_empty_result(sample: SampleTeam) -> None:
    with pytest.raises(NotIndexed):
        answer(parse_search_request(user=sample.owner, asked={"q": f"like:{sample.image.pk}"}))


def test_parts_that_cancel_each_other_out_are_refused(sample: SampleTeam) -> None:
    with pytest.raises(CancelledOut, match="cancel"):
        answer(parse_search_request(user=sample.owner, asked={"q": '"dog" -"dog"'}))


def test_a_team_s_name_narrows(sample: SampleTeam, animals: Collection) -> None:
    other = Team.objects.create(name="Other")
    Membership.objects.create(team=other, user=sample.owner, role=Role.OWNER)
    ingest_upload(
        file=io.BytesIO(picture_bytes("green")),
        file_name="green.png",
        collection=create_collection(team=other, name="Green", creator=sample.owner),
        uploader=sample.owner,
    )
    IndexWorker().drain()
    assert len(found(sample, "green team:other")) == 1
    assert len(found(sample, "green team:other team:gardeners")) == 14
