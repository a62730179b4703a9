"""The suggestions that the search box loads, and their links on the empty search page."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from collections_app.models import Image, RecentSearch, SavedSearch
from collections_app.services.library.collections import create_collection
from tests.sample_team import SampleTeam, put_picture

pytestmark = pytest.mark.django_db

ADDRESS = "/search/suggestions/"
MAX_STATEMENTS = 8  # with the session and the account


def list_options(client: Client, text: str = "") -> list[tuple[str, str]]:
    """Return the address and the label of each option."""
    page = client.get(ADDRESS, {"q": text}).content.decode()
    return re.findall(r'role="option".*?href="([^"]*)".*?suggestion-label">(.*?)<', page, re.DOTALL)


def test_each_kind_leads_where_it_says(as_owner: Client, sample: SampleTeam) -> None:
    Image.objects.update(tags=["a rose"])
    RecentSearch.objects.create(user=sample.owner, query="q=red+rose")
    saved = SavedSearch.objects.create(maker=sample.owner, name="Roses", query="q=rose")
    assert list_options(as_owner) == [
        ("/search/?q=red+rose", "red rose"),
        (f"/searches/{saved.pk}/", "Roses"),
        (f"/collections/{sample.collection.pk}/", "Garden"),
        ("/search/?q=by%3Aowner", "owner"),
        ("/search/?q=tag%3A%22a+rose%22", "a rose"),
    ]


def test_collection_after_other_words_is_searched(as_owner: Client, sample: SampleTeam) -> None:
    assert list_options(as_owner, "white gar") == [("/search/?q=white+in%3AGarden", "Search in Garden")]
    assert 'data-text="white in:Garden"' in as_owner.get(ADDRESS, {"q": "white gar"}).content.decode()


def test_names_are_escaped(as_owner: Client, sample: SampleTeam) -> None:
    Image.objects.update(tags=['<b title="x">'])
    create_collection(team=sample.team, name="<script>", creator=sample.owner)
    RecentSearch.objects.create(user=sample.owner, query="q=%3Cimg+src%3Dx%3E")
    page = as_owner.get(ADDRESS).content.decode()
    assert not re.search(r"<(b|script|img)\b", page)
    assert "&lt;b title=" in page
    assert "&lt;script&gt;" in page
    assert "&lt;img src=x&gt;" in page


def test_count_is_told_to_screen_readers(as_owner: Client) -> None:
    assert 'data-total="1 suggestion"' in as_owner.get(ADDRESS, {"q": "garden"}).content.decode()


def count_statements(client: Client, text: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert client.get(ADDRESS, {"q": text}).status_code == 200
    return len(queries)


@pytest.mark.parametrize("text", ["", "red", "tag:r"])
def test_statements_do_not_depend_on_the_number_of_names(text: str, as_owner: Client, sample: SampleTeam) -> None:
    before = count_statements(as_owner, text)
    for number in range(9):
        own = create_collection(team=sample.team, name=f"Red {number}", creator=sample.owner)
        image = put_picture(own, sample.owner, f"{number}.png", colour=(number, 0, 0))
        Image.objects.filter(pk=image.pk).update(tags=[f"red {number}"])
        RecentSearch.objects.create(user=sample.owner, query=f"collection={own.pk}&q=red+{number}")
        SavedSearch.objects.create(maker=sample.owner, name=f"Red {number}", query="q=red")
    assert count_statements(as_owner, text) == before <= MAX_STATEMENTS


@pytest.mark.parametrize("text", ["x" * 5000, "\0", "tag:", 'tag:"', "- -", "∞:∞", "in:" * 200, " ".join("ab" * 200)])
def test_any_text_is_accepted(text: str, as_owner: Client) -> None:
    assert as_owner.get(ADDRESS, {"q": text}).status_code == 200


def test_empty_search_page_links_to_the_same(as_owner: Client, sample: SampleTeam) -> None:
    Image.objects.update(tags=["a rose"])
    saved = SavedSearch.objects.create(maker=sample.owner, name="Roses", query="q=rose")
    page = as_owner.get("/search/").content.decode()
    links = page[page.index('class="suggestion-links"') :]
    for address in (
        f"/searches/{saved.pk}/",
        f"/collections/{sample.collection.pk}/",
        "/search/?q=by%3Aowner",
        "/search/?q=tag%3A%22a+rose%22",
    ):
        assert f'href="{address}"' in links


def test_public_search_box_suggests_nothing(client: Client, as_owner: Client, sample: SampleTeam) -> None:
    as_owner.post(f"/collections/{sample.collection.pk}/links/new/", {"expires": "never"})
    link = sample.collection.public_links.first()
    assert link
    assert 'id="search-box"' in (page := client.get(f"/s/{link.secret}/").content.decode())
    assert "data-suggestions" not in page
    assert 'data-suggestions="/search/suggestions/"' in as_owner.get("/").content.decode()
