"""A search that cannot be understood finds nothing and says why, also for conditions drawn at random."""

from collections.abc import Sequence

import pytest
from django.core.management import CommandError, call_command
from django.http import QueryDict
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collections_app.errors import SearchNotUnderstood
from collections_app.models import Collection, Image, SavedSearch
from collections_app.services.indexing.worker import IndexWorker
from collections_app.services.library.collections import create_collection
from collections_app.services.library.trash import trash_collection
from collections_app.services.search.fusion import find_name_matches
from collections_app.services.search.request import (
    SearchRequest,
    build_collection_request,
    parse_search_request,
    require_understood,
)
from collections_app.services.search.results import run_search
from collections_app.services.search.saved import count_new_matches, record_visit, save_search
from tests.sample_team import SampleTeam, put_picture

BROKEN = [
    *("in:Gardn", "-in:Gardn", "team:Gardenners", "by:nobody", "is:panorama", "sort:colour", "format:docx", "min:big"),
    *("before:foo", "size:x", "foo:bar", "tag:", "in:", "0:dog", "99:dog", "like:dog", "like:999999", "like:"),
    *('in:"Garden', 'red " in:Garden', "by:nobody by:me", "in:Garden in:Gardn", "-by:me", "in : Garden"),
    "like:x0123456789abcdef",
]
SENT = [
    *("collection=999999", "collection=abc", "collection=%20", "team=999999", "team=x", "page=abc", "offset=-1"),
    *("cutoffs=1", "cutoffs=nan_1", "all=0", "all=", "titles=2", "show=some", "like=dog", "like=999999", "in=Gardn"),
    *("by=nobody", "tag=sea&tag=&is=panorama", "sort=colour", "collection=1&collection=2", "q=a&q=b"),
    "q=" + "dog+" * 200,
]


@pytest.fixture
def garden(sample: SampleTeam) -> SampleTeam:
    put_picture(sample.collection, sample.owner, "red.png", colour="red", title="Red dog")
    IndexWorker().drain()
    return sample


def parse(sample: SampleTeam, query_string: str) -> SearchRequest:
    return parse_search_request(user=sample.owner, parameters=QueryDict(query_string))


def assert_finds_nothing(request: SearchRequest) -> None:
    assert request.problems
    assert all(str(problem) for problem in request.problems)
    assert not run_search(request).ranked
    assert not find_name_matches(request)
    assert not request.scope.images.exists()
    with pytest.raises(SearchNotUnderstood):
        require_understood(request)


@pytest.mark.parametrize("condition", BROKEN)
@pytest.mark.parametrize("words", ["", "red "])
def test_broken_condition_finds_nothing_and_says_why(garden: SampleTeam, words: str, condition: str) -> None:
    assert_finds_nothing(parse_search_request(user=garden.owner, parameters={"q": f"{words}{condition}"}))


@pytest.mark.parametrize("sent", SENT)
def test_broken_parameter_finds_nothing_and_says_why(garden: SampleTeam, sent: str) -> None:
    assert_finds_nothing(parse(garden, sent if "q=" in sent else f"q=red&{sent}"))


PARTS = st.lists(st.sampled_from(["red", "dog", "by:me", "in:Garden", "-snow", "2:rose", "tag:sea", "landscape"]))


@given(before=PARTS, broken=st.sampled_from(BROKEN), after=PARTS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_query_with_a_broken_condition_finds_a_picture(
    garden: SampleTeam, before: Sequence[str], broken: str, after: Sequence[str]
) -> None:
    line = " ".join([*before, broken, *after])
    assert_finds_nothing(parse_search_request(user=garden.owner, parameters={"q": line}))


@pytest.mark.parametrize(
    ("line", "meant"),
    [("in:Gardn", "Garden"), ("team:gardners", "Gardeners"), ("by:ownr", "owner"), ("is:landscap", "landscape")],
)
def test_near_name_is_suggested(garden: SampleTeam, line: str, meant: str) -> None:
    (problem,) = parse_search_request(user=garden.owner, parameters={"q": line}).problems
    assert f"Did you mean “{meant}”?" in problem.sentence


def test_only_visible_names_are_suggested(garden: SampleTeam) -> None:
    for line in ("in:Gardn", "team:gardners", "by:ownr"):
        (problem,) = parse_search_request(user=garden.outsider, parameters={"q": line}).problems
        assert "mean" not in problem.sentence


def test_collection_outside_the_named_team_finds_nothing(garden: SampleTeam) -> None:
    sent = f"q=red&collection={garden.collection.pk}&team={garden.owner.personal_team.pk}"
    request = parse(garden, sent)
    assert not request.problems
    assert not run_search(request).ranked


def test_search_in_a_terminal_fails_with_the_sentence(garden: SampleTeam) -> None:
    with pytest.raises(CommandError, match=r"No collection named “Gardn” found\. Did you mean “Garden”"):
        call_command("search", "red in:Gardn", "--user", garden.owner.email)


@pytest.mark.parametrize("line", ["in:Garden red", "like:1", "by:me", "foo:bar", 'red "', "0:red", "x" * 600])
def test_public_link_refuses_what_it_does_not_understand(garden: SampleTeam, line: str) -> None:
    request = build_collection_request(collections=[garden.collection], parameters={"q": line})
    assert_finds_nothing(request)


@pytest.mark.parametrize("line", ["red", "red -blue", "2:red + dog", "portrait", "a portrait"])
def test_public_link_understands_words(garden: SampleTeam, line: str) -> None:
    request = build_collection_request(collections=[garden.collection], parameters={"q": line})
    assert request.problems == []
    assert run_search(request).ranked


def test_saved_search_whose_collection_was_deleted_has_no_new_matches(garden: SampleTeam) -> None:
    summer: Collection = create_collection(team=garden.team, name="Summer", creator=garden.owner)
    search = save_search(maker=garden.owner, name="Red", query="q=red+in%3ASummer")
    trash_collection(collection=summer, trasher=garden.owner)
    record_visit(search=search, viewer=garden.owner)
    Image.objects.update(created_at="2999-01-01T00:00:00Z")
    with pytest.raises(SearchNotUnderstood, match="Summer"):
        count_new_matches(search=search, viewer=garden.owner)


def test_broken_search_is_not_saved(garden: SampleTeam) -> None:
    with pytest.raises(SearchNotUnderstood):
        save_search(maker=garden.owner, name="Red", query="q=red+in%3AGardn")
    assert not SavedSearch.objects.exists()
