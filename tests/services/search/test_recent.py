"""Recent searches: the last twenty different ones, of one person alone, unless they do not want it."""

from collections.abc import Callable

import pytest
from django.db import OperationalError, connection
from django.http import QueryDict

from collections_app.models import RecentSearch, User
from collections_app.services.search.recent import (
    MOST,
    clear_recent_searches,
    forget_older_searches,
    query_of,
    recent_searches,
    remember_search,
    remember_searches,
)
from tests.sample_team import SampleTeam

pytestmark = pytest.mark.django_db


def search(user: User, *queries: str) -> None:
    for query in queries:
        remember_search(user=user, asked=QueryDict(query))


def remembered(user: User) -> list[str]:
    return [each.query for each in recent_searches(user)]


def test_latest_search_comes_first(sample: SampleTeam) -> None:
    search(sample.owner, "q=dog", "q=cat")
    assert remembered(sample.owner) == ["q=cat", "q=dog"]


def test_same_search_is_kept_once_and_comes_first_again(sample: SampleTeam) -> None:
    search(sample.owner, "q=dog&collection=3", "q=cat", "collection=3&q=dog&team=&page=2")
    assert remembered(sample.owner) == ["collection=3&q=dog", "q=cat"]


def test_only_the_last_twenty_are_kept(sample: SampleTeam) -> None:
    search(sample.owner, *(f"q={number}" for number in range(MOST + 5)))
    assert remembered(sample.owner) == [f"q={number}" for number in reversed(range(5, MOST + 5))]
    forget_older_searches()
    assert RecentSearch.objects.count() == MOST
    assert remembered(sample.owner) == [f"q={number}" for number in reversed(range(5, MOST + 5))]


def test_nobody_else_has_them(sample: SampleTeam) -> None:
    search(sample.owner, "q=dog")
    search(sample.viewer, *(f"q={number}" for number in range(MOST)))
    assert remembered(sample.owner) == ["q=dog"]
    assert remembered(sample.outsider) == []


def test_clearing_forgets_ones_own(sample: SampleTeam) -> None:
    search(sample.owner, "q=dog")
    search(sample.viewer, "q=cat")
    clear_recent_searches(user=sample.owner)
    assert (remembered(sample.owner), remembered(sample.viewer)) == ([], ["q=cat"])


def test_who_does_not_want_it_is_forgotten_at_once_and_not_remembered(sample: SampleTeam) -> None:
    search(sample.owner, "q=dog")
    remember_searches(user=sample.owner, wanted=False)
    search(User.objects.get(pk=sample.owner.pk), "q=cat")
    assert not RecentSearch.objects.exists()
    remember_searches(user=sample.owner, wanted=True)
    search(User.objects.get(pk=sample.owner.pk), "q=cat")
    assert remembered(sample.owner) == ["q=cat"]


@pytest.mark.parametrize("query", ["", "q=", "q=%20&page=3", "q=" + "a" * 5000])
def test_nothing_and_what_is_too_long_are_not_remembered(sample: SampleTeam, query: str) -> None:
    search(sample.owner, query)
    assert remembered(sample.owner) == []


@pytest.mark.parametrize("query", ["q=%00", "q=%FF%FE", "q=%ED%A0%80", "q=🐶", "q=a%26b%3Dc", "q=a&q=b"])
def test_odd_queries_are_remembered_as_they_were_asked(sample: SampleTeam, query: str) -> None:
    search(sample.owner, query)
    (kept,) = recent_searches(sample.owner)
    assert kept.asked == QueryDict(query)


def test_query_names_what_is_asked_and_not_how_it_is_shown() -> None:
    asked = QueryDict("page=2&q=dog&judge=1&saved=3&tag=b&tag=a&csrfmiddlewaretoken=x&empty=")
    assert query_of(asked) == "q=dog&tag=a&tag=b"


def test_place_is_named_to_who_may_see_it(sample: SampleTeam) -> None:
    for query in (f"q=dog&collection={sample.collection.pk}", f"q=dog&team={sample.team.pk}", "q=dog&collection=x"):
        search(sample.viewer, query)
        search(sample.outsider, query)
    assert [each.place for each in recent_searches(sample.viewer)] == ["", "Gardeners", "Garden"]
    assert [each.place for each in recent_searches(sample.outsider)] == ["", "", ""]


def test_number_of_statements_does_not_grow_with_the_searches(
    sample: SampleTeam, django_assert_num_queries: Callable[..., object]
) -> None:
    search(sample.owner, *(f"q={number}&collection={number}" for number in range(MOST)))
    with django_assert_num_queries(3):  # type: ignore[attr-defined]
        recent_searches(sample.owner)


def test_remembering_takes_one_statement(sample: SampleTeam, django_assert_num_queries: Callable[..., object]) -> None:
    with django_assert_num_queries(1):  # type: ignore[attr-defined]
        search(sample.owner, "q=dog")


@pytest.mark.django_db(transaction=True)
def test_search_does_not_fail_where_it_cannot_be_remembered(sample: SampleTeam) -> None:
    def locked(_go_on: object, sql: str, *_: object) -> None:
        raise OperationalError("database is locked")

    with connection.execute_wrapper(locked):
        search(sample.owner, "q=dog")
    assert remembered(sample.owner) == []


def test_deleted_account_leaves_none(sample: SampleTeam) -> None:
    search(sample.owner, "q=dog")
    sample.owner.delete()
    assert not RecentSearch.objects.exists()
