"""Judging results: the mode, and its buttons."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from collections_app.models import Mark
from tests.house import House

if TYPE_CHECKING:
    from tests.views.doors import Answer


@pytest.fixture(autouse=True)
def indexed(drain: Callable[[], None]) -> None:
    drain()


def mark(client: Client, house: House, said: str, **headers: str) -> "Answer":
    sent = {"q": "Red rose", "is_right": said, "back": "q=Red+rose&judge=1&page=2"}
    return client.post(f"/images/{house.image.pk}/mark/", sent, headers=headers)


def test_ordinary_results_have_no_buttons_to_judge(as_viewer: Client) -> None:
    page = as_viewer.get("/search/?q=red+rose").content.decode()
    assert "/mark/" not in page
    assert 'href="?q=red+rose&amp;judge=1"' in page


def test_judged_results_show_what_one_has_said(as_viewer: Client, house: House) -> None:
    mark(as_viewer, house, "yes")
    page = as_viewer.get("/search/?q=red+rose&judge=1").content.decode()
    assert f'action="/images/{house.image.pk}/mark/"' in page
    assert page.count('aria-pressed="true"') == 1
    assert 'value="q=red+rose&amp;judge=1"' in page


def test_marks_of_others_are_not_shown(as_viewer: Client, as_owner: Client, house: House) -> None:
    mark(as_owner, house, "yes")
    assert 'aria-pressed="true"' not in as_viewer.get("/search/?q=red+rose&judge=1").content.decode()


def test_without_scripts_a_mark_leads_back_to_its_picture(as_viewer: Client, house: House) -> None:
    answer = mark(as_viewer, house, "no")
    assert answer.headers["Location"] == f"/search/?q=Red+rose&judge=1&page=2#mark-{house.image.pk}"
    assert Mark.objects.get().is_right is False


def test_htmx_gets_the_buttons_anew(as_viewer: Client, house: House) -> None:
    answer = mark(as_viewer, house, "yes", **{"HX-Request": "true"}).content.decode()
    assert answer.lstrip().startswith("<form")
    assert 'value="" aria-pressed="true"' in answer
    assert 'value="no" aria-pressed="false"' in answer


def test_pressing_a_pressed_button_takes_the_mark_back(as_viewer: Client, house: House) -> None:
    mark(as_viewer, house, "yes")
    mark(as_viewer, house, "")
    assert not Mark.objects.exists()


def test_outsider_cannot_mark_a_picture(as_outsider: Client, house: House) -> None:
    assert mark(as_outsider, house, "yes").status_code == 404
    assert not Mark.objects.exists()


@pytest.mark.parametrize("sent", [{}, {"q": "rose", "is_right": "perhaps"}, {"is_right": "yes"}])
def test_mark_that_says_nothing_is_refused(as_viewer: Client, house: House, sent: dict[str, str]) -> None:
    assert as_viewer.post(f"/images/{house.image.pk}/mark/", sent).status_code == 400
    assert not Mark.objects.exists()


def test_judging_takes_at_most_one_statement_more(as_viewer: Client) -> None:
    with CaptureQueriesContext(connection) as shown:
        as_viewer.get("/search/?q=red&page=1")
    with CaptureQueriesContext(connection) as judged:
        as_viewer.get("/search/?q=red&page=1&judge=1")
    assert len(judged) <= len(shown) + 1
