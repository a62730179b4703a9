"""Saved searches: their pages."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from collections_app.models import SavedSearch, SearchVisit
from collections_app.services.search.saved import save_search, share_search
from tests.sample_team import SampleTeam, put_pictures


@pytest.fixture
def saved(sample: SampleTeam, drain: Callable[[], None]) -> SavedSearch:
    """The viewer's, shared with the team."""
    drain()
    search = save_search(maker=sample.viewer, name="My blues", query="q=blue+sky")
    share_search(search=search, team=sample.team)
    search.refresh_from_db()
    return search


def save(client: Client, name: str = "Blues", query: str = "q=blue&page=3") -> str:
    return client.post("/searches/save/", {"name": name, "query": query}).headers["Location"]


def test_results_can_be_saved_and_opened_again(as_owner: Client, drain: Callable[[], None]) -> None:
    drain()
    page = as_owner.get("/search/?q=blue&page=1").content.decode()
    assert '<input type="hidden" name="query" value="q=blue">' in page
    address = save(as_owner)
    search = SavedSearch.objects.get()
    assert (search.name, search.query) == ("Blues", "q=blue")
    assert address == f"/search/?q=blue&saved={search.pk}"
    assert "Saved as “Blues”." in as_owner.get(address).content.decode()


@pytest.mark.parametrize(("name", "query"), [("", "q=blue"), ("Blues", ""), ("Blues", "page=2&q="), ("x" * 101, "q=a")])
def test_search_without_name_or_words_is_not_saved(as_owner: Client, sample: SampleTeam, name: str, query: str) -> None:
    answer = as_owner.post("/searches/save/", {"name": name, "query": query})
    assert answer.status_code == 400
    assert "errorlist" in answer.content.decode()
    assert not SavedSearch.objects.exists()


def test_saved_query_links_only_to_the_search_page(as_owner: Client, sample: SampleTeam) -> None:
    assert save(as_owner, query="//evil.example/?q=a#x").startswith("/search/?%2F%2Fevil.example%2F%3Fq=a%23x&saved=")


def test_opening_shows_the_search_and_records_the_visit(
    as_owner: Client, sample: SampleTeam, saved: SavedSearch
) -> None:
    answer = as_owner.get(f"/searches/{saved.pk}/")
    assert answer.headers["Location"] == f"/search/?q=blue+sky&saved={saved.pk}"
    assert SearchVisit.objects.filter(search=saved, viewer=sample.owner).exists()


def test_browser_prefetch_records_no_visit(as_owner: Client, sample: SampleTeam, saved: SavedSearch) -> None:
    as_owner.get(f"/searches/{saved.pk}/", headers={"Sec-Purpose": "prefetch"})
    assert not SearchVisit.objects.filter(viewer=sample.owner).exists()


def test_each_viewer_sees_only_their_visible_pictures(
    as_outsider: Client, sample: SampleTeam, saved: SavedSearch
) -> None:
    sample.team.memberships.create(user=sample.outsider, role="viewer")
    found = as_outsider.get(f"/searches/{saved.pk}/", follow=True).content.decode()
    assert f'data-image-id="{sample.image.pk}"' in found
    other = SavedSearch.objects.create(maker=sample.viewer, name="Mine", query="q=blue")
    assert as_outsider.get(f"/searches/{other.pk}/").status_code == 404


def test_invisible_saved_search_is_not_named(as_outsider: Client, saved: SavedSearch) -> None:
    assert "My blues" not in as_outsider.get(f"/search/?q=blue&saved={saved.pk}").content.decode()


@pytest.mark.parametrize("number", ["x", "-1", "9" * 30, "%00", ""])
def test_invalid_saved_search_number_changes_nothing(as_owner: Client, saved: SavedSearch, number: str) -> None:
    assert as_owner.get(f"/search/?q=blue&saved={number}").status_code == 200


def test_list_has_own_and_team_searches_with_their_authors(
    as_owner: Client, as_viewer: Client, saved: SavedSearch
) -> None:
    assert "shared by viewer@example.com with Gardeners" in as_owner.get("/searches/").content.decode()
    assert "shared with Gardeners" in as_viewer.get("/searches/").content.decode()


def test_list_counts_new_pictures_only_on_request(as_viewer: Client, sample: SampleTeam, saved: SavedSearch) -> None:
    address = f"/searches/{saved.pk}/new/"
    assert f'hx-get="{address}"' in (page := as_viewer.get("/searches/").content.decode())
    assert f'<a href="{address}">' in page
    assert "new since" not in page


def test_new_pictures_are_a_fragment_for_htmx_and_a_page_without(
    as_viewer: Client, sample: SampleTeam, saved: SavedSearch, drain: Callable[[], None]
) -> None:
    put_pictures(sample, 2)
    drain()
    part = as_viewer.get(f"/searches/{saved.pk}/new/", headers={"HX-Request": "true"}).content.decode()
    page = as_viewer.get(f"/searches/{saved.pk}/new/").content.decode()
    assert " ".join(part.split()) == "<strong> 2 new since your last visit </strong>"
    assert "2 new since your last visit" in page
    assert "</html>" in page


def test_search_with_cancelling_parts_has_nothing_new(
    as_viewer: Client, sample: SampleTeam, drain: Callable[[], None]
) -> None:
    drain()
    search = save_search(maker=sample.viewer, name="Nothing", query="q=%22red%22+-%22red%22")
    assert as_viewer.get(f"/searches/{search.pk}/new/").status_code == 200


def test_failing_index_is_reported(as_viewer: Client, saved: SavedSearch, broken_index: None) -> None:
    part = as_viewer.get(f"/searches/{saved.pk}/new/", headers={"HX-Request": "true"})
    assert part.status_code == 200
    assert "new" not in part.content.decode()
    assert as_viewer.get(f"/searches/{saved.pk}/new/").status_code == 503


def test_author_renames_a_saved_search(as_viewer: Client, saved: SavedSearch) -> None:
    as_viewer.post(f"/searches/{saved.pk}/rename/", {"name": "Skies"})
    saved.refresh_from_db()
    assert saved.name == "Skies"


def test_author_shares_a_search_only_with_their_own_team(as_owner: Client, sample: SampleTeam) -> None:
    save(as_owner)
    search = SavedSearch.objects.get()
    foreign = sample.outsider.personal_team
    assert as_owner.post(f"/searches/{search.pk}/share/", {"team": foreign.pk}).status_code == 400
    as_owner.post(f"/searches/{search.pk}/share/", {"team": sample.team.pk})
    search.refresh_from_db()
    assert search.team == sample.team


def test_author_and_team_owner_stop_the_sharing(
    as_viewer: Client, as_owner: Client, sample: SampleTeam, saved: SavedSearch
) -> None:
    for client in (as_viewer, as_owner):
        share_search(search=saved, team=sample.team)
        assert "Stop sharing" in client.get("/searches/").content.decode()
        client.post(f"/searches/{saved.pk}/unshare/")
        assert SavedSearch.objects.get().team is None


def test_other_members_cannot_change_a_shared_search(
    as_outsider: Client, sample: SampleTeam, saved: SavedSearch
) -> None:
    sample.team.memberships.create(user=sample.outsider, role="editor")
    assert "Stop sharing" not in as_outsider.get("/searches/").content.decode()
    assert as_outsider.post(f"/searches/{saved.pk}/unshare/").status_code == 403


def test_only_the_author_deletes_a_saved_search(as_viewer: Client, as_owner: Client, saved: SavedSearch) -> None:
    assert as_owner.post(f"/searches/{saved.pk}/delete/").status_code == 403
    as_viewer.post(f"/searches/{saved.pk}/delete/")
    assert not SavedSearch.objects.exists()


def test_statements_of_the_list_do_not_grow_with_it(as_owner: Client, sample: SampleTeam) -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as statements:
            as_owner.get("/searches/")
        return len(statements)

    save(as_owner, query=f"q=a&collection={sample.collection.pk}")
    few = statements()
    for number in range(20):
        save(as_owner, f"No. {number}", f"q={number}&team={sample.team.pk}")
    assert statements() == few
