"""Error pages."""

from django.test import Client, RequestFactory
from django.urls import get_resolver

from collections_app.refusals import Refusal, render_refusal
from collections_app.views.refusals import respond_too_many_requests
from tests.sample_team import SampleTeam


def test_page_without_navigation_reads_no_session_and_no_database(rf: RequestFactory) -> None:
    refusal = Refusal(status=400, code="bad_request", sentence="Try again.")
    page = render_refusal(rf.get("/"), refusal).content.decode()
    assert "css/tokens.css" in page
    assert "Try again." in page
    assert "Sign in" not in page


def test_limit_of_allauth_shows_the_page_of_the_site(rf: RequestFactory) -> None:
    assert get_resolver().resolve_error_handler(429) is respond_too_many_requests


def test_unknown_address_is_a_404_in_our_layout(as_owner: Client, sample: SampleTeam) -> None:
    answer = as_owner.get("/nowhere/")
    assert answer.status_code == 404
    assert b"Page not found" in answer.content


def test_every_page_forbids_inline_scripts_and_styles(as_owner: Client, sample: SampleTeam) -> None:
    for address in (
        "/",
        "/search/",
        "/upload/",
        f"/images/{sample.image.pk}/",
        f"/collections/{sample.collection.pk}/",
    ):
        answer = as_owner.get(address)
        assert "unsafe-inline" not in answer.headers["Content-Security-Policy"]
        assert " style=" not in answer.content.decode()
        assert "<style" not in answer.content.decode()
