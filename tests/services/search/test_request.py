"""What a line of the search box finds for one person."""

import io
from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import pytest

from collections_app.demo.gallery import get_demo_collections
from collections_app.errors import CancelledOut, NotIndexed
from collections_app.models import Collection, Image, Membership, Role, Team
from collections_app.services.indexing.kept_models import get_active_model
from collections_app.services.indexing.worker import IndexWorker
from collections_app.services.library.collections import create_collection
from collections_app.services.library.images import edit_image
from collections_app.services.search.example_images import store_example
from collections_app.services.search.filter_terms import FilterTerm
from collections_app.services.search.request import parse_search_request
from collections_app.services.search.resolved_filters import resolve_filters
from collections_app.services.search.results import run_search
from collections_app.services.search.scope import VisibleScopes
from collections_app.services.search.text_embeddings import embed_text
from collections_app.services.uploads.ingest import ingest_upload
from tests.drawn_pictures import draw_jpeg
from tests.sample_team import SampleTeam, picture_bytes


@pytest.fixture
def animals(sample: SampleTeam) -> Collection:
    """Drawn animals by the viewer, who edits here; the first three are tagged and dated."""
    collection = create_collection(team=sample.team, name="Summer 2025", creator=sample.owner)
    for place, picture in enumerate(get_demo_collections()[0].pictures[:12]):
        image = ingest_upload(
            file=io.BytesIO(draw_jpeg(picture.scene)),
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
    question = parse_search_request(user=sample.owner, parameters={"q": line})
    assert question.problems == []
    return [each.id for each in run_search(question).ranked]


def tagged(animals: Collection) -> list[int]:
    return list(Image.objects.filter(collection=animals).order_by("pk").values_list("pk", flat=True)[:3])


CONDITIONS = ["tag:ÉTÉ", 'tag:"Sea Side"', "after:2025-06", "before:2025-09", "after:2025-06-01 before:2025-08-02"]


@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize("words", ["", "an animal "])
def test_filters_mean_the_same_with_and_without_words(
    condition: str, words: str, sample: SampleTeam, animals: Collection
) -> None:
    assert sorted(found(sample, f"{words}{condition}")) == tagged(animals)


def test_months_are_bounded_by_their_first_moments(sample: SampleTeam, animals: Collection) -> None:
    june, july, august = tagged(animals)
    assert sorted(found(sample, "after:2025-07")) == [july, august]
    assert found(sample, "animal before:2025-07") == [june]


def test_excluded_tag_removes_pictures(sample: SampleTeam, animals: Collection) -> None:
    assert not set(tagged(animals)) & set(found(sample, "animal -tag:ÉTÉ"))
    assert not set(tagged(animals)) & set(found(sample, "-tag:ÉTÉ"))


def test_by_filters_by_uploader(sample: SampleTeam, animals: Collection) -> None:
    assert found(sample, "red by:me") == [sample.image.pk]
    assert len(found(sample, "by:viewer")) == len(found(sample, "animal by:viewer@example.com")) == 12


def test_uploader_filter_reveals_nobody_without_visible_pictures(sample: SampleTeam, animals: Collection) -> None:
    for name in ("outsider", "outsider@example.com", "no-such-person"):
        (problem,) = parse_search_request(user=sample.owner, parameters={"q": f"by:{name}"}).problems
        assert name in problem.sentence


def test_in_filters_by_collection(sample: SampleTeam, animals: Collection) -> None:
    assert len(found(sample, 'in:"summer 2025"')) == 12
    assert found(sample, "animal in:Garden") == [sample.image.pk]


@pytest.mark.parametrize("line", ["in:Nowhere", "team:Nowhere"])
def test_unknown_name_is_reported_and_finds_nothing(line: str, sample: SampleTeam) -> None:
    request = parse_search_request(user=sample.owner, parameters={"q": f"red {line}"})
    assert len(request.problems) == 1
    assert request.scope.is_empty
    assert not request.scope.images.exists()


def test_unknown_order_is_reported_and_finds_nothing(sample: SampleTeam) -> None:
    request = parse_search_request(user=sample.owner, parameters={"q": "red sort:colour"})
    assert len(request.problems) == 1
    assert request.scope.is_empty


def test_shape_size_and_format_filters_apply(sample: SampleTeam, animals: Collection) -> None:
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
    stored = get_active_model().index.get_vectors(list(Image.objects.values_list("pk", flat=True)))
    total = sum(
        (weight * embed_text(words, model=get_active_model()) for words, weight in weights.items()),
        stored[example] * ("{}" in line),
    )
    scores = {pk: float(vector @ total / np.linalg.norm(total)) for pk, vector in stored.items()}
    question = parse_search_request(user=sample.owner, parameters={"q": line.format(f"like:{example}")})
    ranked = run_search(question).ranked
    assert [each.id for each in ranked] == sorted(scores, key=lambda pk: -scores[pk])
    assert [each.score for each in ranked] == pytest.approx(sorted(scores.values(), reverse=True), abs=1e-5)


def test_two_date_filters_both_apply_in_any_order(sample: SampleTeam, animals: Collection) -> None:
    for line in ("after:2025-07 after:2025-01", "after:2025-01 after:2025-07"):
        assert found(sample, line) == tagged(animals)[:0:-1]
    for line in ("before:2025-07 before:2026", "before:2026 before:2025-07"):
        assert found(sample, line) == tagged(animals)[:1]


def test_uploaders_are_resolved_in_one_statement(
    sample: SampleTeam, animals: Collection, django_assert_num_queries: Callable[..., object]
) -> None:
    scopes = VisibleScopes(sample.owner)
    names = ["owner", "VIEWER@example.com", "me", "nobody", "view"]
    with django_assert_num_queries(2):  # type: ignore[attr-defined]  # one more for suggestions
        terms = [FilterTerm(key="by", value=name) for name in names]
        filters = resolve_filters(user=sample.outsider, terms=terms, scopes=scopes)
    assert len(filters.problems) == 4  # the outsider sees nothing of theirs
    filters = resolve_filters(user=sample.owner, terms=terms, scopes=scopes)
    assert filters.values["by"] == [[sample.owner.pk], [sample.viewer.pk], [sample.owner.pk]]
    assert len(filters.problems) == 2


def test_truncation_is_reported(sample: SampleTeam) -> None:
    fits, long = "dog " * 124 + "dog", "dog " * 130
    assert parse_search_request(user=sample.owner, parameters={"q": f"  {fits}\n  "}).problems == []
    assert len(parse_search_request(user=sample.owner, parameters={"q": long}).problems) == 1


def test_invisible_picture_cannot_be_an_example(sample: SampleTeam, animals: Collection) -> None:
    question = parse_search_request(user=sample.outsider, parameters={"q": f"like:{tagged(animals)[0]}"})
    assert len(question.problems) == 1
    assert question.examples == {}
    assert run_search(question).ranked == ()


def test_uploaded_example_finds_its_picture_and_is_private(sample: SampleTeam, animals: Collection) -> None:
    picture = get_demo_collections()[0].pictures[0]
    example = store_example(user=sample.owner, file=io.BytesIO(draw_jpeg(picture.scene)))
    assert found(sample, f"like:{example.token}")[0] == tagged(animals)[0]
    assert len(parse_search_request(user=sample.viewer, parameters={"q": f"like:{example.token}"}).problems) == 1


def test_example_without_a_vector_is_an_error_and_no_empty_result(sample: SampleTeam) -> None:
    with pytest.raises(NotIndexed):
        run_search(parse_search_request(user=sample.owner, parameters={"q": f"like:{sample.image.pk}"}))


def test_parts_that_cancel_each_other_out_are_refused(sample: SampleTeam) -> None:
    with pytest.raises(CancelledOut, match="cancel"):
        run_search(parse_search_request(user=sample.owner, parameters={"q": '"dog" -"dog"'}))


def test_team_name_filters_by_team(sample: SampleTeam, animals: Collection) -> None:
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
