"""What a line of the search box finds for one person."""

import io
from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import pytest

from collections_app.demo.gallery import demo_collections, draw_picture
from collections_app.errors import CancelledOut, NotIndexed
from collections_app.models import Collection, Image, Membership, Role, Team
from collections_app.services.active import active_index
from collections_app.services.answers import answer
from collections_app.services.conditions import Places, narrow
from collections_app.services.encoding import text_vector
from collections_app.services.examples import keep_example
from collections_app.services.indexing.worker import IndexWorker
from collections_app.services.library import create_collection, edit_image
from collections_app.services.query_language import Condition
from collections_app.services.questions import read_question
from collections_app.services.uploads import ingest_upload
from tests.house import House, picture_bytes


@pytest.fixture
def animals(house: House) -> Collection:
    """Drawn animals by the viewer, who edits here; the first three are tagged and dated."""
    collection = create_collection(team=house.team, name="Summer 2025", creator=house.owner)
    for place, picture in enumerate(demo_collections()[0].pictures[:12]):
        image = ingest_upload(
            file=io.BytesIO(draw_picture(picture)),
            file_name=picture.file_name,
            collection=collection,
            uploader=house.viewer,
            title=picture.title,
        ).image
        if place < 3:
            edit_image(image=image, title=image.title, tags=["Été", "sea side"])
            Image.objects.filter(pk=image.pk).update(taken_at=datetime(2025, 6 + place, 1, 12, tzinfo=UTC))
    IndexWorker().drain()
    return collection


def found(house: House, line: str) -> list[int]:
    question = read_question(user=house.owner, asked={"q": line})
    assert question.problems == []
    return [each.id for each in answer(question).ranked]


def tagged(animals: Collection) -> list[int]:
    return list(Image.objects.filter(collection=animals).order_by("pk").values_list("pk", flat=True)[:3])


CONDITIONS = ["tag:ÉTÉ", 'tag:"Sea Side"', "after:2025-06", "before:2025-09", "after:2025-06-01 before:2025-08-02"]


@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize("words", ["", "an animal "])
def test_conditions_mean_the_same_with_words_and_alone(
    condition: str, words: str, house: House, animals: Collection
) -> None:
    assert sorted(found(house, f"{words}{condition}")) == tagged(animals)


def test_months_are_bounded_by_their_first_moments(house: House, animals: Collection) -> None:
    june, july, august = tagged(animals)
    assert sorted(found(house, "after:2025-07")) == [july, august]
    assert found(house, "animal before:2025-07") == [june]


def test_what_a_tag_excludes_is_not_found(house: House, animals: Collection) -> None:
    assert not set(tagged(animals)) & set(found(house, "animal -tag:ÉTÉ"))
    assert not set(tagged(animals)) & set(found(house, "-tag:ÉTÉ"))


def test_by_asks_for_the_uploader(house: House, animals: Collection) -> None:
    assert found(house, "red by:me") == [house.image.pk]
    assert len(found(house, "by:viewer")) == len(found(house, "animal by:viewer@example.com")) == 12


def test_nobody_learns_of_people_who_have_no_picture_here(house: House, animals: Collection) -> None:
    for name in ("outsider", "outsider@example.com", "no-such-person"):
        (problem,) = read_question(user=house.owner, asked={"q": f"by:{name}"}).problems
        assert name in problem


def test_in_names_a_collection(house: House, animals: Collection) -> None:
    assert len(found(house, 'in:"summer 2025"')) == 12
    assert found(house, "animal in:Garden") == [house.image.pk]


def test_a_place_that_is_not_there_is_said(house: House) -> None:
    for line in ("in:Nowhere", "team:Nowhere"):
        assert len(read_question(user=house.owner, asked={"q": line}).problems) == 1


def test_shape_size_and_format(house: House, animals: Collection) -> None:
    assert house.image.pk in found(house, "format:png landscape")
    assert house.image.pk not in found(house, "red min:100px")
    assert house.image.pk in found(house, "min:60px")


def test_an_example_finds_itself_first_and_its_opposite_last(house: House, animals: Collection) -> None:
    image = tagged(animals)[0]
    assert found(house, f"like:{image}")[0] == image
    assert found(house, f"-like:{image}")[-1] == image


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
    line: str, weights: dict[str, float], house: House, animals: Collection
) -> None:
    example = tagged(animals)[0]
    stored = active_index().vectors(list(Image.objects.values_list("pk", flat=True)))
    total = sum((weight * text_vector(words) for words, weight in weights.items()), stored[example] * ("{}" in line))
    scores = {pk: float(vector @ total / np.linalg.norm(total)) for pk, vector in stored.items()}
    question = read_question(user=house.owner, asked={"q": line.format(f"like:{example}")})
    ranked = answer(question).ranked
    assert [each.id for each in ranked] == sorted(scores, key=lambda pk: -scores[pk])
    assert [each.score for each in ranked] == pytest.approx(sorted(scores.values(), reverse=True), abs=1e-5)


def test_all_of_two_dates_count_in_whatever_order(house: House, animals: Collection) -> None:
    for line in ("after:2025-07 after:2025-01", "after:2025-01 after:2025-07"):
        assert found(house, line) == tagged(animals)[:0:-1]
    for line in ("before:2025-07 before:2026", "before:2026 before:2025-07"):
        assert found(house, line) == tagged(animals)[:1]


def test_people_are_asked_for_in_one_statement(
    house: House, animals: Collection, django_assert_num_queries: Callable[..., object]
) -> None:
    places = Places(house.owner)
    names = ["owner", "VIEWER@example.com", "me", "nobody", "view"]
    with django_assert_num_queries(1):  # type: ignore[attr-defined]
        conditions = [Condition(key="by", value=name) for name in names]
        narrowing = narrow(user=house.outsider, conditions=conditions, places=places)
    assert len(narrowing.problems) == 4  # the outsider sees nothing of theirs
    narrowing = narrow(user=house.owner, conditions=conditions, places=places)
    assert narrowing.filters.uploader_ids == (house.owner.pk, house.viewer.pk, house.owner.pk)
    assert len(narrowing.problems) == 2


def test_what_is_cut_off_is_said(house: House) -> None:
    fits, long = "dog " * 124 + "dog", "dog " * 130
    assert read_question(user=house.owner, asked={"q": f"  {fits}\n  "}).problems == []
    assert len(read_question(user=house.owner, asked={"q": long}).problems) == 1


def test_a_stranger_s_picture_is_no_example(house: House, animals: Collection) -> None:
    question = read_question(user=house.outsider, asked={"q": f"like:{tagged(animals)[0]}"})
    assert len(question.problems) == 1
    assert question.examples == {}
    assert answer(question).ranked == ()


def test_an_uploaded_example_finds_the_same_picture_and_is_one_person_s(house: House, animals: Collection) -> None:
    picture = demo_collections()[0].pictures[0]
    example = keep_example(user=house.owner, file=io.BytesIO(draw_picture(picture)))
    assert found(house, f"like:{example.token}")[0] == tagged(animals)[0]
    assert len(read_question(user=house.viewer, asked={"q": f"like:{example.token}"}).problems) == 1


def test_an_example_that_waits_for_its_vector_is_no_empty_result(house: House) -> None:
    with pytest.raises(NotIndexed):
        answer(read_question(user=house.owner, asked={"q": f"like:{house.image.pk}"}))


def test_parts_that_cancel_each_other_out_are_refused(house: House) -> None:
    with pytest.raises(CancelledOut, match="cancel"):
        answer(read_question(user=house.owner, asked={"q": '"dog" -"dog"'}))


def test_a_team_s_name_narrows(house: House, animals: Collection) -> None:
    other = Team.objects.create(name="Other")
    Membership.objects.create(team=other, user=house.owner, role=Role.OWNER)
    ingest_upload(
        file=io.BytesIO(picture_bytes("green")),
        file_name="green.png",
        collection=create_collection(team=other, name="Green", creator=house.owner),
        uploader=house.owner,
    )
    IndexWorker().drain()
    assert len(found(house, "green team:other")) == 1
    assert len(found(house, "green team:other team:gardeners")) == 14
