"""Further pages of results in a large scope. The index is searched for them only when someone scrolls."""

import pytest
from django.test import Client

from collections_app.models import Image
from collections_app.services.search.request import parse_search_request
from collections_app.services.search.results import run_search
from tests.sample_team import SampleTeam
from tests.services.search.test_results import WORDS, index_matches_and_others
from tests.services.search.test_samples import mark_indexed
from tests.views.search.test_results import shown

TOTAL = 2500


def load_pages(client: Client, query: str) -> list[list[int]]:
    """Return the pictures of the first page and of those that scrolling loads."""
    answer = client.get("/search/", {"q": query})
    pages, page = [shown(answer.content.decode())], answer.context["results_page"]
    while page.next_query:
        answer = client.get(f"/search/?{page.next_query}", headers={"HX-Request": "true"})
        page = answer.context["page"]
        pages.append(shown(answer.content.decode()))
    return pages


@pytest.mark.parametrize("matches", [170, 230])
def test_scrolling_shows_each_result_once_and_in_order(sample: SampleTeam, as_owner: Client, matches: int) -> None:
    index_matches_and_others(sample, matches=matches, total=TOTAL)
    mark_indexed()
    everything = run_search(parse_search_request(user=sample.owner, parameters={"q": WORDS}))
    pages = load_pages(as_owner, WORDS)
    assert [pk for page in pages for pk in page] == [each.id for each in everything.ranked]
    assert everything.likely_count == matches
    assert all(pages)


def test_page_states_what_it_has_counted(sample: SampleTeam, as_owner: Client) -> None:
    index_matches_and_others(sample, matches=170, total=TOTAL)
    mark_indexed()
    page = " ".join(as_owner.get("/search/", {"q": WORDS}).content.decode().split())
    assert "170 likely · 30+ possible" in page
    assert "Select all, up to 1,000" in page
    assert "unlikely" not in page.lower()


def test_unlikely_pictures_are_not_counted_if_the_index_left_some_out(sample: SampleTeam, as_owner: Client) -> None:
    index_matches_and_others(sample, matches=30, total=TOTAL)
    mark_indexed()
    answer = as_owner.get("/search/", {"q": WORDS})
    page = " ".join(answer.content.decode().split())
    assert "30 likely" in page
    assert "Unlikely pictures are hidden." in page
    assert f"Select all {len(answer.context['results'].ranked)}" in page


def test_results_are_counted_if_they_nearly_fill_a_search(sample: SampleTeam, as_owner: Client) -> None:
    made = index_matches_and_others(sample, matches=190, total=TOTAL)
    mark_indexed()
    page = as_owner.get("/search/", {"q": f"{WORDS} in:Matches", "all": "1"}).content.decode()
    assert f"Select all {len(made.matches)}" in " ".join(page.split())


def test_all_pictures_of_a_large_scope_are_not_counted(sample: SampleTeam, as_owner: Client) -> None:
    index_matches_and_others(sample, matches=0, total=TOTAL)
    mark_indexed()
    page = " ".join(as_owner.get("/search/", {"q": WORDS, "all": "1"}).content.decode().split())
    assert "more than 200 pictures, best match first" in page


def test_pages_continue_behind_pictures_that_are_no_longer_visible(sample: SampleTeam, as_owner: Client) -> None:
    made = index_matches_and_others(sample, matches=300, total=TOTAL)
    mark_indexed()
    hidden = [image.pk for image in made.matches[20:180]]
    Image.objects.filter(pk__in=hidden).record_index_state(trashed_at=made.matches[0].created_at)
    pages = load_pages(as_owner, WORDS)
    seen = [pk for page in pages for pk in page]
    assert len(seen) == len(set(seen))
    assert not set(seen) & set(hidden)
    assert {image.pk for image in made.matches} - set(hidden) <= set(seen)
