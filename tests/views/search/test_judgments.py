"""Rating results: the page and its buttons."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from collections_app.models import RelevanceJudgment
from tests.sample_team import SampleTeam

if TYPE_CHECKING:
    from tests.views.sign_in_steps import Response


@pytest.fixture(autouse=True)
def indexed(drain: Callable[[], None]) -> None:
    drain()


def rate(client: Client, sample: SampleTeam, said: str, **headers: str) -> "Response":
    sent = {"q": "Red rose", "is_right": said, "back": "q=Red+rose&rate=1&page=2"}
    return client.post(f"/images/{sample.image.pk}/judgment/", sent, headers=headers)


def test_ordinary_results_have_no_rating_buttons(as_viewer: Client) -> None:
    page = as_viewer.get("/search/?q=red+rose").content.decode()
    assert "/judgment/" not in page
    assert 'href="?q=red+rose&amp;rate=1"' in page


def test_rated_results_show_own_ratings(as_viewer: Client, sample: SampleTeam) -> None:
    rate(as_viewer, sample, "yes")
    page = as_viewer.get("/search/?q=red+rose&rate=1").content.decode()
    assert f'action="/images/{sample.image.pk}/judgment/"' in page
    assert page.count('aria-pressed="true"') == 1
    assert 'value="q=red+rose&amp;rate=1"' in page


def test_ratings_of_others_are_not_shown(as_viewer: Client, as_owner: Client, sample: SampleTeam) -> None:
    rate(as_owner, sample, "yes")
    assert 'aria-pressed="true"' not in as_viewer.get("/search/?q=red+rose&rate=1").content.decode()


def test_rating_without_scripts_returns_to_its_picture(as_viewer: Client, sample: SampleTeam) -> None:
    answer = rate(as_viewer, sample, "no")
    assert answer.headers["Location"] == f"/search/?q=Red+rose&rate=1&page=2#rating-{sample.image.pk}"
    assert RelevanceJudgment.objects.get().is_right is False


def test_htmx_gets_the_changed_buttons(as_viewer: Client, sample: SampleTeam) -> None:
    answer = rate(as_viewer, sample, "yes", **{"HX-Request": "true"}).content.decode()
    assert answer.lstrip().startswith("<form")
    buttons = " ".join(answer.split())
    assert 'value="" aria-pressed="true"' in buttons
    assert 'value="no" aria-pressed="false"' in buttons


def test_pressing_a_pressed_button_removes_the_rating(as_viewer: Client, sample: SampleTeam) -> None:
    rate(as_viewer, sample, "yes")
    rate(as_viewer, sample, "")
    assert not RelevanceJudgment.objects.exists()


def test_outsider_cannot_rate_a_picture(as_outsider: Client, sample: SampleTeam) -> None:
    assert rate(as_outsider, sample, "yes").status_code == 404
    assert not RelevanceJudgment.objects.exists()


@pytest.mark.parametrize("sent", [{}, {"q": "rose", "is_right": "perhaps"}, {"is_right": "yes"}])
def test_incomplete_rating_is_refused(as_viewer: Client, sample: SampleTeam, sent: dict[str, str]) -> None:
    assert as_viewer.post(f"/images/{sample.image.pk}/judgment/", sent).status_code == 400
    assert not RelevanceJudgment.objects.exists()


def test_rating_takes_at_most_one_more_statement(as_viewer: Client) -> None:
    with CaptureQueriesContext(connection) as shown:
        as_viewer.get("/search/?q=red&page=1")
    with CaptureQueriesContext(connection) as judged:
        as_viewer.get("/search/?q=red&page=1&rate=1")
    assert len(judged) <= len(shown) + 1
