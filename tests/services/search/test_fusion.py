"""One ranking of index and names: reciprocal rank fusion, what is likely, copies, and what examples hide."""

from collections.abc import Callable
from threading import Event

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from collections_app.models import Image
from collections_app.services.indexing.worker import IndexWorker
from collections_app.services.library.collections import create_collection
from collections_app.services.search import background
from collections_app.services.search.fusion import NameKind, find_name_matches, fuse
from collections_app.services.search.request import build_collection_request, parse_search_request
from collections_app.services.search.results import SearchResults, Verdict, run_search
from collections_app.services.search.retrieval import FIRST_HITS
from tests.sample_team import SampleTeam, put_picture
from tests.services.search.test_results import WORDS, index_matches_and_others

Drain = Callable[[], object]


@pytest.fixture
def drain() -> Drain:
    return IndexWorker().drain


def search(sample: SampleTeam, line: str, **options: object) -> SearchResults:
    request = parse_search_request(user=sample.owner, parameters={"q": line})
    return run_search(request, **options)  # type: ignore[arg-type]


def find_names(sample: SampleTeam, line: str) -> dict[str, tuple[str, bool]]:
    request = parse_search_request(user=sample.owner, parameters={"q": line})
    titles = dict(Image.objects.values_list("pk", "title"))
    return {titles[each.id]: (each.kind.value, each.is_whole) for each in find_name_matches(request)}


def test_picture_that_both_find_precedes_those_that_one_finds() -> None:
    assert fuse([1, 2, 3], [[3, 4]]) == [3, 1, 2, 4]
    assert fuse([], [[5], [6]]) == [5, 6]
    assert fuse([1, 2], []) == [1, 2]


def test_name_that_few_pictures_have_counts_for_more() -> None:
    found = list(range(100))
    assert fuse(found, [[50]])[0] == 50
    assert fuse(found, [list(range(50, 250))])[0] == 0


def test_search_for_more_hits_begins_with_the_same_results() -> None:
    found, named = list(range(1000)), [[30, 500, 2000], [40]]
    whole = fuse(found, named)
    assert fuse(found[:FIRST_HITS], named) == whole[: FIRST_HITS + 2]
    assert sorted(whole) == [*range(1000), 2000]


@pytest.mark.parametrize(
    ("line", "matched"),
    [
        ("white dog", {"White dog": ("title", True), "Hund": ("tag", True)}),
        ("dog", {"White dog": ("title", True), "Hund": ("tag", True), "Dogma": ("title", False)}),
        ("garden", {"White dog": ("collection", False), "Hund": ("collection", False), "Dogma": ("collection", False)}),
        ("white dog -hund", {"White dog": ("title", True)}),
        ('-"white dog"', {}),
        ("white dog tag:white", {"Hund": ("tag", True)}),
    ],
)
def test_kinds_of_matching_names_are_distinguished(
    sample: SampleTeam, line: str, matched: dict[str, tuple[str, bool]]
) -> None:
    sample.image.delete()
    for title, tags in (("White dog", []), ("Hund", ["white", "dog"]), ("Dogma", [])):
        image = put_picture(sample.collection, sample.owner, f"{title}1.png", colour=(len(title), 1, 1), title=title)
        Image.objects.filter(pk=image.pk).update(tags=tags, original_name="1.png")
    assert find_names(sample, line) == matched


def test_picture_that_is_excluded_as_an_example_is_ranked_by_the_index_alone(sample: SampleTeam, drain: Drain) -> None:
    drain()
    assert find_names(sample, "rose") == {"": ("title", True)}
    assert find_names(sample, f"rose -like:{sample.image.pk}") == {}


def test_title_match_is_likely_among_pictures_that_are_not(sample: SampleTeam) -> None:
    made = index_matches_and_others(sample, matches=0, total=400)
    Image.objects.filter(pk=made.others[7].pk).update(title="White dog")
    results = search(sample, WORDS)
    assert (results.verdict, results.likely_count) == (Verdict.SPLIT, 1)
    first = results.ranked[0]
    assert (first.id, first.name_kind) == (made.others[7].pk, NameKind.TITLE)
    assert len(results.ranked) + results.hidden_count == 400


def test_title_match_without_a_vector_has_no_score(sample: SampleTeam) -> None:
    made = index_matches_and_others(sample, matches=30, total=400)
    new = put_picture(sample.collection, sample.owner, "white dog.png")
    results = search(sample, WORDS)
    assert results.likely_count == 31
    scores = {each.id: each.score for each in results.ranked}
    assert scores[new.pk] is None
    assert scores.keys() >= {image.pk for image in made.matches}


def test_public_link_finds_no_names(sample: SampleTeam, drain: Drain) -> None:
    drain()
    request = build_collection_request(collections=[sample.collection], parameters={"q": "rose"})
    assert find_name_matches(request) == []
    assert [each.name_kind for each in run_search(request).ranked] == [None]


def test_identical_copies_are_one_result(sample: SampleTeam, drain: Drain) -> None:
    other = create_collection(team=sample.owner.personal_team, name="Copies", creator=sample.owner)
    copy = put_picture(other, sample.owner, "copy.png", colour="red")
    put_picture(other, sample.owner, "other.png", colour="green")
    drain()
    for line in ("red", "format:png"):
        results = search(sample, line)
        assert len(results.ranked) == 2
        (stack,) = [each for each in results.ranked if each.copies]
        assert {stack.id, *stack.copies} == {sample.image.pk, copy.pk}


def test_copy_that_one_may_not_see_is_not_counted(sample: SampleTeam, drain: Drain) -> None:
    theirs = create_collection(team=sample.outsider.personal_team, name="Theirs", creator=sample.outsider)
    put_picture(theirs, sample.outsider, "copy.png", colour="red")
    drain()
    (only,) = search(sample, "red").ranked
    assert (only.id, only.copies) == (sample.image.pk, ())


@pytest.mark.parametrize("line", ["{words} like:{example}", "{words} -0.3:like:{example}", "{words} -night"])
def test_examples_and_exclusions_hide_nothing(sample: SampleTeam, line: str) -> None:
    made = index_matches_and_others(sample, matches=30, total=400)
    results = search(sample, line.format(words=WORDS, example=made.others[0].pk))
    assert (len(results.ranked), results.hidden_count) == (400, 0)
    assert search(sample, WORDS).hidden_count > 0


def test_index_is_searched_without_the_database(sample: SampleTeam, drain: Drain) -> None:
    drain()
    with CaptureQueriesContext(connection) as statements:
        assert search(sample, f"red like:{sample.image.pk}", wanted=24).ranked
    assert len(statements) <= 12
    is_started = Event()

    def list_connections() -> list[object]:
        is_started.set()
        return [each.connection for each in connections.all(initialized_only=True)]

    wait = background.start_work(list_connections)
    assert is_started.wait(30)  # work that has not begun is done by the thread that waits for it
    assert wait() in ([], [None])


def test_error_of_background_work_reaches_the_caller() -> None:
    def fail() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        background.start_work(fail)()
