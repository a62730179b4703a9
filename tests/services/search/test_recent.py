"""Recent searches: the last twenty different ones, of one person alone, unless they do not want it."""

from collections.abc import Callable

import pytest
from django.db import OperationalError, connection
from django.http import QueryDict

from collections_app.models import RecentSearch, User
from collections_app.services.search.recent import (
    MAX_RECENT,
    clear_recent_searches,
    delete_older_searches,
    list_recent_searches,
    normalize_query_string,
    remember_search,
    set_search_history,
)
from tests.sample_team import SampleTeam

pytestmark = pytest.mark.django_db


def search(user: User, *queries: str) -> None:
    for query in queries:
        remember_search(user=user, parameters=QueryDict(query))


def listed_queries(user: User) -> list[str]:
    return [each.query for each in list_recent_searches(user)]


def test_latest_search_comes_first(sample: SampleTeam) -> None:
    search(sample.owner, "q=dog", "q=cat")
    assert listed_queries(sample.owner) == ["q=cat", "q=dog"]


def test_repeated_search_is_stored_once_and_comes_first(sample: SampleTeam) -> None:
    search(sample.owner, "q=dog&collection=3", "q=cat", "collection=3&q=dog&team=&page=2")
    assert listed_queries(sample.owner) == ["collection=3&q=dog", "q=cat"]


def test_only_the_last_twenty_are_stored(sample: SampleTeam) -> None:
    search(sample.owner, *(f"q={number}" for number in range(MAX_RECENT + 5)))
    assert listed_queries(sample.owner) == [f"q={number}" for number in reversed(range(5, MAX_RECENT + 5))]
    delete_older_searches()
    assert RecentSearch.objects.count() == MAX_RECENT
    assert listed_queries(sample.owner) == [f"q={number}" for number in reversed(range(5, MAX_RECENT + 5))]


def test_recent_searches_are_private(sample: SampleTeam) -> None:
    search(sample.owner, "q=dog")
    search(sample.viewer, *(f"q={number}" for number in range(MAX_RECENT)))
    assert listed_queries(sample.owner) == ["q=dog"]
    assert listed_queries(sample.outsider) == []


def test_clearing_deletes_only_one_s_own_searches(sample: SampleTeam) -> None:
    search(sample.owner, "q=dog")
    search(sample.viewer, "q=cat")
    clear_recent_searches(user=sample.owner)
    assert (listed_queries(sample.owner), listed_queries(sample.viewer)) == ([], ["q=cat"])


def test_disabling_history_deletes_it_and_stores_nothing(sample: SampleTeam) -> None:
    search(sample.owner, "q=dog")
    set_search_history(user=sample.owner, is_on=False)
    search(User.objects.get(pk=sample.owner.pk), "q=cat")
    assert not RecentSearch.objects.exists()
    set_search_history(user=sample.owner, is_on=True)
    search(User.objects.get(pk=sample.owner.pk), "q=cat")
    assert listed_queries(sample.owner) == ["q=cat"]


@pytest.mark.parametrize("query", ["", "q=", "q=%20&page=3", "q=" + "a" * 5000])
def test_empty_and_overlong_queries_are_not_stored(sample: SampleTeam, query: str) -> None:
    search(sample.owner, query)
    assert listed_queries(sample.owner) == []


@pytest.mark.parametrize("query", ["q=%00", "q=%FF%FE", "q=%ED%A0%80", "q=🐶", "q=a%26b%3Dc", "q=a&q=b"])
def test_unusual_queries_are_stored_unchanged(sample: SampleTeam, query: str) -> None:
    search(sample.owner, query)
    (kept,) = list_recent_searches(sample.owner)
    assert kept.parameters == QueryDict(query)


def test_stored_query_excludes_display_options() -> None:
    parameters = QueryDict("page=2&q=dog&rate=1&saved=3&tag=b&tag=a&csrfmiddlewaretoken=x&empty=")
    assert normalize_query_string(parameters) == "q=dog&tag=a&tag=b"


def test_collection_is_named_only_to_people_who_may_see_it(sample: SampleTeam) -> None:
    for query in (f"q=dog&collection={sample.collection.pk}", f"q=dog&team={sample.team.pk}", "q=dog&collection=x"):
        search(sample.viewer, query)
        search(sample.outsider, query)
    assert [each.scope_name for each in list_recent_searches(sample.viewer)] == ["", "Gardeners", "Garden"]
    assert [each.scope_name for each in list_recent_searches(sample.outsider)] == ["", "", ""]


def test_number_of_statements_does_not_grow_with_the_searches(
    sample: SampleTeam, django_assert_num_queries: Callable[..., object]
) -> None:
    search(sample.owner, *(f"q={number}&collection={number}" for number in range(MAX_RECENT)))
    with django_assert_num_queries(3):  # type: ignore[attr-defined]
        list_recent_searches(sample.owner)


def test_storing_takes_one_statement(sample: SampleTeam, django_assert_num_queries: Callable[..., object]) -> None:
    with django_assert_num_queries(1):  # type: ignore[attr-defined]
        search(sample.owner, "q=dog")


@pytest.mark.django_db(transaction=True)
def test_search_succeeds_when_it_cannot_be_stored(sample: SampleTeam) -> None:
    def locked(_go_on: object, sql: str, *_: object) -> None:
        raise OperationalError("database is locked")

    with connection.execute_wrapper(locked):
        search(sample.owner, "q=dog")
    assert listed_queries(sample.owner) == []


def test_deleted_account_leaves_no_searches(sample: SampleTeam) -> None:
    search(sample.owner, "q=dog")
    sample.owner.delete()
    assert not RecentSearch.objects.exists()
