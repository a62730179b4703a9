"""The recent searches on the search page, and what a person does with them."""

from collections.abc import Callable

import pytest
from django.test import Client

from collections_app.models import RecentSearch
from tests.sample_team import SampleTeam


@pytest.fixture(autouse=True)
def indexed(drain: Callable[[], None]) -> None:
    drain()


def stored_queries() -> list[str]:
    return list(RecentSearch.objects.order_by("pk").values_list("query", flat=True))


def test_recent_search_is_shown_on_the_empty_search_page(as_owner: Client, sample: SampleTeam) -> None:
    as_owner.get(f"/search/?q=a+red+rose&collection={sample.collection.pk}")
    page = as_owner.get("/search/").content.decode()
    assert f'href="/search/?collection={sample.collection.pk}&amp;q=a+red+rose"' in page
    assert "in Garden" in page


def test_searches_of_others_are_not_shown(as_owner: Client, as_viewer: Client) -> None:
    as_owner.get("/search/?q=secret")
    assert "secret" not in as_viewer.get("/search/").content.decode()


@pytest.mark.parametrize(
    "address", ["/search/?q=dog&page=2", "/search/?q=dog&rate=1", "/search/?q=dog&saved=1", "/search/?q="]
)
def test_repeated_search_is_not_stored_again(as_owner: Client, address: str) -> None:
    assert as_owner.get(address).status_code == 200
    assert stored_queries() == []


@pytest.mark.parametrize("header", [{"HX-Request": "true"}, {"Sec-Purpose": "prefetch;prerender"}])
def test_automatic_requests_are_not_stored(as_owner: Client, header: dict[str, str]) -> None:
    as_owner.get("/search/?q=dog", headers=header)
    assert stored_queries() == []


def test_head_request_is_not_stored(as_owner: Client) -> None:
    as_owner.head("/search/?q=dog")
    assert stored_queries() == []


@pytest.mark.usefixtures("broken_index")
def test_failed_search_is_not_stored(as_owner: Client) -> None:
    assert as_owner.get("/search/?q=dog").status_code == 503
    assert stored_queries() == []


def test_recent_searches_are_cleared(as_owner: Client) -> None:
    as_owner.get("/search/?q=dog")
    answer = as_owner.post("/searches/recent/clear/", follow=True)
    assert "Search history cleared." in answer.content.decode()
    assert stored_queries() == []


def test_history_can_be_disabled_and_enabled(as_owner: Client) -> None:
    as_owner.get("/search/?q=dog")
    page = as_owner.post("/searches/recent/off/", follow=True).content.decode()
    as_owner.get("/search/?q=dog")
    assert stored_queries() == []
    assert "Search history is off." in page
    as_owner.post("/searches/recent/on/")
    as_owner.get("/search/?q=dog")
    assert stored_queries() == ["q=dog"]


def test_markup_in_a_search_is_shown_as_text(as_owner: Client) -> None:
    as_owner.get("/search/", {"q": "'><script>alert(1)</script>"})
    page = as_owner.get("/search/").content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page
