"""The search page comes in two goes: what stands around the answer when the index has answered, then the rest."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client

from collections_app.models import RecentSearch
from tests.sample_team import SampleTeam

TILE = "data-image-id"
ROWS = '"collections_app_image"."id" IN'


@pytest.fixture
def browser(sample: SampleTeam, drain: Callable[[], None]) -> Client:
    """It reads no more of an answer than it is told to."""
    drain()
    client = Client()
    client.force_login(sample.owner)
    return client


def parts_of(browser: Client, line: str = "red") -> Iterator[str]:
    answer: Any = browser.get("/search/", {"q": line})
    assert answer.streaming
    assert answer.status_code == 200
    return (part.decode() for part in answer)


def failing(statement: str) -> Callable[..., Any]:
    def execute(go_on: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if statement in sql:
            raise OperationalError("the connection is lost")
        return go_on(sql, params, many, context)

    return execute


def test_what_stands_around_the_answer_comes_first(browser: Client) -> None:
    before, answer, after = parts_of(browser)
    assert before.startswith("<!doctype html>")
    assert 'id="search-box"' in before
    assert TILE not in before + after
    assert TILE in answer
    assert after.rstrip().endswith("</html>")


def test_the_first_part_waits_for_no_row_of_the_answer(browser: Client) -> None:
    with connection.execute_wrapper(failing(ROWS)):
        assert 'id="search-box"' in next(parts_of(browser))


def test_what_people_write_does_not_divide_the_page(browser: Client) -> None:
    before, answer, after = parts_of(browser, "<!-- answer -->")
    assert "&lt;!-- answer --&gt;" in before
    assert TILE in answer
    assert "<!-- answer -->" not in before + answer + after


def test_an_answer_that_breaks_off_says_so_and_the_page_ends_as_it_should(browser: Client) -> None:
    parts = parts_of(browser)
    next(parts)
    with connection.execute_wrapper(failing(ROWS)):
        answer, after = parts
    assert "Search does not work just now" in answer
    assert TILE not in answer
    assert after.rstrip().endswith("</html>")


def test_a_search_that_nobody_waited_for_is_not_remembered(browser: Client) -> None:
    parts = parts_of(browser)
    next(parts)
    assert not RecentSearch.objects.exists()
    assert len(list(parts)) == 2
    assert RecentSearch.objects.exists()


def test_messages_and_the_forms_cookie_come_with_the_first_part(browser: Client) -> None:
    browser.post("/searches/recent/off/", follow=False)
    answer: Any = browser.get("/search/", {"q": "red"})
    assert "csrftoken" in answer.cookies
    assert "no more of them are remembered" in next(iter(answer)).decode()
    assert "no more of them are remembered" not in b"".join(browser.get("/search/", {"q": "red"})).decode()
