"""Error pages."""

import pytest
from django.template.loader import render_to_string
from django.test import Client

from tests.sample_team import SampleTeam


@pytest.mark.parametrize("name", ["400.html", "403_csrf.html", "500.html"])
def test_error_page_needs_nothing_but_its_template(name: str) -> None:
    page = render_to_string(name)
    assert "css/tokens.css" in page
    assert "Sign in" not in page


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
