"""Judging results: the mode, and its buttons."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from collections_app.models import RelevanceJudgment
from tests.sample_team import SampleTeam

if TYPE_CHECKING:
    from tests.views.doors import SearchResults


@pytest.fixture(autouse=True)
def indexed(drain: Callable[[], None]) -> None:
    drain()


def mark(client: Client, sample: SampleTeam, said: str, **headers: str) -> "SearchResults":
    sent = {"q": "Red rose", "is_right": said, "back": "q=Red+rose&judge=1&page=2"}
    return client.post(f"/images/{sample.image.pk}/mark/", sent, headers=headers)


def test_ordinary_results_have_no_buttons_to_judge(as_viewer: Client) -> None:
    page = as_viewer.get("/search/?q=red+rose").content.decode()
    assert "/mark/" not in page
    assert 'href="?q=red+rose&amp;judge=1"' in page


def test_judged_results_show_what_one_has_said(as_viewer: Client, sample: SampleTeam) -> None:
    mark(as_viewer, sample, "yes")
    page = as_viewer.get("/search/?q=red+rose&judge=1").content.decode()
    assert f'action="/images/{sample.image.pk}/mark/"' in page
    assert page.count('aria-pressed="true"') == 1
    assert 'value="q=red+rose&amp;judge=1"' in page


def test_marks_of_others_are_not_shown(as_viewer: Client, as_owner: Client, sample: SampleTeam) -> None:
    mark(as_owner, sample, "yes")
    assert 'aria-pressed="true"' not in as_viewer.get("/search/?q=red+rose&judge=1").content.decode()


def test_without_scripts_a_mark_leads_back_to_its_picture(as_viewer: Client, sample: SampleTeam) -> None:
    answer = mark(as_viewer, sample, "no")
    assert answer.headers["Location"] == f"/search/?q=Red+rose&judge=1&page=2#mark-{sample.image.pk}"
    assert RelevanceJudgment.objects.get().is_right is False


def test_htmx_gets_the_buttons_anew(as_viewer: Client, sample: SampleTeam) -> None:
    answer = mark(as_viewer, sample, "yes", **{"HX-Request": "true"}).content.decode()
    assert answer.lstrip().startswith("<form")
    assert 'value="" aria-pressed="true"' in answer
    assert 'value="no" aria-pressed="false"' in answer


def test_pressing_a_pressed_button_takes_the_mark_back(as_viewer: Client, sample: SampleTeam) -> None:
    mark(as_viewer, sample, "yes")
    mark(as_viewer, sample, "")
    assert not RelevanceJudgment.objects.exists()


def test_outsider_cannot_mark_a_picture(as_outsider: Client, sample: SampleTeam) -> None:
    assert mark(as_outsider, sample, "yes").status_code == 404
    assert not RelevanceJudgment.objects.exists()


@pytest.mark.parametrize("sent", [{}, {"q": "rose", "is_right": "perhaps"}, {"is_right": "yes"}])
def test_mark_that_says_nothing_is_refused(as_viewer: Client, sample: SampleTeam, sent: dict[str, str]) -> None:
    assert as_viewer.post(f"/images/{sample.image.pk}/mark/", sent).status_code == 400
    assert not RelevanceJudgment.objects.exists()


def test_judging_takes_at_most_one_statement_more(as_viewer: Client) -> None:
    with CaptureQueriesContext(connection) as shown:
        as_viewer.get("/search/?q=red&page=1")
    with CaptureQueriesContext(connection) as judged:
        as_viewer.get("/search/?q=red&page=1&judge=1")
    assert len(judged) <= len(shown) + 1
